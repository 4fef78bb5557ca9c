import { describe, expect, test } from 'vitest';
import { parseTime } from '../core/clock.ts';
import type { EventDraft } from '../core/events.ts';
import type { Ids } from '../core/ids.ts';
import type { ModelReply } from '../model/model.ts';
import type { SessionRow } from '../store/sessions.ts';
import { at, sampleSession } from '../store/store.testsuite.ts';
import { type Ending, endTurn } from './ending.ts';
import { failedRequest } from './reply.ts';

const second = 1_000_000;
const now = parseTime(at(10 * second)) ?? 0;

function countingIds(): Ids {
  let count = 0;
  return { next: () => `new_${++count}` };
}

const session = (fields: Partial<SessionRow> = {}): SessionRow =>
  sampleSession('sesn_1', {
    ...{ status: 'running', open_span: 'span_1', running_since: at(4 * second), active_us: 2 * second },
    ...fields,
  });

const message = (id: string): EventDraft => ({
  id,
  type: 'user.message',
  content: [{ type: 'text', text: id }],
});
const interrupt = (id: string): EventDraft => ({ id, type: 'user.interrupt' });

const usage = {
  input_tokens: 10,
  output_tokens: 5,
  cache_creation_input_tokens: 2,
  cache_read_input_tokens: 1,
};
const reply = (fields: Partial<ModelReply> = {}): Ending => ({
  kind: 'replied',
  ...{ provider: 'offline', message_id: 'said_1', cost_usd: null },
  reply: {
    content: [{ type: 'text', text: 'Done.' }],
    ...{ usage, tool_uses: [] },
    served_model: 'm-1',
    refusal: null,
    ...fields,
  } as ModelReply,
});
const interrupted = (text = ''): Ending => ({
  kind: 'interrupted',
  said: text === '' ? null : { content: [{ type: 'text', text }], message_id: 'said_1' },
});
const exhausted: Ending = {
  kind: 'exhausted',
  error: { type: 'model_overloaded_error', message: 'Too busy.', retry_status: { type: 'exhausted' } },
};

const end = (ending: Ending, queued: readonly EventDraft[] = [], row = session()) =>
  endTurn(row, ending, queued, { ids: countingIds(), now });
const types = (decision: ReturnType<typeof end>) => (decision.events ?? []).map((event) => event.type);
const find = (decision: ReturnType<typeof end>, type: string) =>
  (decision.events ?? []).find((event) => event.type === type);

const textOf = (content: unknown): string => (content as { text: string }[])[0]?.text ?? '';

const closing = ['session.thread_status_idle', 'session.usage', 'session.status_idle'];
const starting = ['session.status_running', 'session.thread_status_running', 'span.model_request_start'];

describe('A turn that got its reply', () => {
  test('says it, closes the request and is idle', () => {
    const decision = end(reply());
    expect(types(decision)).toEqual(['agent.message', 'span.model_request_end', ...closing]);
    expect(decision).toMatchObject({ clearsInbox: false });
    expect(find(decision, 'span.model_request_end')).toMatchObject({
      model_request_start_id: 'span_1',
      is_error: false,
      model_usage: usage,
      pawl: { provider: 'offline', model: 'm-1', cost_usd: null },
    });
    expect(find(decision, 'session.status_idle')).toMatchObject({
      stop_reason: { type: 'end_turn' },
      stop_details: null,
    });
  });

  test('adds the tokens to the session and counts the time that it ran', () => {
    const before = session({ usage: JSON.stringify({ ...JSON.parse(session().usage), input_tokens: 100 }) });
    const decision = end(reply(), [], before);
    expect(decision.changes).toMatchObject({
      status: 'idle',
      open_span: null,
      active_us: 8 * second,
      running_since: null,
      updated_at: at(10 * second),
    });
    const total = JSON.parse(decision.changes?.usage ?? '');
    expect(total).toMatchObject({ input_tokens: 110, output_tokens: 5, cache_read_input_tokens: 1 });
    expect(find(decision, 'session.usage')).toMatchObject({
      usage: { ...total, active_seconds: 8 },
    });
  });

  test('with nothing in it says nothing', () => {
    expect(types(end(reply({ content: [] })))).toEqual(['span.model_request_end', ...closing]);
  });

  test.each([
    ['cyber', 'cyber'],
    ['something new', null],
    [null, null],
  ])('and refuses over %j names a category that the API knows', (category, known) => {
    const refusal = { category, explanation: 'No.' };
    const decision = end(reply({ refusal, content: [] }));
    const stop = {
      stop_reason: { type: 'refusal' },
      stop_details: { type: 'refusal', category: known, explanation: 'No.' },
    };
    expect(find(decision, 'session.status_idle')).toMatchObject(stop);
    expect(find(decision, 'session.thread_status_idle')).toMatchObject(stop);
  });

  test('starts the next one in the same commit when messages wait', () => {
    const decision = end(reply(), [message('m1'), message('m2')]);
    const next = ['user.message', 'user.message', ...starting];
    expect(types(decision)).toEqual(['agent.message', 'span.model_request_end', ...closing, ...next]);
    expect(decision).toMatchObject({
      clearsInbox: true,
      changes: { status: 'running', active_us: 8 * second, running_since: at(10 * second) },
    });
    // The request of the next turn is open, and it is the one that the history shows.
    expect(decision.changes?.open_span).toBe(find(decision, 'span.model_request_start')?.id);
  });

  test('writes an interrupt that came too late in front of the end of the request', () => {
    const decision = end(reply(), [interrupt('i1')]);
    const expected = ['agent.message', 'user.interrupt', 'span.model_request_end', ...closing];
    expect(types(decision)).toEqual(expected);
    expect(decision).toMatchObject({ clearsInbox: true, changes: { status: 'idle' } });
  });
});

