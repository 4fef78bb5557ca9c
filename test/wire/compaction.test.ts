import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatedModel, startGatedModel } from '../gated-model.ts';
import { compactionsIn, limit, readBy, restOf, summarises, untilSummary } from '../limit-story.ts';
import { listen } from '../listening.ts';
import type { Fault } from '../model-faults.ts';
import type { Said } from '../model-replies.ts';
import type { ChatRequest, Protocol } from '../model-requests.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { requestProblems } from '../request-shape.ts';
import {
  answersIn,
  converse,
  eventually,
  history,
  openSession,
  type SessionEvent,
  type Setting,
  say,
  typesOf,
  untilIdle,
} from '../story.ts';
import { answerTo, callsIn, makeArmedSetting, rested, resumed, untilAsked } from '../tool-story.ts';

/*
 * The goal: a conversation goes on however long it becomes, and nothing that matters is lost on the way. The method: a
 * model with a small window, which repeats all facts that it has read, in its answers as well as in its summaries. A fact
 * is a word such as `fact-7`; between them stands as much as is needed to fill the window.
 */

/** In tokens of the fake model: four characters each. */
const window = 4000;
const filled = (fact: string, characters = 4000): string => `Keep ${fact}. ${'word '.repeat(characters / 5)}`;
const factsOf = (text: string): string =>
  [...new Set(text.match(/fact-\d+/g))].toSorted().join(' ') || 'nothing';
/** How long the summaries are that the model writes beside the facts. */
let padding = 0;

function replyOf(request: ChatRequest): string | Said {
  if (summarises(request)) return `Notes: ${factsOf(readBy(request))} ${'note '.repeat(padding / 5)}`.trim();
  const last = request.messages.at(-1);
  if (last?.text.includes('Look')) {
    return { text: 'Looking.', calls: [1, 2].map((n) => ({ name: 'look_up', input: { n } })) };
  }
  return `I know ${factsOf(readBy(request))}`;
}

let model: ModelServer;
let pawl: TestPawl;
let client: Anthropic;
let events: Anthropic.Beta.Sessions['events'];
const settings: Partial<Record<Protocol, Setting>> = {};

beforeAll(async () => {
  model = await startModelServer({ reply: replyOf, most_input_tokens: window });
  pawl = await startPawl({
    ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' },
    ...{ openai_base_url: `${model.url}/v1`, openai_api_key: 'upstream-key' },
    ...{ model_routes: 'claude-*=anthropic,*=openai', model_max_retries: '1' },
    model_prices: '*=100/100',
  });
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  ({ events } = client.beta.sessions);
  settings.anthropic = await makeArmedSetting(client, { model: 'claude-test', system: 'Be kind.' });
  settings.openai = await makeArmedSetting(client, { model: 'gpt-test', system: 'Be kind.' });
});

afterAll(async () => {
  await model.close();
  await pawl.server.close();
});

const errorsIn = (all: readonly SessionEvent[]) =>
  all.flatMap((event) => (event.type === 'session.error' ? [event.error] : []));
const last = <T>(list: readonly T[]): T => list.at(-1) as T;

/** The requests that arrive at the model while something is done. */
async function requestsOf(work: () => Promise<unknown>): Promise<readonly ChatRequest[]> {
  const before = new Set(model.requests);
  await work();
  return model.requests.flatMap((one) => (before.has(one) ? [] : [one.read]));
}

/** A session that has said so much that its next message of the same size is too much. */
async function full(protocol: Protocol = 'anthropic', fields: object = {}): Promise<string> {
  const { id } = await openSession(client, settings[protocol] as Setting, fields);
  for (const n of [1, 2, 3]) {
    const all = await converse(client, id, filled(`fact-${n}`));
    expect(compactionsIn(all)).toEqual([]);
  }
  return id;
}

