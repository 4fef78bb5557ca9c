import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { APIConnectionError } from '@anthropic-ai/sdk';
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AliasResponse } from '../../src/api/aliases.ts';
import type { RolloutEventResponse, RolloutResponse } from '../../src/api/rollouts.ts';
import type { SessionResponse } from '../../src/api/wire/sessions.ts';
import { createRandom, randomBelow, randomShare } from '../../src/stats/random.ts';
import { openRows } from '../database-rows.ts';
import { type CountedModel, startCountedModel } from '../evals/counted-model.ts';
import { all, ask, type Place } from '../evals/eval-story.ts';
import { type Life, liveHere, live as startLife } from '../life.ts';
import { sdk } from '../pawl.ts';
import { type FreshDatabase, migratedDatabase } from '../postgres.ts';
import { eventually, say, untilIdle } from '../story.ts';
import { type Receiver, startReceiver } from '../webhook-receiver.ts';
import { disagreements } from './agreement.ts';
import { newPeople, type People, pathOf, peopleAt } from './release-story.ts';
import { countingProblems, lookProblems, looksTold, placeProblems, recount } from './rollout-recount.ts';
import { eventsOf, forLong, newReady, type Ready, startRollout } from './rollout-story.ts';

/*
 * The goal: `kill -9` at any moment leaves a rollout where it was, and it goes on from there by itself: no look is taken
 * twice for one time that it was due, no session is counted twice, nobody changes sides but as the canary grows, and
 * what takes itself back does so once. The method: a server in a process of its own is killed again and again, each time
 * after another number of failures and another fraction of a moment, under the traffic of users with keys. One rollout
 * grows, one is held by a person, and one has a candidate that fails and is tried again whenever it was rolled back.
 * After each kill the tables are read by somebody else than the server, who counts everything anew; every look has left
 * a row there of its own, by a trigger.
 */

const patienceMs = 60_000;

