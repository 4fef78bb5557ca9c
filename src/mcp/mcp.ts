import type { Clock } from '../core/clock.ts';
import type { JsonObject } from '../core/tools.ts';
import type { GuardedFetchOptions } from '../outbound/guarded-fetch.ts';
import { failedAnswer, type McpAnswer, readAnswer } from './answer.ts';
import { never } from './connection.ts';
import { createConnections, type Line } from './connections.ts';
import { McpError } from './mcp-error.ts';
import type { McpTool } from './tool-list.ts';
import { troubleOf } from './trouble.ts';
import { within } from './within.ts';

/** An MCP server as an agent names it, and the `Authorization` header for it; null to send none. */
export type McpTarget = {
  readonly name: string;
  readonly url: string;
  readonly authorization: string | null;
};

type Deps = Pick<GuardedFetchOptions, 'allow_private' | 'resolve'> & {
  readonly clock: Clock;
  readonly pawl_version: string;
  /** The longest that a call may take. Connecting and listing tools may take no longer, and no more than 30 s. */
  readonly timeout_ms: number;
  /** How long a connection stays that nobody uses; absent is five minutes. */
  readonly idle_ms?: number;
};

type Call = { readonly name: string; readonly input: JsonObject };

const mostPatienceMs = 30_000;
const idleMs = 300_000;
const mostConnections = 256;

/** Lists and calls the tools of MCP servers, over connections that are kept while they are used. */
export function createMcp(deps: Deps) {
  const { timeout_ms, idle_ms = idleMs } = deps;
  const patience_ms = Math.min(timeout_ms, mostPatienceMs);
  const connections = createConnections({ ...deps, patience_ms, idle_ms, most: mostConnections });

  /**
   * Does `work` over a connection. Where that was kept from before and is dead, it is made anew for a second attempt,
   * unless `work` has said that what it sends must not go out twice, and it may have arrived.
   */
  async function using<T>(
    target: McpTarget,
    signal: AbortSignal,
    work: (line: Line, once: () => void) => Promise<T>,
  ): Promise<T> {
    for (let wasKept = connections.isOpen(target); ; wasKept = false) {
      let isSent = false;
      const once = (): void => {
        isSent = true;
      };
      try {
        return await connections.use(target, signal, (line) => work(line, once));
      } catch (error) {
        signal.throwIfAborted();
        const { type, words, stale, ...trouble } = await troubleOf(error, target.authorization);
        const may_have_run = isSent && trouble.may_have_run;
        if (wasKept && stale && !may_have_run) continue;
        throw new McpError(sentence(target, words), { type, server: target.name, may_have_run });
      }
    }
  }

  function listed(target: McpTarget, signal: AbortSignal): Promise<readonly McpTool[]> {
    return using(target, signal, (line) => line.tools(signal));
  }

  /** The tool of that name, also where it is newer than the list that was kept; null where there is none. */
  async function find(target: McpTarget, name: string, signal: AbortSignal): Promise<McpTool | null> {
    const byName = (tools: readonly McpTool[]) => tools.find((tool) => tool.name === name) ?? null;
    const known = byName(await listed(target, signal));
    if (known !== null) return known;
    return using(target, signal, async (line) => {
      line.forget();
      return byName(await line.tools(signal));
    });
  }

  return {
    /**
     * The tools that a server has, from memory for up to a minute unless it has said that they are others now.
     * @throws McpError, or what `signal` was aborted with
     */
    tools: listed,

    /**
     * Calls a tool. What the tool or its server says against the call is an answer with `is_error`, and so is that there
     * is no tool of that name. A call that may have arrived is never sent a second time.
     * @throws McpError, or what `signal` was aborted with
     */
    async call(target: McpTarget, { name, input }: Call, signal: AbortSignal): Promise<McpAnswer> {
      const tool = await find(target, name, signal);
      if (tool === null)
        return failedAnswer(sentence(target, `has no tool ${name}; its tools may have changed`));
      // Without a schema for what comes out, which would be checked: the model is told what has come out in any case.
      const toolDefinition = { name, inputSchema: { ...tool.input_schema, type: 'object' as const } };
      return using(target, signal, async ({ client, forget }, once) => {
        try {
          const result = await within({ ms: timeout_ms, signal }, (ends) => {
            once();
            const options = { signal: ends, timeout: never, toolDefinition };
            return client.callTool({ name, arguments: { ...input } }, options);
          });
          return readAnswer(result, target.authorization);
        } catch (error) {
          signal.throwIfAborted();
          const { answered, words } = await troubleOf(error, target.authorization);
          if (!answered) throw error;
          // It may be against a tool that is another one now.
          forget();
          return failedAnswer(sentence(target, words));
        }
      });
    },

    /** Ends all connections, and what is under way on them. */
    stop: connections.stop,
  };
}

export type Mcp = ReturnType<typeof createMcp>;

function sentence({ name }: McpTarget, words: string): string {
  return `The MCP server ${JSON.stringify(name)} ${words}.`;
}