describe.each<Protocol>(['anthropic', 'openai'])(
  'A conversation that outgrows its model, by %s',
  (protocol) => {
    test('goes on from a summary, and from its last message word for word', async () => {
      const id = await full(protocol);
      const stream = await listen(client, id, { event_deltas: ['agent.message'] });
      const before = await history(client, id);
      const message = filled('fact-4');
      const requests = await requestsOf(() => converse(client, id, message));
      const all = await history(client, id);
      expect(typesOf(all.slice(before.length))).toEqual([
        ...['user.message', ...resumed, 'span.model_request_end'],
        ...['span.model_request_start', 'span.model_request_end'],
        ...['span.model_request_start', 'span.model_request_end'],
        ...['agent.thread_context_compacted', 'span.model_request_start'],
        ...['agent.message', 'span.model_request_end', ...rested],
      ]);
      expect(last(answersIn(all))).toBe('I know fact-1 fact-2 fact-3 fact-4');
      expect(compactionsIn(all)).toMatchObject([{ processed_at: expect.any(String) }]);

      const [tooLong, ...rest] = requests;
      const summaries = rest.filter(summarises);
      expect(tooLong?.input_tokens).toBeGreaterThan(window);
      expect(summaries).toHaveLength(2);
      for (const request of summaries) {
        expect(request).toMatchObject({ tools: [] });
        expect(request.input_tokens).toBeLessThan(window);
        expect(readBy(request)).not.toContain('fact-4');
      }
      const next = last(rest);
      expect(next).toMatchObject({ system: 'Be kind.', tools: ['look_up', 'clock'] });
      expect(next.messages).toHaveLength(1);
      expect(next.messages[0]?.text).toMatch(
        /^What was said before, in short:\n\nNotes: fact-1 fact-2 fact-3/,
      );
      expect(next.messages[0]?.text.endsWith(message)).toBe(true);

      // Nothing of the summaries is shown while they are written.
      await stream.until('session.status_idle');
      const shown = stream.events.flatMap((event) => (event.type === 'event_start' ? [event.event.id] : []));
      const said = all.slice(before.length).filter(({ type }) => type === 'agent.message');
      expect(shown).toEqual(said.map((event) => event.id));
      const streamed = stream.events.filter(({ type }) => type === 'agent.thread_context_compacted');
      expect(streamed).toEqual(compactionsIn(all));
      stream.close();

      const [later] = await requestsOf(() => converse(client, id, 'And?'));
      expect(later?.messages).toHaveLength(3);
      expect(last(answersIn(await history(client, id)))).toBe('I know fact-1 fact-2 fact-3 fact-4');
    });

    test('goes on in the middle of a turn, with all that its tools have found', async () => {
      const id = await full(protocol);
      await events.send(id, { events: [say('Look for fact-4')] });
      const [one = '', two = ''] = await untilAsked(client, id, 2);
      const answers = [answerTo(one, filled('fact-5', 2500)), answerTo(two, filled('fact-6', 2500))];
      const requests = await requestsOf(async () => {
        await events.send(id, { events: answers });
        await untilIdle(client, id);
      });
      const all = await history(client, id);
      expect(last(answersIn(all))).toBe('I know fact-1 fact-2 fact-3 fact-4 fact-5 fact-6');
      expect(compactionsIn(all)).toHaveLength(1);
      expect(callsIn(all)).toHaveLength(2);
      expect(restOf(all)[1]).toBe('end_turn');
      expect(last(requests).messages).toMatchObject([{ role: 'user', calls: [], results: [] }]);
    });

    test('goes on a second time, and keeps what the first summary said', async () => {
      const id = await full(protocol);
      for (let n = 4; n <= 10; n++) await converse(client, id, filled(`fact-${n}`));
      const all = await history(client, id);
      expect(compactionsIn(all).length).toBeGreaterThan(1);
      const facts = Array.from({ length: 10 }, (_, n) => `fact-${n + 1}`);
      expect(last(answersIn(all))).toBe(`I know ${facts.toSorted().join(' ')}`);
      expect(last(compactionsIn(all)).pawl.summary).toContain('fact-1 ');
      for (const { body, read } of model.requests) {
        if (read.protocol === protocol) expect(requestProblems(protocol, body)).toEqual([]);
      }
    });
  },
);

