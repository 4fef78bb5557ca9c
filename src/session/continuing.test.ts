import { describe, expect, test } from 'vitest';
import { parseTime } from '../core/clock.ts';
import type { EventDraft } from '../core/events.ts';
import type { SessionRow } from '../store/sessions.ts';
import { at, sampleSession } from '../store/store.testsuite.ts';
import type { McpCall, OpenCall } from './calls.ts';
import { continueTurn } from './continuing.ts';

const second = 1_000_000;
const now = parseTime(at(10 * second)) ?? 0;
const call = (id: string, state: McpCall['state']): McpCall => ({
  ...{ id, kind: 'mcp', state, server: 'shop', name: 'find', input: {} },
});
const custom: OpenCall = { id: 'custom', kind: 'custom' };
const interrupt: EventDraft = { id: 'i', type: 'user.interrupt' };
const message: EventDraft = { id: 'm', type: 'user.message', content: [{ type: 'text', text: 'm' }] };

function next(fields: Partial<SessionRow> & { calls?: readonly OpenCall[] }, queued: EventDraft[] = []) {
  const { calls = [], ...rest } = fields;
  const session = sampleSession('sesn_1', {
    ...{ status: 'running', rounds: 1, running_since: at(4 * second), active_us: 2 * second },
    open_calls: calls.length === 0 ? null : JSON.stringify(calls),
    ...rest,
  });
  let count = 0;
  const decision = continueTurn(session, queued, {
    ids: { next: () => `new_${++count}` },
    now,
    max_rounds: 3,
  });
  return { ...decision, types: (decision.events ?? []).map(({ type }) => type) };
}

const rest = ['session.thread_status_idle', 'session.usage', 'session.status_idle'];

describe('A turn without a request', () => {
  test('asks the model when no call is open, and counts the round', () => {
    expect(next({})).toMatchObject({
      types: ['span.model_request_start'],
      changes: { rounds: 2, open_span: 'new_1' },
      result: { kind: 'ask' },
    });
  });

  test('makes the calls that are started before anybody is asked', () => {
    const started = [call('a', 'started'), call('b', 'started')];
    expect(next({ calls: [...started, custom, call('c', 'asked')] })).toMatchObject({
      types: [],
      result: { kind: 'call', calls: started },
    });
  });

  test('waits for the client where an answer is missing, and stands still meanwhile', () => {
    const decision = next({ calls: [call('a', 'asked'), call('b', 'allowed'), custom] });
    expect(decision.types).toEqual(rest);
    expect(decision.events?.at(-1)).toMatchObject({
      stop_reason: { type: 'requires_action', event_ids: ['a', 'custom'] },
    });
    expect(decision.changes).toMatchObject({ status: 'idle', running_since: null, active_us: 8 * second });
    expect(decision.changes).not.toHaveProperty('turns');
    expect(decision.result).toEqual({ kind: 'ended' });
  });

  test('makes what is allowed once nobody is asked any more, and leaves the mark to whoever makes it', () => {
    const decision = next({ calls: [call('a', 'allowed')] });
    expect(decision.result).toMatchObject({ kind: 'call', calls: [{ id: 'a', state: 'allowed' }] });
    expect(decision.changes).toBeUndefined();
  });

  test('leaves messages in the queue until it is over', () => {
    expect(next({}, [message])).toMatchObject({ types: ['span.model_request_start'] });
    expect(next({}, [message]).clearsInbox).toBeUndefined();
    expect(next({ calls: [custom] }, [message]).types).toEqual(rest);
  });
});

describe('A turn that may not go on', () => {
  test('is over when somebody interrupts it: its calls get errors, and what waits begins', () => {
    const decision = next({ calls: [call('a', 'started'), custom] }, [interrupt, message]);
    expect(decision.types).toEqual([
      ...['user.interrupt', 'agent.mcp_tool_result', 'user.custom_tool_result', ...rest],
      ...['user.message', 'session.status_running', 'session.thread_status_running'],
      'span.model_request_start',
    ]);
    expect(decision.changes).toMatchObject({ open_calls: null, rounds: 1, status: 'running' });
    expect(decision.result).toEqual({ kind: 'ended' });
  });

  test('has asked its model as often as it may', () => {
    const decision = next({ rounds: 3 });
    expect(decision.types).toEqual(['session.error', ...rest]);
    expect(decision.events?.[0]).toMatchObject({
      error: { type: 'tool_use_limit_reached_error', retry_status: { type: 'exhausted' } },
    });
    expect(decision.changes).toMatchObject({ rounds: 0, failed_turns: 1 });
  });

  test('rests where its budget is used up, and is not over', () => {
    const budget = JSON.stringify({ type: 'limit', max_list_cost: { amount: '10', currency: 'USD' } });
    const decision = next({ budget, list_cost_usd: 0.1 });
    expect(decision.types).toEqual(rest);
    expect(decision.events?.at(-1)).toMatchObject({ stop_reason: { type: 'budget_reached' } });
    expect(decision.changes).toMatchObject({ rounds: 1, status: 'idle' });
    expect(decision.changes).not.toHaveProperty('turns');
    expect(next({ budget, list_cost_usd: 0.099 })).toMatchObject({ result: { kind: 'ask' } });
    // A question to the client outranks it.
    expect(next({ budget, list_cost_usd: 1, calls: [custom] }).events?.at(-1)).toMatchObject({
      stop_reason: { type: 'requires_action' },
    });
  });
});
