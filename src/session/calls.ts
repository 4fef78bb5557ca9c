import type { ResultBlock } from '../core/content.ts';
import { PawlError } from '../core/errors.ts';
import type { ClientEventBody, EventBody, PermissionEvaluation } from '../core/events.ts';
import type { JsonObject, PolicyType } from '../core/tools.ts';
import type { ToolUse } from '../model/model.ts';
import type { SessionRow } from '../store/sessions.ts';

/** A call that this server makes of a tool of an MCP server. */
export type McpCall = {
  /** The id of its `agent.mcp_tool_use`. */
  readonly id: string;
  readonly kind: 'mcp';
  /**
   * `asked` waits for a client's word; `allowed` has it and waits for its turn; `started` may have run: whoever finds it
   * so without having started it does not start it again.
   */
  readonly state: 'asked' | 'allowed' | 'started';
  readonly server: string;
  readonly name: string;
  readonly input: JsonObject;
};

/** A call that a client answers; the id is that of its `agent.custom_tool_use`. */
export type CustomCall = { readonly id: string; readonly kind: 'custom' };

/** A call of a tool that has no answer yet. The model is asked again when none is left. */
export type OpenCall = CustomCall | McpCall;

/** The result of a call. */
export type CallAnswer = { readonly content: readonly ResultBlock[]; readonly is_error: boolean };

/** What a name that the model calls stands for. */
export type CallTarget = (
  | { readonly kind: 'custom' }
  | {
      readonly kind: 'mcp';
      readonly server: string;
      readonly name: string;
      readonly policy: PolicyType;
    }
) & {
  /** Answers a call in place of whoever would run it; absent where it is to run. */
  readonly rehearsed?: (input: JsonObject) => CallAnswer;
};

/** What a reply's calls come to: their events, in order, the answers of those that run nowhere, and those that stay open. */
export type Calls = {
  readonly uses: readonly IdentifiedBody[];
  readonly answers: readonly IdentifiedBody[];
  readonly open: readonly OpenCall[];
};
type IdentifiedBody = { readonly id: string } & EventBody;

export function readCalls({ open_calls }: Pick<SessionRow, 'open_calls'>): readonly OpenCall[] {
  return open_calls === null ? [] : (JSON.parse(open_calls) as OpenCall[]);
}

/** The calls as a session's row keeps them. */
export function keptCalls(calls: readonly OpenCall[]): Pick<SessionRow, 'open_calls'> {
  return { open_calls: calls.length === 0 ? null : JSON.stringify(calls) };
}

/** The ids of the calls that a client has to answer, in the order in which they were made. */
export function askedOfClient(calls: readonly OpenCall[]): string[] {
  return calls.filter((call) => call.kind === 'custom' || call.state === 'asked').map(({ id }) => id);
}

/** The most calls of one reply: far more than models make, and few enough to be made side by side. */
const mostCalls = 100;
/** A model may make a name up, of any length. */
const mostOfName = 200;

/**
 * Turns what a model asks for into events. Calls that need nobody's word count as started at once. One that no tool
 * answers to, or whose input is no JSON object, is answered with an error and runs nowhere; so is, with what was
 * recorded, one that is only rehearsed. Of too many calls, the first that is too much is answered so, and those behind
 * it are left out.
 */
export function callsOf(
  uses: readonly ToolUse[],
  { find, nextId }: { find: (name: string) => CallTarget | null; nextId: () => string },
): Calls {
  const events: IdentifiedBody[] = [];
  const answers: IdentifiedBody[] = [];
  const open: OpenCall[] = [];
  for (const [i, { name, input }] of uses.slice(0, mostCalls + 1).entries()) {
    const id = nextId();
    const target = i < mostCalls ? find(name) : null;
    if (target === null || input === null) {
      const called = name.slice(0, mostOfName);
      let reason = `The input of ${called} was not a JSON object, or nested too deeply, so it did not run.`;
      if (target === null) reason = `There is no tool of the name ${called}.`;
      if (i === mostCalls)
        reason = `A reply may make ${mostCalls} calls. This one, and any behind it, did not run.`;
      events.push({ id, type: 'agent.tool_use', name, input: input ?? {}, evaluated_permission: 'deny' });
      answers.push({ id: nextId(), type: 'agent.tool_result', tool_use_id: id, ...failure(reason) });
    } else if (target.kind === 'custom') {
      events.push({ id, type: 'agent.custom_tool_use', name, input });
      const answer = target.rehearsed?.(input);
      if (answer === undefined) open.push({ id, kind: 'custom' });
      else answers.push({ id: nextId(), type: 'user.custom_tool_result', custom_tool_use_id: id, ...answer });
    } else {
      const { server, policy } = target;
      const runs = policy === 'always_allow';
      events.push({
        ...{ id, type: 'agent.mcp_tool_use', mcp_server_name: server, name: target.name, input },
        ...{ evaluated_permission: runs ? 'allow' : 'ask', evaluation: evaluationOf(policy) },
      });
      const answer = target.rehearsed?.(input);
      if (answer !== undefined)
        answers.push({ id: nextId(), type: 'agent.mcp_tool_result', mcp_tool_use_id: id, ...answer });
      else
        open.push({ id, kind: 'mcp', state: runs ? 'started' : 'asked', server, name: target.name, input });
    }
  }
  return { uses: events, answers, open };
}

