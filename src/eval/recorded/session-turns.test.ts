import { describe, expect, test } from 'vitest';
import { formatTime } from '../../core/clock.ts';
import type { SessionEvent } from '../turn-reader.ts';
import { textOfMessage, turnsOf } from './session-turns.ts';

const startOfTime = 1_800_000_000_000_000;

/** Events a millisecond apart, in the order given. */
function heard(...bodies: readonly ({ readonly type: string } & Record<string, unknown>)[]): SessionEvent[] {
  const events = bodies.map((body, i) => ({
    ...{ id: `sevt_${i}`, processed_at: formatTime(startOfTime + i * 1000) },
    ...body,
  }));
  return events as unknown as SessionEvent[];
}

const block = (text: string) => [{ type: 'text', text }];
const user = (text: string) => ({ type: 'user.message', content: block(text) });
const agent = (text: string) => ({ type: 'agent.message', content: block(text) });
const asks = { type: 'span.model_request_start' };
const answered = {
  type: 'span.model_request_end',
  model_usage: {
    ...{ input_tokens: 3, output_tokens: 2 },
    ...{ cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
  },
  pawl: { provider: 'offline', model: 'small' },
};
const idle = (type = 'end_turn') => ({ type: 'session.status_idle', stop_reason: { type, event_ids: [] } });
const said = (events: SessionEvent[]): string[][] =>
  turnsOf(events, 'claude-test').map(({ messages }) => messages.map(textOfMessage));

describe('The turns of a session', () => {
  test('are what the user said, what was answered, by whom and how quickly', () => {
    const events = heard(user('Hello'), asks, agent('Hi.'), answered, idle(), user('And now?'), asks);
    expect(turnsOf(events, 'claude-test')).toEqual([
      {
        messages: [block('Hello')],
        end: {
          ok: true,
          outcome: {
            ...{ reply: 'Hi.', tool_calls: [], served_by: 'offline/small', cost_usd: null },
            usage: { input_tokens: 3, output_tokens: 2, cache_read_tokens: 0, cache_write_tokens: 0 },
          },
        },
        ...{ told: [], told_midway: false, refused: false, latency_ms: 4 },
      },
    ]);
  });

  test('hold all messages that were answered together', () => {
    const events = heard(
      user('One'),
      asks,
      agent('1'),
      answered,
      idle(),
      user('Two'),
      user('Three'),
      asks,
      idle(),
    );
    expect(said(events)).toEqual([['One'], ['Two', 'Three']]);
  });

  test('leave what was said during a failure to the next one, which hears it', () => {
    const failed = {
      type: 'session.error',
      error: { type: 'unknown_error', message: 'no model', retry_status: { type: 'exhausted' } },
    };
    const events = heard(
      ...[user('One'), asks, failed, user('Two'), idle('retries_exhausted')],
      ...[user('Three'), asks, agent('23'), answered, idle()],
    );
    expect(said(events)).toEqual([['One'], ['Two', 'Three']]);
    expect(turnsOf(events, 'claude-test').map(({ end }) => end.ok)).toEqual([false, true]);
  });

  test('say that they were refused or interrupted, and not that they called tools', () => {
    const tool = { type: 'agent.mcp_tool_use', name: 'look', input: {} };
    const events = heard(
      ...[user('a'), asks, agent('No.'), answered, idle('refusal')],
      ...[user('b'), asks, { type: 'user.interrupt' }, idle()],
      ...[user('c'), asks, tool, answered, asks, agent('C'), answered, idle()],
    );
    const turns = turnsOf(events, 'claude-test');
    expect(turns.map(({ refused }) => refused)).toEqual([true, false, false]);
    expect(turns.map(({ end }) => end.ok)).toEqual([true, false, true]);
  });

  test('are not touched by an interrupt between them', () => {
    const events = heard({ type: 'user.interrupt' }, user('a'), asks, agent('A'), answered, idle());
    expect(turnsOf(events, 'claude-test').map(({ end }) => end.ok)).toEqual([true]);
  });

  test('have what the application told the agent, and whether that came in the middle', () => {
    const system = (text: string) => ({ type: 'system.message', content: block(text) });
    const events = heard(
      ...[system('x'), user('a'), system('y'), asks, agent('A'), answered, idle()],
      ...[user('b'), asks, system('z'), asks, agent('B'), answered, idle()],
    );
    const turns = turnsOf(events, 'claude-test');
    expect(turns.map(({ told }) => textOfMessage(told))).toEqual(['x\ny', '']);
    expect(turns.map(({ told_midway }) => told_midway)).toEqual([false, true]);
  });

  describe('that wait for a client', () => {
    const call = { type: 'agent.custom_tool_use', name: 'look', input: {} };
    const answer = { type: 'user.custom_tool_result', custom_tool_use_id: 'sevt_3' };
    const waits = {
      type: 'session.status_idle',
      stop_reason: { type: 'requires_action', event_ids: ['sevt_3'] },
    };
    const begun = [user('a'), asks, agent('Let me see.'), call, answered, waits];
    const runs = { type: 'session.status_running' };

    test('have not ended', () => {
      expect(turnsOf(heard(...begun), 'claude-test')).toEqual([]);
      expect(turnsOf(heard(...begun, answer, runs, asks), 'claude-test')).toEqual([]);
    });

    test('go on to the end that then comes, and leave out the time in which they waited', () => {
      const rest = [waits, answer, runs, asks, agent('Here.'), answered, idle()];
      const next = [user('b'), asks, agent('B'), answered, idle()];
      const turns = turnsOf(heard(...begun, ...rest, ...next), 'claude-test');
      expect(turns.map(({ messages }) => messages.map(textOfMessage))).toEqual([['a'], ['b']]);
      expect(turns[0]).toMatchObject({
        latency_ms: 12 - 3,
        end: { ok: true, outcome: { reply: 'Here.', tool_calls: [{ name: 'look', input: {} }] } },
      });
    });

    test('go on when a budget is raised, with what was said before it stopped them', () => {
      const stop_reason = { type: 'budget_reached' };
      const thread = { type: 'session.thread_status_idle', stop_reason };
      const cut = [user('a'), asks, call, answered, user('b'), thread, idle('budget_reached')];
      expect(turnsOf(heard(...cut), 'claude-test')).toEqual([]);
      const events = heard(...cut, runs, asks, agent('AB'), answered, idle());
      expect(said(events)).toEqual([['a', 'b']]);
      expect(turnsOf(events, 'claude-test')[0]?.end).toMatchObject({ outcome: { reply: 'AB' } });
    });

    test('have ended where the budget was used up by their last request', () => {
      const thread = { type: 'session.thread_status_idle', stop_reason: { type: 'end_turn' } };
      const events = heard(user('a'), asks, agent('A'), answered, thread, idle('budget_reached'));
      expect(turnsOf(events, 'claude-test').map(({ end }) => end.ok)).toEqual([true]);
    });
  });

  test('are none where nothing was asked, or the end is still to come', () => {
    expect(turnsOf(heard({ type: 'session.status_terminated' }), 'claude-test')).toEqual([]);
    expect(turnsOf(heard(user('a'), asks, agent('b')), 'claude-test')).toEqual([]);
  });
});