describe('A summary', () => {
  test('is made in as many pieces as the model needs', async () => {
    const { id } = await openSession(client, settings.anthropic as Setting);
    await events.send(id, { events: [say('Look')] });
    const asked = await untilAsked(client, id, 2);
    const facts = Array.from({ length: 20 }, (_, n) => `fact-${n + 10}`);
    const found = facts.map((fact) => filled(fact));
    const requests = await requestsOf(async () => {
      await events.send(id, {
        events: asked.map((call, n) => answerTo(call, found.slice(10 * n, 10 * n + 10).join('\n'))),
      });
      await untilIdle(client, id);
    });
    expect(last(answersIn(await history(client, id)))).toBe(`I know ${facts.join(' ')}`);
    const made = requests.filter((one) => summarises(one) && one.input_tokens <= window);
    expect(made.length).toBeGreaterThan(5);
    for (const [n, request] of made.entries()) {
      expect(readBy(request).startsWith('The notes so far:\n\nNotes: ')).toBe(n > 0);
    }
  });

  test('of a turn that was summarised already begins with what stands in for the beginning', async () => {
    const id = await full();
    await events.send(id, { events: [say(`Look ${filled('fact-4')}`)] });
    const first = await untilAsked(client, id, 2);
    expect(compactionsIn(await history(client, id))).toHaveLength(1);
    const requests = await requestsOf(async () => {
      await events.send(id, {
        events: first.map((call, n) => answerTo(call, filled(`fact-${n + 5}`, 8000))),
      });
      await untilIdle(client, id);
    });
    const all = await history(client, id);
    expect(compactionsIn(all)).toHaveLength(2);
    expect(last(answersIn(all))).toBe('I know fact-1 fact-2 fact-3 fact-4 fact-5 fact-6');
    const text = readBy(requests.find(summarises) as ChatRequest);
    expect(text).toMatch(
      /^The conversation goes on:\n\nNotes of what was before: Notes: fact-1 fact-2 fact-3/,
    );
    expect(text.match(/Notes of what was before/g)).toHaveLength(1);
  });

  test('keeps the instruction that goes with the last message as well', async () => {
    const id = await full();
    const content = [{ type: 'text' as const, text: 'Answer in French.' }];
    const message = filled('fact-4');
    const requests = await requestsOf(async () => {
      await events.send(id, { events: [say(message), { type: 'system.message', content }] });
      await untilIdle(client, id);
    });
    expect(compactionsIn(await history(client, id))).toHaveLength(1);
    expect(last(requests).messages).toMatchObject([
      { role: 'user', text: expect.stringContaining(message) },
      { role: 'system', text: 'Answer in French.' },
    ]);
  });

  test('is no round of the tools', async () => {
    const strict = await startPawl({
      ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key', max_tool_rounds: '1' },
    });
    const setting = await makeArmedSetting(strict.client);
    const { id } = await openSession(strict.client, setting);
    for (const n of [1, 2, 3, 4]) await converse(strict.client, id, filled(`fact-${n}`));
    const all = await history(strict.client, id);
    expect(compactionsIn(all)).toHaveLength(1);
    expect(errorsIn(all)).toEqual([]);
    expect(last(answersIn(all))).toBe('I know fact-1 fact-2 fact-3 fact-4');
    await strict.server.close();
  });

  test('is paid for', async () => {
    const id = await full();
    const all = await converse(client, id, filled('fact-4'));
    const ends = all.flatMap((event) => (event.type === 'span.model_request_end' ? [event] : []));
    const [tooLong, ...summaries] = ends.slice(3, -1);
    expect(tooLong).toMatchObject({ is_error: true, model_usage: { input_tokens: 0 } });
    expect(summaries).toHaveLength(2);
    for (const { model_usage } of summaries) expect(model_usage.input_tokens).toBeGreaterThan(1000);
    const sum = (key: 'input_tokens' | 'output_tokens') =>
      ends.reduce((total, { model_usage }) => total + model_usage[key], 0);
    const { usage } = await client.beta.sessions.retrieve(id);
    expect(usage).toMatchObject({ input_tokens: sum('input_tokens'), output_tokens: sum('output_tokens') });
    const dollars = (sum('input_tokens') + sum('output_tokens')) / 10_000;
    expect(usage.list_cost).toEqual({ amount: String(Math.round(dollars * 100)), currency: 'USD' });
  });

  test('is found in every list of events', async () => {
    const id = await full();
    await converse(client, id, filled('fact-4'));
    const type = 'agent.thread_context_compacted';
    const { data } = await events.list(id, { types: [type] });
    expect(data).toMatchObject([
      { type, id: expect.stringMatching(/^sevt_/), processed_at: expect.any(String) },
    ]);
    const [thread] = (await client.beta.sessions.threads.list(id)).data;
    const listed = await client.beta.sessions.threads.events.list(thread?.id ?? '', { session_id: id });
    expect(listed.data.filter((event) => event.type === type)).toEqual(data);
  });
});