type Answer = Extract<ClientEventBody, { type: 'user.custom_tool_result' | 'user.tool_confirmation' }>;

/**
 * What a client's answer makes of the open calls; `also` is written behind the answer.
 * @throws PawlError `call_not_open` when no call waits for such an answer.
 */
export function answerCall(
  calls: readonly OpenCall[],
  answer: Answer,
): { readonly calls: readonly OpenCall[]; readonly also: readonly EventBody[] } {
  if (answer.type === 'user.custom_tool_result') {
    const id = answer.custom_tool_use_id;
    requireOpen(calls, { id, field: 'custom_tool_use_id', kind: 'custom' });
    return { calls: calls.filter((call) => call.id !== id), also: [] };
  }
  const { tool_use_id: id, result, deny_message } = answer;
  requireOpen(calls, { id, field: 'tool_use_id', kind: 'mcp' });
  if (result === 'deny') {
    const reason = `The user did not allow this call.${deny_message === undefined ? '' : ` ${deny_message}`}`;
    return {
      calls: calls.filter((call) => call.id !== id),
      also: [{ type: 'agent.mcp_tool_result', mcp_tool_use_id: id, ...failure(reason) }],
    };
  }
  const allowed = (call: OpenCall): OpenCall =>
    call.id === id && call.kind === 'mcp' ? { ...call, state: 'allowed' } : call;
  return { calls: calls.map(allowed), also: [] };
}

/** A call as it is from the moment on in which it may run. */
export function started(call: OpenCall): OpenCall {
  return call.kind === 'mcp' && call.state === 'allowed' ? { ...call, state: 'started' } : call;
}

/** Answers that close calls which will get no other, so that the history stays one that a model can read. */
export function closedCalls(calls: readonly OpenCall[], why: 'interrupted' | 'lost'): EventBody[] {
  return calls.map((call): EventBody => {
    if (call.kind === 'custom') {
      const reason = 'The turn was interrupted before there was a result.';
      return { type: 'user.custom_tool_result', custom_tool_use_id: call.id, ...failure(reason) };
    }
    return { type: 'agent.mcp_tool_result', mcp_tool_use_id: call.id, ...failure(closing(call, why)) };
  });
}

/** An answer that is an error, told in words. */
export function failure(text: string): {
  content: [{ type: 'text'; text: string }];
  is_error: true;
} {
  return { content: [{ type: 'text', text }], is_error: true };
}

function closing({ state, name }: McpCall, why: 'interrupted' | 'lost'): string {
  if (state !== 'started') return 'The turn was interrupted before this call ran.';
  return why === 'interrupted'
    ? `The turn was interrupted while ${name} was running. It may have had its effect.`
    : `The server stopped while ${name} was running, and its result is not known. It may have had its effect.`;
}

function requireOpen(
  calls: readonly OpenCall[],
  { id, field, kind }: { id: string; field: string; kind: OpenCall['kind'] },
): void {
  const call = calls.find((one) => one.id === id);
  if (call?.kind === kind && (call.kind === 'custom' || call.state === 'asked')) return;
  const waiting = calls.filter((one) => one.kind === kind);
  const open = askedOfClient(waiting);
  const what = kind === 'custom' ? 'a result of a custom tool' : 'a confirmation';
  const known = open.length === 0 ? 'none does' : open.join(', ');
  throw new PawlError(
    'call_not_open',
    `${field}: ${id.slice(0, 100)} does not wait for ${what}; of this session's calls, ${known}`,
  );
}

function evaluationOf(policy: PolicyType): PermissionEvaluation {
  if (policy !== 'auto') return { type: policy };
  return { type: 'auto', evaluated_permission: { type: 'ask', reason_code: 'indeterminate' } };
}
