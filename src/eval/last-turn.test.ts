import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../store/dialect.ts';
import { insertEvents } from '../store/events.ts';
import { openStore } from '../store/open.ts';
import { findSession, updateSession } from '../store/sessions.ts';
import { at, seedSession } from '../store/store.testsuite.ts';
import { type LastTurn, readLastTurn } from './last-turn.ts';

let store: Store;
beforeEach(async () => {
  store = await openStore({ kind: 'memory' });
});
afterEach(() => store.close());

type Event = { readonly type: string } & Readonly<Record<string, unknown>>;

const user = (text: string): Event => ({ type: 'user.message', content: [{ type: 'text', text }] });
const agent = (text: string): Event => ({ type: 'agent.message', content: [{ type: 'text', text }] });
const usage = {
  input_tokens: 3,
  output_tokens: 2,
  cache_read_input_tokens: 1,
  cache_creation_input_tokens: 0,
};
const request: Event = {
  ...{ type: 'span.model_request_end', is_error: false, model_usage: usage },
  pawl: { provider: 'offline', model: 'small' },
};
const idle: Event = { type: 'session.status_idle', stop_reason: { type: 'end_turn' } };
const asked: Event = { type: 'span.model_request_start' };
const interrupt: Event = { type: 'user.interrupt' };
const failure: Event = {
  type: 'session.error',
  error: { type: 'billing_error', message: 'No money', retry_status: { type: 'exhausted' } },
};

/** The last turn of a session with this history; each event is a millisecond after the one before. */
async function lastTurn(events: readonly Event[], known = events.length): Promise<LastTurn> {
  const session = await seedSession(store, 'sesn_1', { last_seq: known });
  const rows = events.map((event, i) => ({
    ...{ session_id: session.id, seq: i + 1, type: event.type, processed_at: at(i * 1000) },
    data: JSON.stringify({ ...event, processed_at: at(i * 1000) }),
  }));
  await store.write((tx) => insertEvents(tx, rows));
  return readLastTurn(store.db, session, []);
}

describe('The last turn of a session', () => {
  test('is what was said, what came back, and what it took', async () => {
    const turn = await lastTurn([user('Hello'), asked, agent('Good '), agent('day'), request, idle]);
    expect(turn).toMatchObject({
      ok: true,
      case: { id: 'sesn_1', input: 'Hello', target: null, fields: {} },
      outcome: {
        ...{ session_id: 'sesn_1', reply: 'Good day', tool_calls: [], latency_ms: 5, cost_usd: 0 },
        ...{ served_by: 'offline/small', usage: { input_tokens: 3, output_tokens: 2, cache_read_tokens: 1 } },
      },
    });
  });

  test('was answered by the model of the version, or of the overrides, where no event says by whom', async () => {
    const { pawl: _pawl, ...silent } = request;
    const history = [user('Hello'), asked, agent('Good day'), silent, idle];
    expect(await lastTurn(history)).toMatchObject({ outcome: { served_by: 'offline-1' } });
    const model = { id: 'other-1', effort: { type: 'high' }, speed: 'standard' };
    await store.write((tx) => updateSession(tx, 'sesn_1', { overrides: JSON.stringify({ model }) }));
    const session = await findSession(store.db, 'sesn_1');
    if (session === null) throw new Error('The session is gone');
    expect(await readLastTurn(store.db, session, [])).toMatchObject({ outcome: { served_by: 'other-1' } });
  });

  test('of several has the ones before it in its input, and none of their answers in its own', async () => {
    const before = [user('One'), asked, agent('1'), request, idle];
    const turn = await lastTurn([...before, user('Two'), user('Three'), asked, agent('2'), request, idle]);
    expect(turn).toMatchObject({
      case: {
        input: [
          { role: 'user', content: 'One' },
          { role: 'assistant', content: '1' },
          { role: 'user', content: 'Two\nThree' },
        ],
      },
      outcome: { reply: '2', usage: { input_tokens: 3 } },
    });
  });

  test('is the one before, while another is under way or not yet known', async () => {
    const history = [user('One'), asked, agent('1'), request, idle, user('Two'), asked];
    const answered = { case: { input: 'One' }, outcome: { reply: '1' } };
    expect(await lastTurn(history)).toMatchObject(answered);
  });

  test('is the one before, while another waits for a client', async () => {
    const call: Event = { type: 'agent.custom_tool_use', name: 'look', input: {} };
    const waits: Event = { ...idle, stop_reason: { type: 'requires_action', event_ids: ['sevt_1'] } };
    const history = [user('One'), asked, agent('1'), request, idle, user('Two'), asked, call, request, waits];
    expect(await lastTurn(history)).toMatchObject({ case: { input: 'One' }, outcome: { reply: '1' } });
  });

  test('answers with what follows its last call, and was only told what the earlier ones answered so', async () => {
    const call: Event = { type: 'agent.mcp_tool_use', name: 'look', input: {} };
    const result: Event = { type: 'agent.mcp_tool_result' };
    const turn = (says: string): Event[] => [
      ...[asked, agent('Let me look. '), call, request, result, asked, agent(says), request, idle],
    ];
    expect(await lastTurn([user('One'), ...turn('1'), user('Two'), ...turn('2')])).toMatchObject({
      case: {
        input: [
          { role: 'user', content: 'One' },
          { role: 'assistant', content: '1' },
          { role: 'user', content: 'Two' },
        ],
      },
      outcome: { reply: '2', tool_calls: [{ name: 'look' }] },
    });
  });

  test('is the one before, when it was only interrupted since', async () => {
    const history = [user('One'), asked, agent('1'), request, idle, interrupt, idle];
    expect(await lastTurn(history)).toMatchObject({ ok: true, outcome: { reply: '1' } });
  });

  test('is as the row of the session knows it, whatever was written since', async () => {
    const history = [
      user('One'),
      asked,
      agent('1'),
      request,
      idle,
      user('Two'),
      asked,
      agent('2'),
      request,
      idle,
    ];
    expect(await lastTurn(history, 5)).toMatchObject({ case: { input: 'One' }, outcome: { reply: '1' } });
  });

  test('that calls tools has them in the order of asking', async () => {
    const call: Event = { type: 'agent.custom_tool_use', name: 'look', input: { at: 'me' } };
    expect(await lastTurn([user('Look'), asked, call, request, idle])).toMatchObject({
      outcome: { reply: '', tool_calls: [{ name: 'look', input: { at: 'me' } }] },
    });
  });

  test('leaves out what came too late for it, because the session was stopped', async () => {
    const turn = await lastTurn([user('One'), asked, agent('1'), request, user('Too late'), idle]);
    expect(turn).toMatchObject({ case: { input: 'One' }, outcome: { reply: '1', latency_ms: 5 } });
  });

  test.each<[string, readonly Event[], string]>([
    ['nothing was said', [], 'no turn of it has ended'],
    ['nothing has ended', [user('One'), asked], 'no turn of it has ended'],
    ['it was interrupted', [user('One'), asked, agent('1'), interrupt, request, idle], 'interrupted'],
    ['it failed', [user('One'), asked, request, failure, idle], 'No money'],
    [
      'it is too long',
      [user('x'.repeat(1024 * 1024)), asked, agent('1'), request, idle],
      'it is longer than',
    ],
  ])('is no answer when %s', async (_what, events, reason) => {
    expect(await lastTurn(events)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });
});