describe('A conversation that cannot be made to fit', () => {
  const next = filled('fact-4');

  test.each<[string, Fault, string]>([
    ['is refused', 'refusal', 'gave no summary'],
    ['is empty', { text: '' }, 'gave no summary'],
    ['is blank', { text: ' \n ' }, 'gave no summary'],
  ])('because its summary %s ends the turn, and can go on later', async (_, fault, why) => {
    const id = await full();
    model.script([null, fault]);
    const all = await converse(client, id, next);
    expect(errorsIn(all)).toMatchObject([
      {
        type: 'compaction_limit_reached_error',
        message: expect.stringContaining(why),
        retry_status: { type: 'exhausted' },
      },
    ]);
    expect(restOf(all)[1]).toBe('retries_exhausted');
    expect(compactionsIn(all)).toEqual([]);
    expect(answersIn(all)).toHaveLength(3);
    const later = await converse(client, id, 'Still there?');
    expect(last(answersIn(later))).toBe('I know fact-1 fact-2 fact-3 fact-4');
    expect(restOf(later)[1]).toBe('end_turn');
  });

  test('because summaries are no shorter ends the turn, after a few tries', async () => {
    const { id } = await openSession(client, settings.anthropic as Setting);
    for (const n of [1, 2]) await converse(client, id, filled(`fact-${n}`, 7000));
    padding = 9500;
    const requests = await requestsOf(() => converse(client, id, filled('fact-3', 7000)));
    const all = await history(client, id);
    expect(compactionsIn(all)).toHaveLength(3);
    expect(errorsIn(all)).toMatchObject([
      { type: 'compaction_limit_reached_error', message: expect.stringContaining('3 times') },
    ]);
    expect(restOf(all)[1]).toBe('retries_exhausted');
    expect(requests.length).toBeLessThan(20);
    padding = 0;
    expect(last(answersIn(await converse(client, id, 'Still there?')))).toBe('I know fact-1 fact-2 fact-3');
  });

  test('because summaries fill the window by themselves ends the turn', async () => {
    const id = await full();
    padding = 4 * window;
    const all = await converse(client, id, next);
    expect(compactionsIn(all)).toEqual([]);
    expect(errorsIn(all)).toMatchObject([
      { type: 'compaction_limit_reached_error', message: expect.stringContaining('too many requests') },
    ]);
    padding = 0;
    expect(last(answersIn(await converse(client, id, 'Still there?')))).toContain('fact-4');
  });

  test('because a single message is too long is told what the model said', async () => {
    const { id } = await openSession(client, settings.anthropic as Setting);
    const all = await converse(client, id, filled('fact-1', 5 * window));
    expect(errorsIn(all)).toMatchObject([
      {
        type: 'model_request_failed_error',
        message: expect.stringContaining('prompt is too long'),
        retry_status: { type: 'exhausted' },
      },
    ]);
    expect(typesOf(all)).toEqual([
      ...['user.message', ...resumed, 'span.model_request_end', 'session.error', ...rested],
    ]);
  });
});

describe('A model that fails in the middle of a summary', () => {
  test('is asked again, and the turn is answered', async () => {
    const id = await full();
    model.script([null, null, 529]);
    const all = await converse(client, id, filled('fact-4'));
    expect(errorsIn(all)).toMatchObject([
      { type: 'model_overloaded_error', retry_status: { type: 'retrying' } },
    ]);
    expect(compactionsIn(all)).toHaveLength(1);
    expect(last(answersIn(all))).toBe('I know fact-1 fact-2 fact-3 fact-4');
  });

  test('for good ends the turn, and the next message is answered', async () => {
    const id = await full();
    model.script([null, null, 529, 529]);
    const all = await converse(client, id, filled('fact-4'));
    expect(last(errorsIn(all))).toMatchObject({
      type: 'model_overloaded_error',
      retry_status: { type: 'exhausted' },
    });
    expect(restOf(all)[1]).toBe('retries_exhausted');
    expect(compactionsIn(all)).toEqual([]);
    const later = await converse(client, id, 'Still there?');
    expect(last(answersIn(later))).toBe('I know fact-1 fact-2 fact-3 fact-4');
  });
});

