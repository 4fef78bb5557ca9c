import type { AgentConfig } from '../core/agent-config.ts';
import { canonicalJson } from '../core/canonical.ts';
import type { EventBody, EventType } from '../core/events.ts';
import type { JsonObject } from '../core/tools.ts';
import type { Store } from '../store/dialect.ts';
import { listEvents } from '../store/events.ts';
import { findSession, type SessionRow } from '../store/sessions.ts';
import { type CallAnswer, type CallTarget, failure } from './calls.ts';
import { vaultIdsOf } from './opening.ts';
import type { Toolbox, Toolboxes } from './toolbox.ts';

type Deps = { readonly store: Store; readonly toolboxes: Pick<Toolboxes, 'open'> };

/**
 * The tools of a session that is a copy of another one. The model is offered what it would be, and none of it runs: a call
 * that was made in the original session as well, of the same tool with equal input, is answered as it was there, and every
 * other with an error that says why. Of several equal calls, the first gets the first answer, and so on; further ones get
 * the last. Rejects only when the signal is aborted.
 */
export async function openRehearsal(
  { store, toolboxes }: Deps,
  { session, config }: { readonly session: SessionRow; readonly config: AgentConfig },
  signal: AbortSignal,
): Promise<Toolbox> {
  const original = session.copy_of === null ? null : await findSession(store.db, session.copy_of);
  // Servers say what their tools are to those whom they let in: that is the user, who holds no place in the copy.
  const toolbox = await toolboxes.open(config, original === null ? [] : vaultIdsOf(original), signal);
  const recorded = new Map<string, CallAnswer[]>();
  for (const { key, answer } of original === null ? [] : await readMadeCalls(store, original)) {
    if (answer !== null) recorded.set(key, [...(recorded.get(key) ?? []), answer]);
  }
  const asked = new Map<string, number>();
  for (const { key } of await readMadeCalls(store, session)) asked.set(key, (asked.get(key) ?? 0) + 1);
  const answerTo = (tool: Tool, input: JsonObject): CallAnswer => {
    const key = keyOf(tool, input);
    const before = asked.get(key) ?? 0;
    asked.set(key, before + 1);
    const answers = recorded.get(key) ?? [];
    return answers[before] ?? answers.at(-1) ?? notRun(tool.name);
  };
  return {
    ...toolbox,
    find(name): CallTarget | null {
      const target = toolbox.find(name);
      if (target === null) return null;
      const tool = target.kind === 'custom' ? { server: null, name } : target;
      return { ...target, rehearsed: (input) => answerTo(tool, input) };
    },
    // Nothing gets here, as every call is answered when it is found; were it to, it would still not run.
    call: async ({ name }) => ({ answer: notRun(name), trouble: null }),
  };
}

/** A tool as an agent's configuration has it; `server` is null for one that the caller runs. */
type Tool = { readonly server: string | null; readonly name: string };

/** A call in a history; `answer` is null while there is none. */
type MadeCall = { readonly key: string; answer: CallAnswer | null };

function keyOf({ server, name }: Tool, input: JsonObject): string {
  return canonicalJson([server, name, input]);
}

function notRun(name: string): CallAnswer {
  return failure(
    `This is a rehearsal: ${name} was not run, and no answer to a call with this input is recorded.`,
  );
}

const types = [
  ...(['agent.custom_tool_use', 'user.custom_tool_result'] as const),
  ...(['agent.mcp_tool_use', 'agent.mcp_tool_result'] as const),
] satisfies EventType[];
type CallEvent = Extract<EventBody, { type: (typeof types)[number] }> & { readonly id: string };

const stretch = 200;
/** Characters of calls and answers that are read of a history; no session is copied that is longer. */
const mostRead = 1024 * 1024;

/** The calls of a history, in order, with their answers. */
async function readMadeCalls({ db }: Store, { id }: SessionRow): Promise<readonly MadeCall[]> {
  const calls = new Map<string, MadeCall>();
  let length = 0;
  for (let after = 0, more = true; more; ) {
    const rows = await listEvents(db, id, { filter: { types }, order: 'asc', after, limit: stretch });
    for (const { seq, data } of rows) {
      after = seq;
      length += data.length;
      take(calls, JSON.parse(data) as CallEvent);
    }
    more = rows.length === stretch && length <= mostRead;
  }
  return [...calls.values()];
}

function take(calls: Map<string, MadeCall>, event: CallEvent): void {
  if (event.type === 'agent.custom_tool_use' || event.type === 'agent.mcp_tool_use') {
    const server = event.type === 'agent.mcp_tool_use' ? event.mcp_server_name : null;
    calls.set(event.id, { key: keyOf({ server, name: event.name }, event.input), answer: null });
    return;
  }
  const made = event.type === 'agent.mcp_tool_result' ? event.mcp_tool_use_id : event.custom_tool_use_id;
  const call = calls.get(made);
  const { content = [], is_error = false } = event;
  if (call !== undefined) call.answer = { content, is_error };
}
