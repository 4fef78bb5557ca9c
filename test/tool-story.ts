import type Anthropic from '@anthropic-ai/sdk';
import type { BetaManagedAgentsUserCustomToolResultEventParams } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import { eventually, history, makeSetting, type SessionEvent, type Setting } from './story.ts';

/*
 * The steps of a session whose agent has tools that its user runs: the agent, waiting until it asks, and answering.
 */

type Tools = NonNullable<Anthropic.Beta.AgentCreateParams['tools']>;
type Result = BetaManagedAgentsUserCustomToolResultEventParams;

/** A tool that the user runs, whose input may be anything. */
export function customTool(name: string): Extract<Tools[number], { type: 'custom' }> {
  return { type: 'custom', name, description: `Does ${name}.`, input_schema: { type: 'object' } };
}

/** An agent that may use the tools `look_up` and `clock`, and an environment. */
export async function makeArmedSetting(
  client: Anthropic,
  fields: { readonly model?: string; readonly system?: string } = {},
): Promise<Setting> {
  const setting = await makeSetting(client, fields);
  const tools = [customTool('look_up'), customTool('clock')];
  return { ...setting, agent: await client.beta.agents.update(setting.agent.id, { tools }) };
}

/** The user's answer to a call. */
export function answerTo(
  id: string,
  content: string | NonNullable<Result['content']>,
  is_error?: boolean,
): Result {
  return {
    type: 'user.custom_tool_result',
    custom_tool_use_id: id,
    content: typeof content === 'string' ? [{ type: 'text', text: content }] : content,
    ...(is_error === undefined ? {} : { is_error }),
  };
}

/** The calls that a history ends with waiting for; null when it does not wait for any. */
export function askedIn(events: readonly SessionEvent[]): readonly string[] | null {
  const last = events.findLast((event) => event.type === 'session.status_idle');
  return last?.stop_reason.type === 'requires_action' ? last.stop_reason.event_ids : null;
}

/** The calls of the user's tools, in order. */
export function callsIn(events: readonly SessionEvent[]) {
  return events.flatMap((event) => (event.type === 'agent.custom_tool_use' ? [event] : []));
}

/** Waits until a session asks for answers, to so many calls when a number is given, and gives the ids of the calls. */
export async function untilAsked(
  client: Anthropic,
  sessionId: string,
  count?: number,
): Promise<readonly string[]> {
  return eventually(`session ${sessionId} asking`, async () => {
    const events = await history(client, sessionId);
    // A message may be queued behind it.
    const last = events.findLast((event) => event.processed_at !== null);
    const asked = last?.type === 'session.status_idle' ? askedIn(events) : null;
    return asked !== null && asked.length === (count ?? asked.length) ? asked : null;
  });
}

/** What comes before the model is asked again. */
export const resumed = [
  'session.status_running',
  'session.thread_status_running',
  'span.model_request_start',
] as const;

/** What comes at the end of a turn, and where it waits for answers. */
export const rested = ['session.thread_status_idle', 'session.usage', 'session.status_idle'] as const;