describe('In the middle of a summary', () => {
  const usage = { input_tokens: 500_000, output_tokens: 0 };
  let gated: GatedModel;
  let own: TestPawl;
  let armed: Setting;
  let send: (id: string, ...texts: string[]) => Promise<unknown>;

  beforeAll(async () => {
    gated = await startGatedModel();
    own = await startPawl({
      ...{ anthropic_base_url: gated.url, anthropic_api_key: 'upstream-key', model_prices: 'claude-*=1/1' },
    });
    armed = await makeArmedSetting(own.client);
    send = (id, ...texts) => own.client.beta.sessions.events.send(id, { events: texts.map(say) });
  });

  afterAll(async () => {
    await own.server.close();
    await gated.close();
  });

  /** A session with one turn behind it, each request of which costs 50 cents. */
  async function begun(cents: number): Promise<string> {
    const { id } = await openSession(own.client, armed, { budget: limit(cents) });
    await send(id, 'One');
    (await gated.next()).answer({ text: 'First.', usage });
    await untilIdle(own.client, id);
    return id;
  }

  test('an interrupt ends the turn, and nothing of the summary is said', async () => {
    const id = await begun(5000);
    await send(id, 'Two');
    const summary = await untilSummary(gated);
    summary.begin('Half a summary that nobody is to see');
    await history(own.client, id);
    await own.client.beta.sessions.events.send(id, { events: [{ type: 'user.interrupt' }] });
    const all = await untilIdle(own.client, id);
    expect(answersIn(all)).toEqual(['First.']);
    expect(typesOf(all).slice(-5)).toEqual(['user.interrupt', 'span.model_request_end', ...rested]);
    expect(restOf(all)[1]).toBe('end_turn');
    expect(compactionsIn(all)).toEqual([]);
    await eventually('the model left alone', summary.closed);
    await send(id, 'Three');
    const next = await gated.next();
    expect(next.messages.map(({ text }) => text)).toEqual(['One', 'First.', 'TwoThree']);
    next.answer('Done.');
    await untilIdle(own.client, id);
  });

  test('a message that comes waits for the next turn', async () => {
    const id = await begun(5000);
    await send(id, 'Two');
    const summary = await untilSummary(gated);
    await send(id, 'Three');
    summary.answer('Notes.');
    const rest = await gated.next();
    rest.answer('More notes.');
    const answered = await gated.next();
    expect(readBy(answered)).toContain('More notes.');
    expect(readBy(answered)).not.toContain('Three');
    answered.answer('Second.');
    (await gated.next()).answer('Third.');
    const all = await eventually('the third answer', async () => {
      const now = await history(own.client, id);
      return answersIn(now).at(-1) === 'Third.' && restOf(now)[1] === 'end_turn' ? now : null;
    });
    expect(answersIn(all)).toEqual(['First.', 'Second.', 'Third.']);
    expect(compactionsIn(all)).toHaveLength(1);
  });

  test('a budget that is used up by a piece holds the rest back until it is raised', async () => {
    const id = await begun(100);
    await send(id, 'Two');
    (await untilSummary(gated)).answer({ text: 'Notes.', usage });
    const spent = await untilIdle(own.client, id);
    expect(restOf(spent)[1]).toBe('budget_reached');
    expect(compactionsIn(spent)).toEqual([]);
    await own.client.beta.sessions.update(id, { budget: limit(5000) });
    (await untilSummary(gated)).answer({ text: 'Notes.', usage });
    (await gated.next()).answer({ text: 'More notes.', usage });
    (await gated.next()).answer({ text: 'Second.', usage });
    const all = await untilIdle(own.client, id);
    expect(answersIn(all)).toEqual(['First.', 'Second.']);
    expect(all.at(-2)).toMatchObject({ usage: { list_cost: { amount: '250' } } });
  });

  test('a budget that is used up by the last piece keeps the summary', async () => {
    const id = await begun(150);
    await send(id, 'Two');
    (await untilSummary(gated)).answer({ text: 'Notes.', usage });
    (await gated.next()).answer({ text: 'More notes.', usage });
    const spent = await untilIdle(own.client, id);
    expect(restOf(spent)[1]).toBe('budget_reached');
    expect(compactionsIn(spent)).toHaveLength(1);
    await own.client.beta.sessions.update(id, { budget: null });
    const next = await gated.next();
    expect(readBy(next)).toContain('More notes.');
    next.answer('Second.');
    expect(answersIn(await untilIdle(own.client, id))).toEqual(['First.', 'Second.']);
  });

  test('a summary that fails on the last cent says so in the thread, and the session that its budget is used up', async () => {
    const id = await begun(100);
    await send(id, 'Two');
    (await untilSummary(gated)).answer({ text: '', usage });
    const all = await untilIdle(own.client, id);
    expect(last(errorsIn(all))).toMatchObject({ type: 'compaction_limit_reached_error' });
    expect(restOf(all)).toEqual(['retries_exhausted', 'budget_reached']);
  });
});
