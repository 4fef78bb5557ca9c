import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRows } from './database-rows.ts';
import { startGatedModel } from './gated-model.ts';
import { type Life, live, liveHere } from './life.ts';
import { startModelServer } from './model-server.ts';
import { type FreshDatabase, migratedDatabase } from './postgres.ts';
import { joined, requestProblems } from './request-shape.ts';
import {
  answersIn,
  errorOf,
  eventually,
  history,
  openSession,
  type SessionEvent,
  say,
  typesOf,
  untilIdle,
} from './story.ts';
import { answerTo, askedIn, callsIn, makeArmedSetting, untilAsked } from './tool-story.ts';
import { orderProblems } from './turn-order.ts';

/*
 * The goal: a turn that waits for the user's tools, or has just got their answers, survives `kill -9`: nobody is asked
 * twice, no answer is lost or taken twice. The method is that of crash.test.ts.
 */

const gapless =
  'select session_id from events group by session_id having count(*) <> max(seq) or min(seq) <> 1';

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let folder: string;
  let place: Record<string, string>;

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    folder = mkdtempSync(join(tmpdir(), 'pawl-crash-tools-'));
    place = database === null ? { data_dir: folder } : { database_url: database.url };
  });

  afterAll(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  async function rowsOf(query: string): Promise<unknown> {
    const rows = await openRows(database === null ? { data_dir: folder } : { database_url: database.url });
    const found = await rows.query(query);
    await rows.close();
    return found;
  }

  const calls = [
    { name: 'look_up', input: { id: 1 } },
    { name: 'clock', input: {} },
  ];
  const resultsIn = (all: readonly SessionEvent[]) =>
    all.flatMap((event) => (event.type === 'user.custom_tool_result' ? [event] : []));

  test('a session is as it was, whether it waited for answers or had just got them', async () => {
    const gated = await startGatedModel();
    // As many rounds as the turns have: a request that is made again because of a crash is not another one.
    const settings = { ...place, anthropic_base_url: gated.url, max_tool_rounds: '2' };
    const first = await live(settings);
    const setting = await makeArmedSetting(first.client);
    const { events } = first.client.beta.sessions;
    const begin = async () => {
      const { id } = await openSession(first.client, setting);
      await events.send(id, { events: [say('Look.')] });
      return { id, request: await gated.next() };
    };
    /** A session that waits for two answers. */
    const asking = async () => {
      const { id, request } = await begin();
      request.answer({ text: 'Looking.', calls });
      return { id, asked: await untilAsked(first.client, id, 2) };
    };
    const both = (asked: readonly string[]) => asked.map((id, n) => answerTo(id, `answer ${n}`));

    const waiting = await asking();
    const half = await asking();
    await events.send(half.id, { events: both(half.asked).slice(1) });
    const queued = await asking();
    await events.send(queued.id, { events: [say('Thanks.')] });
    const answered = await asking();
    await events.send(answered.id, { events: both(answered.asked) });
    const cut = await gated.next();
    cut.begin('A reply that is cut short');
    const calling = await begin();
    calling.request.begin({ text: 'Looking.', calls });
    const before = new Map<string, SessionEvent[]>();
    for (const { id } of [waiting, half, queued]) before.set(id, await history(first.client, id));
    await first.kill();

    // Killed again in the middle of taking up.
    const second = await live(settings);
    expect([2, null]).toContain(second.took);
    await gated.next();
    await gated.next();
    await second.kill();
    const third = await liveHere(settings);
    expect([2, null]).toContain(third.took);
    const { client } = third;
    for (const [id, all] of before) expect(await history(client, id)).toEqual(all);
    const again = [await gated.next(), await gated.next()];
    const withResults = again.find(({ messages }) => messages.at(-1)?.results.length === 2);
    const withNone = again.find(({ messages }) => messages.at(-1)?.results.length === 0);
    expect(withResults?.messages.at(-1)?.results).toEqual(
      answered.asked.map((id, n) => ({ id, text: `answer ${n}` })),
    );
    withResults?.answer('Done.');
    withNone?.answer({ text: 'Looking.', calls });

    /** Answers what a session still asks, lets the model finish, and gives the whole history. */
    const finish = async (id: string, left: readonly string[]): Promise<SessionEvent[]> => {
      await client.beta.sessions.events.send(id, { events: left.map((call) => answerTo(call, 'late')) });
      const request = await gated.next();
      expect(requestProblems('anthropic', request.body)).toEqual([]);
      request.answer('Done.');
      return eventually(`the turn of ${id}`, async () => {
        const all = await history(client, id);
        return answersIn(all).includes('Done.') ? all : null;
      });
    };
    const [one = '', other = ''] = half.asked;
    const twice = client.beta.sessions.events.send(half.id, { events: [answerTo(other, 'again')] });
    expect(await errorOf(twice)).toMatchObject({ status: 400 });
    const ends = [
      await finish(waiting.id, waiting.asked),
      await finish(half.id, [one]),
      await finish(calling.id, await untilAsked(client, calling.id, 2)),
      await untilIdle(client, answered.id),
    ];
    for (const all of ends) {
      expect(orderProblems(all)).toEqual([]);
      expect(callsIn(all)).toHaveLength(2);
      expect(resultsIn(all)).toHaveLength(2);
      expect(answersIn(all)).toEqual(['Looking.', 'Done.']);
    }
    await finish(queued.id, queued.asked);
    const thanked = await gated.next();
    expect(thanked.messages.at(-1)?.text).toBe('Thanks.');
    thanked.answer('Welcome.');
    const all = await eventually('the queued turn', async () => {
      const now = await history(client, queued.id);
      return answersIn(now).at(-1) === 'Welcome.' ? now : null;
    });
    expect(orderProblems(all)).toEqual([]);
    await third.kill();
    await gated.close();
    expect(await rowsOf(gapless)).toEqual([]);
    expect(await rowsOf('select 1 from inbox')).toEqual([]);
  });

  test('under load, every answer that was acknowledged is there once, and every turn comes to its end', async () => {
    const upstream = await startModelServer({
      reply: ({ messages }) => {
        const rounds = messages.filter((message) => message.results.length > 0).length;
        const turns = messages.filter(({ role, text }) => role === 'user' && text !== '').length;
        return rounds < 2 * turns ? { text: 'Looking.', calls } : 'Done.';
      },
    });
    const settings = { ...place, anthropic_base_url: upstream.url };
    const sessions = new Set<string>();
    const sent = new Set<string>();

    /** Answers what a session asks, in one request or in two, until it asks no more. */
    async function serve(client: Anthropic, id: string): Promise<SessionEvent[]> {
      for (let round = 1; round < 20; round++) {
        const all = await untilIdle(client, id);
        const asked = askedIn(all);
        if (asked === null) return all;
        const answers = asked.map((call) => answerTo(call, `answer to ${call}`));
        const parts = round % 2 === 0 ? [answers] : answers.map((answer) => [answer]);
        for (const events of parts) {
          const { data } = await client.beta.sessions.events.send(id, { events });
          for (const event of data ?? []) sent.add(event.id);
        }
      }
      throw new Error(`Session ${id} asks and asks`);
    }

    async function work({ client }: Life): Promise<never> {
      const setting = await makeArmedSetting(client);
      for (;;) {
        const { id } = await openSession(client, setting);
        sessions.add(id);
        for (const text of ['Look.', 'Look again.']) {
          const { data } = await client.beta.sessions.events.send(id, { events: [say(text)] });
          for (const event of data ?? []) sent.add(event.id);
          await serve(client, id);
        }
      }
    }

    for (let round = 1; round <= 2; round++) {
      const life = await live(settings);
      const before = sent.size;
      const broken = Promise.allSettled(Array.from({ length: 4 }, () => work(life)));
      await eventually('enough load', () => sent.size - before >= 30);
      await life.kill();
      for (const { status } of await broken) expect(status).toBe('rejected');
    }

    const life = await liveHere(settings);
    const seen = new Map<string, number>();
    for (const id of sessions) {
      const found = await history(life.client, id);
      if (found.length === 0) continue;
      const all = await serve(life.client, id);
      expect(orderProblems(all), id).toEqual([]);
      for (const event of all) seen.set(event.id, (seen.get(event.id) ?? 0) + 1);
      const answered = resultsIn(all).map((result) => result.custom_tool_use_id);
      expect(answered.toSorted()).toEqual(
        callsIn(all)
          .map((call) => call.id)
          .toSorted(),
      );
      const turns = typesOf(all).filter((type) => type === 'user.message').length;
      expect(answersIn(all).filter((text) => text === 'Done.')).toHaveLength(turns);
      expect(callsIn(all)).toHaveLength(4 * turns);
    }
    expect([...sent].filter((id) => seen.get(id) !== 1)).toEqual([]);
    for (const { read, body } of upstream.requests) {
      expect(requestProblems('anthropic', body)).toEqual([]);
      const results = joined(read.messages).flatMap((message) => message.results);
      for (const { id, text } of results) expect(text).toBe(`answer to ${id}`);
    }
    await life.kill();
    await upstream.close();
    expect(await rowsOf(gapless)).toEqual([]);
    expect(await rowsOf('select 1 from inbox')).toEqual([]);
  });
});
