import type { AgentConfig } from '../core/agent-config.ts';
import type { SessionError } from '../core/events.ts';
import type { McpServer, McpToolset, ToolSettings } from '../core/tools.ts';
import type { Mcp, McpTarget } from '../mcp/mcp.ts';
import { McpError } from '../mcp/mcp-error.ts';
import type { McpTool } from '../mcp/tool-list.ts';
import { offeredName, offeredNames } from '../mcp/tool-names.ts';
import type { ToolDefinition } from '../model/model.ts';
import { VaultError } from '../vault/vault-error.ts';
import type { Vaults } from '../vault/vaults.ts';
import { type CallAnswer, type CallTarget, failure, type McpCall } from './calls.ts';

/** The tools that one turn can use. */
export type Toolbox = {
  /** What the model is told of, in an order that stays the same as long as the tools do. */
  readonly definitions: readonly ToolDefinition[];
  /** Servers whose tools are missing, and why. */
  readonly troubles: readonly SessionError[];
  /** What a name that the model calls stands for; null when there is no such tool, or it is not enabled. */
  readonly find: (name: string) => CallTarget | null;
  /** The name under which the model knows a tool of a server. */
  readonly mcpName: (server: string, tool: string) => string;
  /**
   * Makes a call, once: what goes wrong becomes an answer that says so. Rejects only when the signal is aborted.
   */
  readonly call: (call: McpCall, signal: AbortSignal) => Promise<CallOutcome>;
};

/** What came of a call that this server has made; `trouble` is what was wrong with the MCP server, null where it answered. */
export type CallOutcome = { readonly answer: CallAnswer; readonly trouble: SessionError | null };

type Deps = {
  readonly mcp: Mcp;
  readonly vaults: Pick<Vaults, 'authorizationFor' | 'refresh'>;
};

type Armed = Pick<AgentConfig, 'tools' | 'mcp_servers'>;

/** Where tools come from: the configuration names them, and MCP servers say what theirs are. */
export function createToolboxes({ mcp, vaults }: Deps) {
  /** Asks a server something, with the credential that the vaults have for it; a stale one is renewed once. */
  async function reach<T>(
    server: McpServer,
    vaultIds: readonly string[],
    ask: (target: McpTarget) => Promise<T>,
  ): Promise<T> {
    const found = await vaults.authorizationFor(vaultIds, server.url);
    const target = { name: server.name, url: server.url, authorization: found?.authorization ?? null };
    try {
      return await ask(target);
    } catch (error) {
      const stale = error instanceof McpError && error.type === 'mcp_authentication_failed_error';
      if (!stale || found === null || error.may_have_run) throw error;
      const renewed = await vaults.refresh(found);
      if (renewed === null) throw error;
      return ask({ ...target, authorization: renewed.authorization });
    }
  }

  async function toolsOf(
    server: McpServer,
    vaultIds: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly McpTool[] | SessionError> {
    try {
      return await reach(server, vaultIds, (target) => mcp.tools(target, signal));
    } catch (error) {
      signal.throwIfAborted();
      return troubleOf(error, server);
    }
  }

  return {
    /** Opens the tools of a configuration; servers that cannot be reached are left out, and named. */
    async open(config: Armed, vaultIds: readonly string[], signal: AbortSignal): Promise<Toolbox> {
      const listed = await Promise.all(config.mcp_servers.map((server) => toolsOf(server, vaultIds, signal)));
      const troubles: SessionError[] = [];
      const offered: Offered[] = [];
      for (const [i, server] of config.mcp_servers.entries()) {
        const tools = listed[i] ?? [];
        if ('type' in tools) troubles.push(tools);
        else offered.push(...offeredBy(server.name, config, tools));
      }
      const names = namesOf(offered);
      const targets = new Map<string, CallTarget>();
      const definitions: ToolDefinition[] = [];
      for (const tool of config.tools) {
        if (tool.type !== 'custom') continue;
        targets.set(tool.name, { kind: 'custom' });
        const { name, description, input_schema } = tool;
        definitions.push({ name, description, input_schema });
      }
      for (const one of offered) {
        const name = names(one.server, one.tool.name);
        targets.set(name, { kind: 'mcp', server: one.server, name: one.tool.name, policy: one.policy });
        definitions.push({ name, description: one.tool.description, input_schema: one.tool.input_schema });
      }
      return {
        definitions,
        troubles,
        find: (name) => targets.get(name) ?? null,
        mcpName: names,
        async call({ server: serverName, name, input }, callSignal) {
          const server = config.mcp_servers.find((one) => one.name === serverName);
          const settings = server === undefined ? null : settingsOf(config, { server: serverName, name });
          if (server === undefined || settings?.enabled !== true) {
            const what = server === undefined ? `MCP server ${serverName}` : `tool ${name} of ${serverName}`;
            return { answer: failure(`The session has no ${what} any more.`), trouble: null };
          }
          try {
            const call = (target: McpTarget) => mcp.call(target, { name, input }, callSignal);
            return { answer: await reach(server, vaultIds, call), trouble: null };
          } catch (error) {
            callSignal.throwIfAborted();
            const trouble = troubleOf(error, server);
            const effect = mayHaveRun(error) ? ' The call may have had its effect.' : '';
            return { answer: failure(trouble.message + effect), trouble };
          }
        },
      };
    },
  };
}

export type Toolboxes = ReturnType<typeof createToolboxes>;

type Offered = {
  readonly server: string;
  readonly name: string;
  readonly tool: McpTool;
  readonly policy: Extract<CallTarget, { kind: 'mcp' }>['policy'];
};

/** How the model knows each tool; one that is not offered any more keeps the name that its calls had. */
function namesOf(offered: readonly Offered[]): Toolbox['mcpName'] {
  const known = offeredNames(offered.map(({ server, name }) => ({ server, tool: name })));
  const names = new Map([...known].map(([name, one]) => [JSON.stringify([one.server, one.tool]), name]));
  return (server, tool) => names.get(JSON.stringify([server, tool])) ?? offeredName({ server, tool });
}

/** The tools of a server that are enabled, and who decides on each. */
function offeredBy(server: string, config: Armed, tools: readonly McpTool[]): Offered[] {
  return tools.flatMap((tool) => {
    const settings = settingsOf(config, { server, name: tool.name });
    if (settings?.enabled !== true) return [];
    return [{ server, name: tool.name, tool, policy: settings.permission_policy.type }];
  });
}

/** What the configuration says of a tool of a server; null when it takes none of them. */
function settingsOf(config: Armed, { server, name }: { server: string; name: string }): ToolSettings | null {
  const set = config.tools.find(
    (one): one is McpToolset => one.type === 'mcp_toolset' && one.mcp_server_name === server,
  );
  if (set === undefined) return null;
  return set.configs.find((one) => one.name === name) ?? set.default_config;
}

function troubleOf(error: unknown, { name }: McpServer): SessionError {
  const said = { retry_status: { type: 'retrying' }, mcp_server_name: name } as const;
  if (error instanceof McpError) return { ...said, type: error.type, message: error.message };
  if (error instanceof VaultError) {
    return { ...said, type: 'mcp_authentication_failed_error', message: error.message };
  }
  return { ...said, type: 'mcp_connection_failed_error', message: 'The MCP server could not be used.' };
}

function mayHaveRun(error: unknown): boolean {
  return error instanceof McpError && error.may_have_run;
}
