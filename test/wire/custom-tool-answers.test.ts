import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ModelServer } from '../model-server.ts';
import { watchRequests } from '../request-shape.ts';
import {
  answersIn,
  converse,
  errorOf,
  eventually,
  history,
  openSession,
  type SessionEvent,
  say,
  typesOf,
} from '../story.ts';
import { answerTo, askedIn, callsIn, untilAsked } from '../tool-story.ts';
import { startTwoProviders, type TwoProviders } from '../two-providers.ts';

/*
 * Answers to calls that should not be there, come twice, or come at the same moment as something else: what is refused
 * changes nothing, and whatever wins, the history is whole.
 */

let served: TwoProviders;
let model: ModelServer;
let client: Anthropic;
let events: TwoProviders['events'];

beforeAll(async () => {
  served = await startTwoProviders(() => 'Done.');
  ({ model, client, events } = served);
});

afterAll(() => served.close());

const problems = watchRequests();
afterEach(() => expect(problems(model)).toEqual([]));

const lookUp = (id: number) => ({ name: 'look_up', input: { id } });
const clock = { name: 'clock', input: {} };
const interrupt = { type: 'user.interrupt' } as const;

describe('An answer', () => {
  const open = async () => (await openSession(client, served.settings.anthropic)).id;
  let id: string;
  let call: string;
  let before: SessionEvent[];

  beforeAll(async () => {
    id = await open();
    model.script([{ calls: [lookUp(1), clock] }]);
    await events.send(id, { events: [say('Look.')] });
    [call = ''] = await untilAsked(client, id, 2);
    before = await history(client, id);
  });

  /** The call's error, which has to be about this field, and a session that has not noticed. */
  async function refused(sent: readonly object[], field: string): Promise<void> {
    const error = await errorOf(events.send(id, { events: sent as never }));
    expect(error).toMatchObject({ status: 400 });
    expect(error.message).toContain(field);
    expect(await history(client, id)).toEqual(before);
    expect((await client.beta.sessions.retrieve(id)).status).toBe('idle');
  }

  const base = () => answerTo(call, 'x');
  test.each<[string, () => readonly object[], string]>([
    ['to an unknown id', () => [answerTo('sevt_nothere', 'x')], 'custom_tool_use_id'],
    ['to an event that is no call', () => [answerTo(before[0]?.id ?? '', 'x')], 'custom_tool_use_id'],
    ['twice in one request', () => [base(), base()], 'custom_tool_use_id'],
    ['beside a bad one', () => [base(), answerTo('sevt_nothere', 'x')], 'custom_tool_use_id'],
    ['without an id', () => [{ type: 'user.custom_tool_result', content: [] }], 'custom_tool_use_id'],
    ['with a number as its id', () => [{ ...base(), custom_tool_use_id: 7 }], 'custom_tool_use_id'],
    ['with a number as content', () => [{ ...base(), content: 7 }], 'content'],
    ['with a redacted block', () => [{ ...base(), content: [{ type: 'redacted' }] }], 'content.0'],
    [
      'with a search result without text',
      () => [{ ...base(), content: [{ type: 'search_result' }] }],
      'content.0',
    ],
    ['with a word as is_error', () => [{ ...base(), is_error: 'yes' }], 'is_error'],
    [
      'with a file that is not there',
      () => [
        answerTo(call, [{ type: 'image', source: { type: 'file', file_id: `file_${'1'.repeat(24)}` } }]),
      ],
      'file_id',
    ],
    [
      'as a confirmation',
      () => [{ type: 'user.tool_confirmation', tool_use_id: call, result: 'allow' }],
      'tool_use_id',
    ],
    [
      'as a denial',
      () => [{ type: 'user.tool_confirmation', tool_use_id: call, result: 'deny', deny_message: 'No.' }],
      'tool_use_id',
    ],
    [
      'as the result of a sandbox',
      () => [{ type: 'user.tool_result', tool_use_id: call }],
      'user.tool_result',
    ],
    ['behind an interrupt', () => [interrupt, base()], 'custom_tool_use_id'],
  ])('%s is refused, and nothing changes', async (_name, sent, field) => {
    await refused(sent(), field);
  });

  test('to a call of another session is refused there, and open here', async () => {
    const other = await open();
    expect(await errorOf(events.send(other, { events: [base()] }))).toMatchObject({ status: 400 });
    expect(await history(client, other)).toEqual([]);
    expect(askedIn(await history(client, id))).toContain(call);
  });

  test('a second time is refused as well, whether the turn waits still or is over', async () => {
    await events.send(id, { events: [base()] });
    before = await history(client, id);
    await refused([base()], 'custom_tool_use_id');
    const [other = ''] = askedIn(before) ?? [];
    await events.send(id, { events: [answerTo(other, 'y')] });
    before = await eventually('the end', async () => {
      const all = await history(client, id);
      return answersIn(all).length === 1 && all.at(-1)?.type === 'session.status_idle' ? all : null;
    });
    await refused([base()], 'custom_tool_use_id');
    await refused([answerTo(other, 'y')], 'custom_tool_use_id');
  });

  test('is taken from one of many who send it at once', async () => {
    const shared = await open();
    model.script([{ calls: [lookUp(1), clock] }]);
    await events.send(shared, { events: [say('Look.')] });
    const asked = await untilAsked(client, shared, 2);
    const sent = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) =>
        events.send(shared, { events: [answerTo(asked[n % 2] ?? '', `from ${n}`)] }),
      ),
    );
    expect(sent.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    const all = await eventually('the end', async () => {
      const now = await history(client, shared);
      return answersIn(now).length === 1 && now.at(-1)?.type === 'session.status_idle' ? now : null;
    });
    expect(all.filter((event) => event.type === 'user.custom_tool_result')).toHaveLength(2);
    expect(all.filter((event) => event.type === 'session.status_running')).toHaveLength(2);
  });
});