describe('A turn that was interrupted', () => {
  test('keeps what had arrived, closes the request as failed and starts what waits behind', () => {
    const decision = end(interrupted('Half a'), [message('m1'), interrupt('i1'), message('m2')]);
    expect(
      decision.events?.map((event) => ('content' in event ? textOf(event.content) : event.type)),
    ).toEqual(['Half a', 'user.interrupt', 'span.model_request_end', ...closing, 'm1', 'm2', ...starting]);
    expect(find(decision, 'span.model_request_end')).toMatchObject({
      is_error: true,
      pawl: null,
      model_usage: { input_tokens: 0, output_tokens: 0 },
    });
    expect(find(decision, 'session.status_idle')).toMatchObject({ stop_reason: { type: 'end_turn' } });
  });

  test('before anything was said or asked leaves only the interrupt', () => {
    const decision = end(interrupted(), [interrupt('i1')], session({ open_span: null }));
    expect(types(decision)).toEqual(['user.interrupt', ...closing]);
    expect(decision.changes).toMatchObject({ status: 'idle' });
  });
});

test('An interrupt stands in front of what it ends, also where what was queued is flushed', () => {
  const calls = JSON.stringify([{ id: 'call_1', kind: 'custom' }]);
  const row = session({ open_span: null, open_calls: calls, stopped_at: at(9 * second) });
  expect(types(end(interrupted(), [message('m1'), interrupt('i1')], row))).toEqual([
    ...['user.interrupt', 'user.custom_tool_result', 'user.message', ...closing],
  ]);
});

describe('A turn whose retries are used up', () => {
  test('says why, takes everything that waits into the history and stays idle', () => {
    const decision = end(exhausted, [message('m1'), interrupt('i1')]);
    const flushed = ['session.error', 'user.message', 'user.interrupt'];
    expect(types(decision)).toEqual(['span.model_request_end', ...flushed, ...closing]);
    expect(decision).toMatchObject({
      clearsInbox: true,
      changes: { status: 'idle', running_since: null },
    });
    expect(find(decision, 'session.error')).toMatchObject({ error: { retry_status: { type: 'exhausted' } } });
    expect(find(decision, 'session.status_idle')).toMatchObject({
      stop_reason: { type: 'retries_exhausted' },
    });
  });
});

