import type Anthropic from '@anthropic-ai/sdk';
import type {
  BetaManagedAgentsUserMessageEventParams,
  BetaManagedAgentsUserToolConfirmationEventParams,
} from '@anthropic-ai/sdk/resources/beta/sessions/events';
import type { Log } from '../src/core/log.ts';
import type { McpServerOnLoopback } from './mcp-server.ts';
import type { Said, SaidCall } from './model-replies.ts';
import type { ChatRequest, Protocol } from './model-requests.ts';
import { type ModelServer, startModelServer } from './model-server.ts';
import { sdk, startPawl, type TestPawl } from './pawl.ts';
import { joined } from './request-shape.ts';
import { eventually, history, type SessionEvent, type Setting, say } from './story.ts';
import { askedIn, customTool } from './tool-story.ts';

/*
 * The steps of a session whose agent has tools of MCP servers. The model does what the message says: each message of
 * `tell` is what it replies, round after round, and then it says `Done.`
 */

/** A server that lets sessions use MCP servers on loopback, and a model of both protocols that does as it is told. */
export type McpWorld = {
  readonly model: ModelServer;
  readonly pawl: TestPawl;
  readonly client: Anthropic;
  close(): Promise<void>;
};

/** What both providers are configured with, to ask a model server. */
export function upstreamOf(model: Pick<ModelServer, 'url'>) {
  return {
    anthropic_base_url: model.url,
    anthropic_api_key: 'upstream-key',
    openai_base_url: `${model.url}/v1`,
    openai_api_key: 'upstream-key',
    model_routes: 'claude-*=anthropic,*=openai',
    allow_private_mcp: 'true',
  };
}

export async function startMcpWorld(
  set: Parameters<typeof startPawl>[0] = {},
  options: { readonly log?: Log } = {},
): Promise<McpWorld> {
  const model = await startModelServer({ reply: doAsTold });
  const pawl = await startPawl({ ...upstreamOf(model), model_max_retries: '1', ...set }, options);
  return {
    model,
    pawl,
    client: sdk(pawl.url, pawl.key, { maxRetries: 0 }),
    async close() {
      await pawl.server.close();
      await model.close();
    },
  };
}

/** A message that tells the model what to reply, in as many rounds. */
export function tell(...rounds: Said[]): BetaManagedAgentsUserMessageEventParams {
  return say(mark + JSON.stringify(rounds));
}

/** What stands before what the model is told; messages before it may have had no answer, and be one with it. */
const mark = 'Do: ';

/** A model that replies what `tell` has told it. */
export function doAsTold({ messages }: Pick<ChatRequest, 'messages'>): string | Said {
  const sides = joined(messages).filter(({ role }) => role !== 'system');
  const told = sides.findLastIndex(({ role, text }) => role === 'user' && text.includes(mark));
  const { text = '' } = sides.at(-1) ?? {};
  // One protocol has pictures of results among the words of the user.
  if (text !== '' && !text.includes(mark) && !text.startsWith('From the result')) return `Reply to ${text}`;
  const words = sides[told]?.text.split(mark).at(-1) ?? '[]';
  const rounds = JSON.parse(words) as Said[];
  const made = sides.slice(told).filter(({ role }) => role === 'assistant').length;
  return rounds[made] ?? 'Done.';
}

type Tools = NonNullable<Anthropic.Beta.AgentCreateParams['tools']>;
type Toolset = Omit<Extract<Tools[number], { type: 'mcp_toolset' }>, 'type' | 'mcp_server_name'>;
type Policy = 'always_allow' | 'always_ask' | 'auto';

/** An MCP server that an agent has, with what may be done there: a policy for all tools, or whole settings. */
export type Armed = { readonly at: Pick<McpServerOnLoopback, 'url'>; readonly may: Policy | Toolset };

/** The fields of an agent that has these MCP servers, by their names, and custom tools. */
export function armedWith(servers: Readonly<Record<string, Armed>>, custom: readonly string[] = []) {
  const tools: Tools = [
    ...custom.map(customTool),
    ...Object.entries(servers).map(([mcp_server_name, { may }]) => ({
      ...{ type: 'mcp_toolset' as const, mcp_server_name },
      ...(typeof may === 'string' ? { default_config: { permission_policy: { type: may } } } : may),
    })),
  ];
  const mcp_servers = Object.entries(servers).map(([name, { at }]) => ({
    ...{ type: 'url' as const, name, url: at.url },
  }));
  return { tools, mcp_servers };
}

const models: Readonly<Record<Protocol, string>> = { anthropic: 'claude-test', openai: 'gpt-test' };

/** An agent that has these MCP servers, by their names, and custom tools; and an environment. */
export async function makeMcpSetting(
  client: Anthropic,
  servers: Readonly<Record<string, Armed>>,
  { custom = [], provider = 'anthropic' }: { custom?: readonly string[]; provider?: Protocol } = {},
): Promise<Setting> {
  const environment = await client.beta.environments.create({ name: 'env' });
  const fields = { name: 'armed', model: models[provider], ...armedWith(servers, custom) };
  return { agent: await client.beta.agents.create(fields), environment_id: environment.id };
}

/** A call of a tool of the server that the agent calls `orders`. */
export function order(tool: string, input: object = {}): SaidCall {
  return { name: `mcp__orders__${tool}`, input };
}

export function confirm(
  id: string | undefined,
  result: 'allow' | 'deny' = 'allow',
  deny_message?: string,
): BetaManagedAgentsUserToolConfirmationEventParams {
  const message = deny_message === undefined ? {} : { deny_message };
  return { type: 'user.tool_confirmation', tool_use_id: id ?? '', result, ...message };
}

/** The calls of tools of MCP servers, in order. */
export function mcpCallsIn(events: readonly SessionEvent[]) {
  return events.flatMap((event) => (event.type === 'agent.mcp_tool_use' ? [event] : []));
}

/** What came of them, in the order of the calls: the text, and whether it is an error; null where nothing did. */
export function mcpResultsIn(events: readonly SessionEvent[]) {
  const results = events.flatMap((event) => (event.type === 'agent.mcp_tool_result' ? [event] : []));
  return mcpCallsIn(events).map(({ id }) => {
    const [result, ...more] = results.filter((one) => one.mcp_tool_use_id === id);
    if (more.length > 0) throw new Error(`Call ${id} has ${more.length + 1} results`);
    if (result === undefined) return null;
    const texts = (result.content ?? []).map((block) => ('text' in block ? block.text : `(${block.type})`));
    return { text: texts.join(' '), is_error: result.is_error };
  });
}

export function errorsIn(events: readonly SessionEvent[]) {
  return events.flatMap((event) => (event.type === 'session.error' ? [event.error] : []));
}

/** Waits until so many turns are over, and gives the history. */
export function untilTurns(client: Anthropic, sessionId: string, count = 1): Promise<SessionEvent[]> {
  return eventually(`${count} turns of ${sessionId}`, async () => {
    const all = await history(client, sessionId);
    const rests = all.filter((event) => event.type === 'session.status_idle');
    const over = rests.filter((event) => event.stop_reason.type !== 'requires_action');
    const isOver = all.at(-1)?.type === 'session.status_idle' && askedIn(all) === null;
    return isOver && over.length >= count ? all : null;
  });
}