describe('At the same moment', () => {
  const begin = async (calls: number) => {
    const { id } = await openSession(client, served.settings.anthropic);
    await events.send(id, { events: [say('Race.')] });
    return { id, asked: await untilAsked(client, id, calls) };
  };
  const untilOver = (id: string) =>
    eventually(`session ${id} at rest`, async () => {
      const all = await history(client, id);
      return all.at(-1)?.type === 'session.status_idle' && askedIn(all) === null ? all : null;
    });

  /** Every call has one answer, and every event its place. */
  function wholeIn(all: readonly SessionEvent[]): void {
    const answered = all.flatMap((event) =>
      event.type === 'user.custom_tool_result' ? [event.custom_tool_use_id] : [],
    );
    expect(answered.toSorted()).toEqual(
      callsIn(all)
        .map((call) => call.id)
        .toSorted(),
    );
    const times = all.map((event) => event.processed_at ?? '');
    expect(times.toSorted()).toEqual(times);
    expect(new Set(times).size).toBe(times.length);
    for (const [i, event] of all.entries()) {
      if (event.type === 'session.status_idle') expect(all[i - 1]?.type).toBe('session.usage');
    }
  }

  test('many answers to many calls resume one turn', async () => {
    const many = 40;
    model.when(({ messages }) => messages.at(-1)?.text === 'Race.', {
      calls: Array.from({ length: many }, (_, n) => lookUp(n)),
    });
    const { id, asked } = await begin(many);
    await Promise.all(asked.map((call) => events.send(id, { events: [answerTo(call, `to ${call}`)] })));
    const all = await untilOver(id);
    wholeIn(all);
    expect(answersIn(all)).toEqual(['Done.']);
    expect(all.filter((event) => event.type === 'session.status_running')).toHaveLength(2);
    const told = model.requests.at(-1)?.read.messages.at(-1)?.results ?? [];
    expect(told.map((result) => result.text).toSorted()).toEqual(
      asked.map((call) => `to ${call}`).toSorted(),
    );
  });

  test.each(['Interrupt.', 'Message.', 'Archive.', 'Other tools.'])(
    'the last answer and something else leave a whole history: %s',
    async (what) => {
      const races = Array.from({ length: 10 }, async (_, n) => {
        const { id, asked } = await begin(40);
        const answers = asked.map((call) => answerTo(call, 'x'));
        await events.send(id, { events: answers.slice(1) });
        const last = () => events.send(id, { events: answers.slice(0, 1) });
        const rival = (): PromiseLike<unknown> => {
          if (what === 'Interrupt.') return events.send(id, { events: [interrupt, say('Go on.')] });
          if (what === 'Message.') return events.send(id, { events: [say('Go on.')] });
          if (what === 'Archive.') return client.beta.sessions.archive(id);
          return client.beta.sessions.update(id, { agent: { tools: [] } });
        };
        await Promise.allSettled(n % 2 === 0 ? [last(), rival()] : [rival(), last()]);
        const { archived_at } = await client.beta.sessions.retrieve(id);
        if (archived_at === null) wholeIn(await untilOver(id));
        else expect(typesOf(await history(client, id)).at(-1)).toBe('session.status_terminated');
        if (archived_at === null) expect(answersIn(await converse(client, id, 'Well?')).at(-1)).toBe('Done.');
      });
      await Promise.all(races);
    },
  );
});

describe('A session that waits for answers', () => {
  const asking = async () => {
    const { id } = await openSession(client, served.settings.anthropic);
    model.script([{ calls: [lookUp(1)] }]);
    await events.send(id, { events: [say('Look.')] });
    const [call = ''] = await untilAsked(client, id, 1);
    return { id, call };
  };

  test('can be archived, and takes no answer then', async () => {
    const { id, call } = await asking();
    const { data } = await events.send(id, { events: [say('Queued.')] });
    const archived = await client.beta.sessions.archive(id);
    expect(archived).toMatchObject({ status: 'terminated', archived_at: expect.any(String) });
    const all = await history(client, id);
    expect(typesOf(all).slice(-3)).toEqual([
      'user.message',
      'session.thread_status_terminated',
      'session.status_terminated',
    ]);
    expect(all.at(-3)).toEqual({ ...data?.[0], processed_at: expect.any(String) });
    const late = await errorOf(events.send(id, { events: [answerTo(call, 'late')] }));
    expect(late).toMatchObject({ status: 400 });
    expect(await history(client, id)).toEqual(all);
  });

  test('can be deleted', async () => {
    const { id, call } = await asking();
    await events.send(id, { events: [say('Queued.')] });
    expect(await client.beta.sessions.delete(id)).toEqual({ id, type: 'session_deleted' });
    expect(await errorOf(events.send(id, { events: [answerTo(call, 'x')] }))).toMatchObject({ status: 404 });
  });

  test('is idle in every list, and its time does not run', async () => {
    const { id, call } = await asking();
    const listed = await client.beta.sessions.list({ statuses: ['idle'], limit: 100 });
    expect(listed.data.map((session) => session.id)).toContain(id);
    const once = await client.beta.sessions.retrieve(id);
    const twice = await client.beta.sessions.retrieve(id);
    expect(twice.stats.active_seconds).toBe(once.stats.active_seconds);
    expect(twice.stats.duration_seconds).toBeGreaterThan(once.stats.duration_seconds ?? 0);
    await events.send(id, { events: [answerTo(call, 'x')] });
    await eventually('the end', async () => answersIn(await history(client, id)).length === 1);
  });
});