describe.each([
  ['SQLite', 2],
  ['PostgreSQL', 1],
] as const)('On %s', (kind, kills) => {
  let database: FreshDatabase | null = null;
  let folder: string;
  let model: CountedModel;
  let receiver: Receiver;
  let failures = 0;
  let users = 0;

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    folder = mkdtempSync(join(tmpdir(), 'pawl-rollouts-'));
    [model, receiver] = await Promise.all([startCountedModel(), startReceiver()]);
    model.when(
      ({ system, messages }) => {
        const text = messages.at(-1)?.text ?? '';
        const isBad = system === 'breaker 2' && text.startsWith('Hello');
        if (isBad) failures++;
        return isBad || text.startsWith('Hello from unlucky');
      },
      { status: 400 },
    );
  });

  afterAll(async () => {
    await model.close();
    await receiver.close();
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  const place = () => (database === null ? { data_dir: folder } : { database_url: database.url });
  const live = (start = startLife) => {
    const settings = {
      anthropic_base_url: model.url,
      allow_private_webhooks: 'true',
      model_max_retries: '0',
    };
    return start({ ...place(), ...settings });
  };

  async function look<T>(question: (rows: Awaited<ReturnType<typeof openRows>>) => Promise<T>): Promise<T> {
    const rows = await openRows(place());
    try {
      return await question(rows);
    } finally {
      await rows.close();
    }
  }

  /** Runs statements as whoever has the database's password can. */
  async function execute(statements: string): Promise<void> {
    if (database === null) {
      const file = new Sqlite(join(folder, 'pawl.db'));
      file.exec(statements);
      file.close();
      return;
    }
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(statements);
    await client.end();
  }

  /** A user who comes again, and gets what the last session got, or the candidate as the canary grew. */
  async function serve(
    { url, key }: Place,
    ready: Ready,
    { visits, acknowledged }: { readonly visits: number; readonly acknowledged: SessionResponse[] },
  ): Promise<void> {
    const client = sdk(url, key, { maxRetries: 0 });
    const number = users++;
    const user = `${visits > 1 && number % 5 === 0 ? 'unlucky' : 'user'} ${number}`;
    for (let visit = 1; visit <= visits; visit++) {
      const made = await client.beta.sessions.create({
        agent: `${ready.agent_id}@production`,
        environment_id: ready.environment_id,
        metadata: { targeting_key: user },
      });
      acknowledged.push(made as unknown as SessionResponse);
      // What a session has come to is counted anew after each turn.
      for (let message = 1; message <= visits; message++) {
        await client.beta.sessions.events.send(made.id, { events: [say(`Hello from ${user}`)] });
        await untilIdle(client, made.id);
      }
    }
  }

  /** Lets the alias go and tries again, whenever the candidate that fails was rolled back. */
  async function insist({ releaser }: People, { agent_id }: Ready): Promise<void> {
    const { rollout, hold } = await ask<AliasResponse>(releaser, pathOf(agent_id));
    if (rollout !== null) return void (await delay(10));
    if (hold !== null) await ask(releaser, `${pathOf(agent_id)}/release`, {});
    const tried = await all<RolloutResponse>(releaser, `/rollouts?agent_id=${agent_id}&limit=100`);
    const last = tried.toSorted((a, b) => (a.created_at < b.created_at ? -1 : 1)).at(-1);
    await ask(releaser, `/rollouts/${last?.id}/retry`, {});
  }

  test(
    'rollouts survive kills at any moment, and go on by themselves',
    async () => {
      const random = createRandom(kind === 'SQLite' ? 20_263 : 20_264);
      let life = await live(liveHere);
      const people = await newPeople(life);
      await ask(life, '/webhooks', { url: receiver.url, enabled_events: ['*'] });
      const [grower, keeper, breaker] = await Promise.all([
        newReady(people, 'grower'),
        newReady(people, 'keeper'),
        newReady(people, 'breaker'),
      ]);
      await life.kill();
      await execute(looksTold(kind));

      life = await live();
      let now = peopleAt(people, life.url);
      const fields = { look_seconds: 0.1, guardrails: [{ metric: 'failures', margin: 0.5 }], signals: [] };
      const weights = [50, 55, 60, 65, 70, 75];
      const steps = weights.map((weight) => ({ weight, min_seconds: 0, min_sessions: 1 }));
      const growing = await startRollout(now, grower, {
        ...fields,
        // Of the unlucky, who are in both arms, more may come to the canary at first.
        alpha: 0.0001,
        steps: [...steps, { weight: 80, ...forLong }, { weight: 100 }],
      });
      const kept = await startRollout(now, keeper, {
        ...fields,
        steps: [{ weight: 40, min_seconds: 0, min_sessions: 0 }, { weight: 100 }],
        guardrails: [{ metric: 'tokens', margin: 9 }],
      });
      await ask(now.releaser, `/rollouts/${kept.id}/pause`, { reason: 'to be kept' });
      await startRollout(now, breaker, { ...fields, steps: [{ weight: 50, ...forLong }, { weight: 100 }] });
      const acknowledged: SessionResponse[] = [];
      const read = () => look((rows) => rows.query('select * from rollouts order by created_at, id'));
      const standing = async () =>
        (await read()).find(({ id }) => id === kept.id) as Readonly<Record<string, unknown>>;
      const before = await standing();

      for (let kill = 1; kill <= kills; kill++) {
        const enough = failures + 16 + randomBelow(random, 16);
        const loops = [grower, grower, keeper, breaker, breaker, breaker, breaker].map(
          (ready) => () => serve(life, ready, { visits: ready === breaker ? 1 : 2, acknowledged }),
        );
        const told = Promise.allSettled([...loops, () => insist(now, breaker)].map(forEver));
        await eventually(`failure ${enough}`, () => failures >= enough, patienceMs);
        await delay(randomShare(random) * 100);
        const known = await eventsOf(now.admin, growing.id).catch((): RolloutEventResponse[] => []);
        await life.kill();
        for (const end of await told) {
          const isBroken =
            end.status === 'rejected' &&
            (end.reason instanceof TypeError || end.reason instanceof APIConnectionError);
          expect(isBroken, String(end.status === 'rejected' && end.reason?.stack)).toBe(true);
        }
        const problems = async () =>
          look(async (rows) => [
            ...(await disagreements(rows, 'told')),
            ...(await countingProblems(rows)),
            ...(await lookProblems(rows)),
            ...(await placeProblems(rows)),
          ]);
        expect(await problems(), `after kill ${kill}`).toEqual([]);
        const left = await read();
        life = await live(kill < kills ? startLife : liveHere);
        now = peopleAt(people, life.url);
        for (const row of left) {
          const found = await ask<RolloutResponse>(now.admin, `/rollouts/${row['id']}`);
          // It may have gone on in the meantime, and says so if it has.
          const since = (await eventsOf(now.admin, found.id)).slice(Number(row['events']));
          if (since.every(({ event }) => event === 'look')) {
            const { status, step, weight } = row;
            const there = { status, step: Number(step) + 1, weight: Number(weight) / 100 };
            expect(found).toMatchObject(there);
          }
          expect(found.looks).toBeGreaterThanOrEqual(Number(row['looks']));
        }
        expect((await eventsOf(now.admin, growing.id)).slice(0, known.length)).toEqual(known);
        const { status, step, weight, salt, pause } = await standing();
        expect({ status, step, weight, salt, pause }).toEqual({
          ...{ status: 'paused', step: 0, weight: 4000, salt: before['salt'], pause: before['pause'] },
        });
      }

      await expectKept(life, acknowledged);
      const open = [growing.id, kept.id];
      const unseen = `select id from sessions where unseen = 1 and rollout_id in ('${open.join("', '")}')`;
      await eventually(
        'everybody counted',
        async () => (await look((rows) => rows.query(unseen))).length === 0,
      );
      const left = "select event_type from webhook_deliveries where status <> 'delivered'";
      await eventually(
        'all webhooks told',
        async () => (await look((rows) => rows.query(left))).length === 0,
      );
      expect(await ask(now.admin, '/audit/verify')).toMatchObject({ ok: true });
      await life.kill();
      await look(async (rows) => {
        expect([...(await disagreements(rows, 'told')), ...(await countingProblems(rows))]).toEqual([]);
        expect([...(await lookProblems(rows)), ...(await placeProblems(rows))]).toEqual([]);
        for (const id of open) {
          const { found, expected } = await recount(rows, id);
          expect(found, id).toEqual(expected);
        }
        const ends = await rows.query("select status, step from rollouts where status = 'rolled_back'");
        const why = "select id from webhook_deliveries where event_type = 'rollout.guardrail_broken'";
        expect(await rows.query(why)).toHaveLength(ends.length);
        // Otherwise the kills came too early to show anything.
        expect(ends.length).toBeGreaterThan(kills / 2);
        const grown = await rows.query(`select step from rollouts where id = '${growing.id}'`);
        expect(Number(grown[0]?.['step'])).toBeGreaterThan(0);
      });
    },
    4 * patienceMs,
  );

  /** What was acknowledged is there, in the arm that it was put in, and comes to rest. */
  async function expectKept({ client }: Life, acknowledged: readonly SessionResponse[]): Promise<void> {
    expect(acknowledged.length).toBeGreaterThan(50);
    const busy = "select id from sessions where status in ('running', 'rescheduling') or queued > 0";
    await eventually('all at rest', async () => (await look((rows) => rows.query(busy))).length === 0);
    const rows = await look((database) => database.query('select id, arm, weight, rollout_id from sessions'));
    const there = new Map(rows.map((row) => [row['id'], row]));
    for (const { id, pawl } of acknowledged) {
      const { rollout } = pawl;
      expect(there.get(id)).toMatchObject({
        ...{ arm: rollout?.arm ?? null, rollout_id: rollout?.id ?? null },
        weight: rollout === null ? null : Math.round(rollout.weight * 100),
      });
    }
    const last = acknowledged.at(-1);
    expect(await client.beta.sessions.retrieve(last?.id ?? '')).toMatchObject({ status: 'idle' });
  }
});

async function forEver(work: () => Promise<void>): Promise<never> {
  for (;;) await work();
}
