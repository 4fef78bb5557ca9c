import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from './model-server.ts';
import { sdk, startPawl, type TestPawl } from './pawl.ts';
import { type FreshDatabase, migratedDatabase } from './postgres.ts';
import { answersIn, history, makeSetting, say, typesOf } from './story.ts';

/*
 * The goal: a crowd of sessions over two versions loses none and mixes none, and of a crowd of updates from one
 * version exactly one wins. The method: the model echoes the marker in its system prompt and the number in the
 * message, so that every answer says where it belongs.
 */

const total = 200;
const atATime = 20;
const plainTurn = [
  'user.message',
  'session.status_running',
  'session.thread_status_running',
  'span.model_request_start',
  'agent.message',
  'span.model_request_end',
  'session.thread_status_idle',
  'session.usage',
  'session.status_idle',
];

/** Runs the work for each number, so many at a time. */
async function crowd<T>(count: number, width: number, work: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let n = next++; n < count; n = next++) results[n] = await work(n);
    }),
  );
  return results;
}

describe.each(['memory', 'SQLite', 'PostgreSQL'])('In a crowd, on %s,', (kind) => {
  let model: ModelServer;
  let database: FreshDatabase | null = null;
  let folder: string | null = null;
  let pawl: TestPawl;

  beforeAll(async () => {
    model = await startModelServer({
      reply: ({ system, messages }) => `${system?.match(/marker-\w+/)?.[0]} ${messages.at(-1)?.text}`,
    });
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    folder = kind === 'SQLite' ? mkdtempSync(join(tmpdir(), 'pawl-scale-')) : null;
    pawl = await startPawl({
      anthropic_base_url: model.url,
      anthropic_api_key: 'upstream-key',
      model_max_retries: '0',
      ...(database === null ? {} : { database_url: database.url }),
      ...(folder === null ? {} : { data_dir: folder }),
    });
  });

  afterAll(async () => {
    await model.close();
    await pawl.server.close();
    await database?.drop();
    if (folder !== null) rmSync(folder, { recursive: true });
  });

  test(`${total} sessions are each answered by their own version`, async () => {
    const client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
    const { agent, environment_id } = await makeSetting(client, { system: 'You are marker-one.' });
    await client.beta.agents.update(agent.id, { version: 1, system: 'You are marker-two.' });
    const ids = await crowd(total, atATime, async (n) => {
      const session = await client.beta.sessions.create({
        agent: { type: 'agent', id: agent.id, version: 1 + (n % 2) },
        environment_id,
        metadata: { n: `${n}` },
      });
      const stream = await client.beta.sessions.events.stream(session.id);
      await client.beta.sessions.events.send(session.id, { events: [say(`ticket ${n}`)] });
      for await (const event of stream) if (event.type === 'session.status_idle') break;
      return session.id;
    });
    const wrong: string[] = [];
    await crowd(total, atATime, async (n) => {
      const events = await history(client, ids[n] ?? '');
      const expected = `${n % 2 === 0 ? 'marker-one' : 'marker-two'} ticket ${n}`;
      if (typesOf(events).join() !== plainTurn.join()) wrong.push(`${n}: ${typesOf(events)}`);
      if (answersIn(events)[0] !== expected) wrong.push(`${n}: ${answersIn(events)[0]}`);
      const session = await client.beta.sessions.retrieve(ids[n] ?? '');
      if (session.metadata['n'] !== `${n}` || session.status !== 'idle')
        wrong.push(`${n}: ${session.status}`);
    });
    expect(wrong).toEqual([]);
    for (const version of [1, 2]) {
      const listed: string[] = [];
      for await (const session of client.beta.sessions.list({ agent_id: agent.id, agent_version: version })) {
        listed.push(session.id);
      }
      expect(listed.toSorted()).toEqual(ids.filter((_, n) => 1 + (n % 2) === version).toSorted());
    }
  }, 60_000);

  test('of ten updates from one version one wins, and nine are told so at once', async () => {
    let requests = 0;
    const client = new Anthropic({
      baseURL: pawl.url,
      apiKey: pawl.key,
      authToken: null,
      fetch: (input, init) => {
        requests++;
        return fetch(input, init);
      },
    });
    const { agent } = await makeSetting(client);
    for (let version = 1; version <= 5; version++) {
      requests = 0;
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, n) =>
          client.beta.agents.update(agent.id, { version, system: `Round ${version}, number ${n}` }),
        ),
      );
      const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      const losers = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(winners.map(({ value }) => value.version)).toEqual([version + 1]);
      for (const { reason } of losers) expect(reason).toBeInstanceOf(Anthropic.ConflictError);
      expect(requests).toBe(10);
      expect(await client.beta.agents.retrieve(agent.id)).toEqual(winners[0]?.value);
    }
    const numbers: number[] = [];
    for await (const { version } of client.beta.agents.versions.list(agent.id, { limit: 2 }))
      numbers.push(version);
    expect(numbers).toEqual([6, 5, 4, 3, 2, 1]);
  });

  test('forty updates without a version are numbered without a gap', async () => {
    const { client } = pawl;
    const { agent } = await makeSetting(client);
    const made = await crowd(40, 20, (n) => client.beta.agents.update(agent.id, { system: `Number ${n}` }));
    const numbers = made.map(({ version }) => version).toSorted((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, n) => n + 2));
    for (const { version, system } of made) {
      expect((await client.beta.agents.retrieve(agent.id, { version })).system).toBe(system);
    }
  });
});
