import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DatabaseInUseError } from '../src/store/dialect.ts';
import { takeOwnership } from '../src/store/ownership.ts';
import { openRows } from './database-rows.ts';
import { type GatedModel, startGatedModel } from './gated-model.ts';
import { live, liveHere } from './life.ts';
import { startModelServer } from './model-server.ts';
import { type FreshDatabase, migratedDatabase } from './postgres.ts';
import {
  answersIn,
  eventually,
  history,
  makeSetting,
  openSession,
  say,
  typesOf,
  untilIdle,
} from './story.ts';
import { orderProblems } from './turn-order.ts';

/*
 * The goal: what a call acknowledged survives `kill -9`, and every session that was at work is taken up again,
 * without an event lost or doubled. The method: a server in a process of its own, killed under load and in each of
 * the states that a turn can be in, then started again on the same database; the model lives on in this process.
 */

const gapless =
  'select session_id from events group by session_id having count(*) <> max(seq) or min(seq) <> 1';

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let folder: string;
  const model = { server: null as GatedModel | null };
  let place: Record<string, string>;

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    folder = mkdtempSync(join(tmpdir(), 'pawl-crash-'));
    place = database === null ? { data_dir: folder } : { database_url: database.url };
  });

  afterAll(async () => {
    await model.server?.close();
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  async function rowsOf(query: string): Promise<unknown> {
    const rows = await openRows(database === null ? { data_dir: folder } : { database_url: database.url });
    const found = await rows.query(query);
    await rows.close();
    return found;
  }

  test('nothing that was acknowledged under load is lost, and nothing happens twice', async () => {
    const upstream = await startModelServer({ reply: ({ messages }) => `Reply to ${messages.at(-1)?.text}` });
    let requests = 0;
    upstream.when(() => ++requests % 7 === 0, { status: 529, retry_after_ms: 600 });
    upstream.when(() => requests % 3 === 0, { slow: { first_byte_ms: 100, between_ms: 20 } });
    const settings = { ...place, anthropic_base_url: upstream.url };
    const versions = new Map<string, string>();
    const sessions = new Set<string>();
    const sent = new Map<string, string>();
    let acknowledged = 0;

    /** Works until the connection breaks, and notes what was acknowledged. */
    async function work(client: Anthropic, name: string): Promise<void> {
      const { agent, environment_id } = await makeSetting(client, { system: name });
      versions.set(`${agent.id} 1`, name);
      for (let n = 2; n < 100; n++) {
        const updated = await client.beta.agents.update(agent.id, { system: `${name} ${n}` });
        versions.set(`${agent.id} ${updated.version}`, `${name} ${n}`);
        const session = await client.beta.sessions.create({ agent: agent.id, environment_id });
        sessions.add(session.id);
        for (const text of ['a', 'b', 'c']) {
          const interrupt = n % 5 === 0 && text === 'c' ? [{ type: 'user.interrupt' as const }] : [];
          const { data } = await client.beta.sessions.events.send(session.id, {
            events: [...interrupt, say(`${name} ${n} ${text}`)],
          });
          for (const event of data ?? []) sent.set(event.id, session.id);
          acknowledged++;
        }
      }
    }

    for (let round = 1; round <= 2; round++) {
      const life = await live(settings);
      const before = acknowledged;
      const workers = Array.from({ length: 6 }, (_, n) => work(life.client, `round ${round} worker ${n}`));
      const broken = Promise.allSettled(workers);
      await eventually('enough load', () => acknowledged - before >= 40);
      await life.kill();
      for (const { status } of await broken) expect(status).toBe('rejected');
    }

    const life = await liveHere(settings);
    const { client } = life;
    expect(life.took).not.toBe(0);
    const listed: string[] = [];
    for await (const session of client.beta.sessions.list({ limit: 100 })) listed.push(session.id);
    expect([...sessions].filter((id) => !listed.includes(id))).toEqual([]);
    const problems: string[] = [];
    const seen = new Map<string, number>();
    for (const id of listed) {
      const quiet = await eventually(`session ${id} at rest`, async () => {
        const session = await client.beta.sessions.retrieve(id);
        return session.status === 'idle' ? session : null;
      });
      const events = await history(client, id);
      problems.push(...orderProblems(events).map((problem) => `${id}: ${problem}`));
      for (const event of events) seen.set(event.id, (seen.get(event.id) ?? 0) + 1);
      const tokens = events.reduce(
        (sum, event) => sum + (event.type === 'span.model_request_end' ? event.model_usage.output_tokens : 0),
        0,
      );
      if (quiet.usage.output_tokens !== tokens) problems.push(`${id}: usage does not add up`);
    }
    expect(problems).toEqual([]);
    expect([...sent.keys()].filter((id) => seen.get(id) !== 1)).toEqual([]);
    for (const [key, system] of versions) {
      const [id = '', version] = key.split(' ');
      const found = await client.beta.agents.retrieve(id, { version: Number(version) });
      if (found.system !== system) problems.push(`${key} is not what was acknowledged`);
    }
    await life.kill();
    await upstream.close();
    expect(problems).toEqual([]);
    expect(await rowsOf(gapless)).toEqual([]);
    expect(await rowsOf('select 1 from inbox')).toEqual([]);
    const gaps = 'select agent_id from agent_versions group by agent_id having count(*) <> max(version)';
    expect(await rowsOf(gaps)).toEqual([]);
  });

  test('a session is taken up from whatever state it was killed in', async () => {
    const gated = await startGatedModel();
    model.server = gated;
    const settings = { ...place, anthropic_base_url: gated.url, max_turns: '1' };
    const first = await live(settings);
    const setting = await makeSetting(first.client);
    const open = async () => (await openSession(first.client, setting)).id;
    const send = (
      client: Anthropic,
      id: string,
      ...events: Parameters<typeof client.beta.sessions.events.send>[1]['events']
    ) => client.beta.sessions.events.send(id, { events });
    const interrupt = { type: 'user.interrupt' } as const;

    // One turn at a time: `asking` holds the place, and the others wait behind it as they are.
    const [idle, archived, asking, waiting, withQueue, interrupted, replaced] = await Promise.all(
      Array.from({ length: 7 }, open),
    );
    const ids = { idle, archived, asking, waiting, withQueue, interrupted, replaced } as Record<
      string,
      string
    >;
    const id = (name: string) => ids[name] ?? '';
    await send(first.client, id('idle'), say('idle'));
    (await gated.next()).answer('Done before.');
    await untilIdle(first.client, id('idle'));
    await first.client.beta.sessions.archive(id('archived'));
    await send(first.client, id('asking'), say('asking'));
    const cut = await gated.next();
    cut.begin('A reply that is cut short');
    for (const name of ['waiting', 'withQueue', 'interrupted', 'replaced'])
      await send(first.client, id(name), say(name));
    const queued = await send(first.client, id('withQueue'), say('queued'));
    await send(first.client, id('interrupted'), interrupt);
    await send(first.client, id('replaced'), interrupt, say('instead'));
    // An interrupt is let past those who wait for their turn.
    await untilIdle(first.client, id('interrupted'));
    await first.kill();
    await eventually('the request to be given up', cut.closed);

    // Killed again in the middle of taking up.
    const second = await live(settings);
    expect([4, null]).toContain(second.took);
    await gated.next();
    await second.kill();

    const third = await live({ ...settings, max_turns: '10' });
    expect([4, null]).toContain(third.took);
    const asked: string[] = [];
    const turns = 5;
    for (let n = 0; n < turns; n++) {
      const request = await gated.next();
      const text = request.messages.at(-1)?.text ?? '';
      asked.push(text);
      request.answer(`Reply to ${text}`);
    }
    const order = async (name: string) => {
      const events = await untilIdle(third.client, id(name));
      expect(orderProblems(events), name).toEqual([]);
      return events;
    };
    expect(answersIn(await order('idle'))).toEqual(['Done before.']);
    expect((await third.client.beta.sessions.retrieve(id('archived'))).status).toBe('terminated');
    expect(answersIn(await order('asking'))).toEqual(['Reply to asking']);
    expect(answersIn(await order('waiting'))).toEqual(['Reply to waiting']);
    await eventually(
      'the second turn',
      async () => answersIn(await history(third.client, id('withQueue'))).length === 2,
    );
    const both = await order('withQueue');
    expect(answersIn(both)).toEqual(['Reply to withQueue', 'Reply to queued']);
    expect(both.filter((event) => event.id === queued.data?.[0]?.id)).toHaveLength(1);
    expect(answersIn(await order('interrupted'))).toEqual([]);
    expect((await order('interrupted')).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    expect(answersIn(await order('replaced'))).toEqual(['Reply to replacedinstead']);
    expect(asked.toSorted()).toEqual(['asking', 'queued', 'replacedinstead', 'waiting', 'withQueue']);
    await third.kill();
    const fourth = await liveHere(settings);
    expect([0, null]).toContain(fourth.took);
    await fourth.kill();
    await gated.close();
    model.server = null;
    expect(await rowsOf(gapless)).toEqual([]);
  });

  test('a session that was killed between two tries is tried again', async () => {
    const upstream = await startModelServer({ reply: () => 'At last.' });
    upstream.script([
      { status: 529, retry_after: 30 },
      { status: 529, retry_after: 30 },
    ]);
    const settings = { ...place, anthropic_base_url: upstream.url };
    const first = await live(settings);
    const { id } = await openSession(first.client, await makeSetting(first.client));
    const resting = (client: Anthropic) =>
      eventually(
        'rescheduling',
        async () => (await client.beta.sessions.retrieve(id)).status === 'rescheduling',
      );
    await first.client.beta.sessions.events.send(id, { events: [say('Hi')] });
    await resting(first.client);
    await first.kill();
    const second = await live(settings);
    expect([1, null]).toContain(second.took);
    await eventually('the second try', () => upstream.requests.length === 2);
    await resting(second.client);
    const { data } = await second.client.beta.sessions.events.send(id, { events: [say('Still there?')] });
    await second.kill();
    const third = await liveHere(settings);
    await eventually('both turns', async () => {
      const types = typesOf(await history(third.client, id));
      return types.filter((type) => type === 'session.status_idle').length === 2;
    });
    const events = await untilIdle(third.client, id);
    expect(orderProblems(events)).toEqual([]);
    expect(answersIn(events)).toEqual(['At last.', 'At last.']);
    expect(events.filter((event) => event.id === data?.[0]?.id)).toHaveLength(1);
    expect(events.filter((event) => event.type === 'session.status_rescheduled')).toHaveLength(2);
    await third.kill();
    await upstream.close();
  });
});

describe('When PostgreSQL drops every connection', () => {
  let database: FreshDatabase;
  let killer: Client;

  beforeEach(async () => {
    database = await migratedDatabase();
    killer = new Client({ connectionString: database.url });
    await killer.connect();
  });

  afterEach(async () => {
    await killer.end();
    await database.drop();
  });

  const dropAll = () =>
    killer.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where pid <> pg_backend_pid() and datname = current_database()`);

  test('that costs the requests under way, and neither the server nor anything acknowledged', async () => {
    const upstream = await startModelServer({ reply: () => 'An answer.' });
    upstream.when(() => true, { slow: { first_byte_ms: 50, between_ms: 20 } });
    const life = await live({ database_url: database.url, anthropic_base_url: upstream.url });
    const { client } = life;
    const setting = await makeSetting(client);
    const acknowledged: string[] = [];
    const statuses = new Set<number>();
    let over = false;
    const load = Array.from({ length: 5 }, async () => {
      while (!over && life.alive()) {
        await openSession(client, setting)
          .then(async ({ id }) => {
            await client.beta.sessions.events.send(id, { events: [say('Hi')] });
            acknowledged.push(id);
          })
          .catch((error: { status?: number }) => statuses.add(error.status ?? 0));
      }
    });
    for (let round = 1; round <= 4; round++) {
      await eventually('more load', () => !life.alive() || acknowledged.length >= round * 15);
      await dropAll();
    }
    over = true;
    await Promise.all(load);
    expect(life.alive()).toBe(true);
    expect([...statuses].filter((status) => status !== 500 && status !== 529)).toEqual([]);
    for (const id of acknowledged) {
      const events = await eventually(`session ${id} idle`, async () => {
        try {
          const { status } = await client.beta.sessions.retrieve(id);
          return status === 'idle' ? await history(client, id) : null;
        } catch (error) {
          // A connection that was dropped is found out by whoever uses it next.
          if (error instanceof Anthropic.APIError && error.status === 529) return null;
          throw error;
        }
      });
      expect(orderProblems(events)).toEqual([]);
      expect(answersIn(events)).toEqual(['An answer.']);
    }
    await life.kill();
    await upstream.close();
  });

  test('the server still keeps those out who want the database for themselves', async () => {
    const first = await live({ database_url: database.url });
    await dropAll();
    await eventually('its share to be its own again', () =>
      takeOwnership(database.url, 'alone').then(
        (ownership) => ownership.release().then(() => false),
        (error: unknown) => error instanceof DatabaseInUseError,
      ),
    );
    await first.kill();
  });
});