describe('A turn of a session that has used up its budget', () => {
  const budget = JSON.stringify({ type: 'limit', max_list_cost: { amount: '50', currency: 'USD' } });
  const spent = (fields: Partial<SessionRow> = {}) => session({ budget, list_cost_usd: 0.5, ...fields });
  const reasons = (decision: ReturnType<typeof end>) =>
    ['session.thread_status_idle', 'session.status_idle'].map((type) => {
      const { stop_reason, stop_details } = find(decision, type) as Extract<
        EventDraft,
        { type: 'session.status_idle' }
      >;
      return [stop_reason.type, stop_details?.type ?? null];
    });

  test.each<[string, Ending, string, string | null]>([
    ['done', reply(), 'end_turn', null],
    ['refused', reply({ refusal: { category: null, explanation: null } }), 'refusal', 'refusal'],
    ['interrupted', interrupted('x'), 'end_turn', null],
    ['given up', exhausted, 'retries_exhausted', null],
    ['held back', { kind: 'budget_reached' }, 'budget_reached', null],
  ])('that is %s says so in its thread', (_, ending, reason, details) => {
    const decision = end(ending, [], spent());
    expect(reasons(decision)).toEqual([
      [reason, details],
      ['budget_reached', null],
    ]);
    expect(decision.changes?.rounds).toBe(ending.kind === 'budget_reached' ? 1 : 0);
  });

  test('takes what waits into the history, to go on from there when it is raised', () => {
    const decision = end(reply(), [message('m1'), message('m2')], spent());
    const flushed = ['user.message', 'user.message', ...closing];
    expect(types(decision)).toEqual(['agent.message', 'span.model_request_end', ...flushed]);
    expect(decision).toMatchObject({ changes: { status: 'idle', rounds: 1 } });
  });

  test('counts when it is over, and not where it is held back', () => {
    const before = spent({ turns: 4 });
    expect(end(reply(), [], before).changes).toMatchObject({ turns: 5 });
    expect(end({ kind: 'budget_reached' }, [], before).changes).not.toHaveProperty('turns');
  });
});

describe('Every ending', () => {
  const queues = [[], [message('m1')], [interrupt('i1')], [interrupt('i1'), message('m1'), interrupt('i2')]];
  const endings = [reply(), reply({ content: [] }), interrupted('x'), interrupted(), exhausted];
  const rows = [session(), session({ open_span: null, running_since: null })];
  const cases = endings.flatMap((ending) =>
    queues.flatMap((queue) => rows.map((row) => ({ ending, queue, row }))),
  );

  test.each(cases)('keeps each queued event once, with its id, and gives the others new ones (%#)', (one) => {
    const decision = end(one.ending, one.queue, one.row);
    const ids = (decision.events ?? []).map((event) => event.id);
    expect(new Set(ids).size).toBe(ids.length);
    const kept = (decision.events ?? []).filter(({ id }) => !/^(new|said)_/.test(id));
    expect(new Set(kept)).toEqual(new Set(one.queue));
    expect(decision.clearsInbox).toBe(one.queue.length > 0);
    expect(types(decision).filter((type) => type === 'session.status_idle')).toHaveLength(1);
    expect(types(decision).at(-1)).toBe(
      decision.changes?.status === 'running' ? 'span.model_request_start' : 'session.status_idle',
    );
    expect(types(decision).includes('span.model_request_end')).toBe(one.row.open_span !== null);
  });
});

test('a request is only closed as failed when one is open', () => {
  expect(failedRequest(session({ open_span: null }))).toEqual([]);
  expect(failedRequest(session())).toMatchObject([{ type: 'span.model_request_end', is_error: true }]);
});

describe('What a session counts', () => {
  const before = { turns: 4, failed_turns: 1, refused_turns: 2, rollout_id: 'roll_1' };
  const counted = (ending: Ending) => ({ ...before, ...end(ending, [], session(before)).changes });
  const refusal: Ending = reply({ refusal: { category: null, explanation: null } } as Partial<ModelReply>);

  test.each([
    ['an answer', reply(), { turns: 5, failed_turns: 1, refused_turns: 2 }],
    ['a failure', exhausted, { turns: 5, failed_turns: 2, refused_turns: 2 }],
    ['a refusal', refusal, { turns: 5, failed_turns: 1, refused_turns: 3 }],
    // Whoever gave up waiting has shown nothing of what the answer would have been.
    ['an interrupt', interrupted(), { turns: 4, failed_turns: 1, refused_turns: 2 }],
  ])('after %s', (_, ending, counts) => {
    expect(counted(ending)).toMatchObject({ ...counts, unseen: 1 });
  });

  test('is not marked for a rollout when it has none', () => {
    expect(end(reply()).changes).not.toHaveProperty('unseen');
  });
});
