import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { APIConnectionError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionResponse } from '../../src/api/wire/sessions.ts';
import { createRandom, randomBelow, randomShare } from '../../src/stats/random.ts';
import { openRows } from '../database-rows.ts';
import { type CountedModel, startCountedModel } from '../evals/counted-model.ts';
import { all, ask } from '../evals/eval-story.ts';
import { type Life, liveHere, live as startLife } from '../life.ts';
import { type FreshDatabase, migratedDatabase } from '../postgres.ts';
import { eventually, history } from '../story.ts';
import { orderProblems } from '../turn-order.ts';
import { type Receiver, startReceiver } from '../webhook-receiver.ts';
import { disagreements } from './agreement.ts';
import { movesOf, newMeasured, newPeople, type People, pathOf, peopleAt } from './release-story.ts';
import { createTale, type Tale } from './tale.ts';

/*
 * The goal: `kill -9` at any moment leaves a release either done or not begun, loses nothing that was acknowledged, and
 * everything that was under way goes on by itself. The method: a server in a process of its own is killed again and
 * again, each time after another number of requests and another fraction of a moment, while clients promote, approve,
 * reject, apply and roll back. After each kill the tables are read by somebody else than the server; then it is started
 * on them, and the clients go on from whatever they find.
 */

// On PostgreSQL, a process that was killed is missed for ten seconds.
const patienceMs = 60_000;
const busySessions = 8;

describe.each([
  ['SQLite', 3],
  ['PostgreSQL', 2],
] as const)('On %s', (kind, kills) => {
  let database: FreshDatabase | null = null;
  let folder: string;
  let model: CountedModel;
  let receiver: Receiver;

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    folder = mkdtempSync(join(tmpdir(), 'pawl-release-'));
    [model, receiver] = await Promise.all([startCountedModel(), startReceiver()]);
    model.when(({ messages }) => messages.at(-1)?.text === 'Take your time', {
      slow: { first_byte_ms: 400, between_ms: 20 },
    });
  });

  afterAll(async () => {
    await model.close();
    await receiver.close();
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  const place = () => (database === null ? { data_dir: folder } : { database_url: database.url });
  const live = (start = startLife) =>
    start({ ...place(), anthropic_base_url: `${model.url}/l/10`, allow_private_webhooks: 'true' });

  async function look<T>(question: (rows: Awaited<ReturnType<typeof openRows>>) => Promise<T>): Promise<T> {
    const rows = await openRows(place());
    try {
      return await question(rows);
    } finally {
      await rows.close();
    }
  }

  /** What a server that lives has to say about everything that was acknowledged to a tale. */
  async function expectKept({ agent_id, acknowledged }: Tale, { admin }: People, life: Life): Promise<void> {
    const moves = await movesOf(admin, agent_id);
    expect(moves).toEqual(
      expect.arrayContaining(acknowledged.moves.map((move) => expect.objectContaining(move))),
    );
    for (const [id, expected] of acknowledged.promotions) {
      const { status, reviews } = await ask<{ status: string; reviews: { id: string }[] }>(
        admin,
        `/promotions/${id}`,
      );
      expect(expected.statuses, id).toContain(status);
      expect(reviews.map((review) => review.id)).toEqual(expect.arrayContaining([...expected.reviews]));
    }
    const bad = new Set(
      moves.flatMap(({ kind, from_version }) => (kind === 'rollback' ? [from_version] : [])),
    );
    const seen = new Set<string>();
    for await (const listed of life.client.beta.sessions.list({ agent_id, limit: 100 })) {
      const { id, agent, pawl } = listed as unknown as SessionResponse;
      // Evals name versions by their numbers.
      if (pawl.alias === null) continue;
      seen.add(id);
      const stopped = bad.has(agent.version);
      await eventually(`session ${id} at rest`, async () => {
        const found = (await life.client.beta.sessions.retrieve(id)) as unknown as SessionResponse;
        return found.status === 'idle' && (found.pawl.stopped_at !== null) === stopped;
      });
      expect(orderProblems(await history(life.client, id), { stopped }), id).toEqual([]);
    }
    expect(acknowledged.sessions.filter((id) => !seen.has(id))).toEqual([]);
  }

  test(
    'releases survive kills at any moment, and are carried on to their end',
    async () => {
      const random = createRandom(kind === 'SQLite' ? 20_261 : 20_262);
      let life = await live();
      const people = await newPeople(life);
      await ask(life, '/webhooks', { url: receiver.url, enabled_events: ['*'] });
      const tales: Tale[] = [];
      for (const name of ['billing', 'triage', 'search']) {
        const measured = await newMeasured(people, { name, versions: 1, cases: 6 });
        await ask(people.releaser, pathOf(measured.agent_id), { version: 1, from: null });
        const { id } = await life.client.beta.environments.create({ name });
        tales.push(createTale(measured, { environment_id: id, sessions: busySessions }));
      }
      const asked = () => tales.reduce((sum, tale) => sum + tale.requests(), 0);
      for (let kill = 1; kill <= kills; kill++) {
        const enough = asked() + 1 + randomBelow(random, 80);
        const now = peopleAt(people, life.url);
        const told = Promise.allSettled(tales.map((tale) => tale.goOn(now)));
        await eventually(`request ${enough}`, () => asked() >= enough, patienceMs);
        await delay(randomShare(random) ** 2 * 50);
        await life.kill();
        for (const end of await told) {
          const isBroken =
            end.status === 'rejected' &&
            (end.reason instanceof TypeError || end.reason instanceof APIConnectionError);
          expect(isBroken, String(end.status === 'rejected' && end.reason?.stack)).toBe(true);
        }
        expect(await look((rows) => disagreements(rows, 'told')), `after kill ${kill}`).toEqual([]);
        life = await live(kill < kills ? startLife : liveHere);
      }
      const now = peopleAt(people, life.url);
      for (const tale of tales) await expectKept(tale, now, life);
      await Promise.all(tales.map((tale) => tale.toItsEnd(now)));
      for (const tale of tales) await expectKept(tale, now, life);
      // Otherwise the kills came too early to show anything.
      expect(tales.flatMap((tale) => tale.acknowledged.moves).length).toBeGreaterThan(kills / 2);
      const left = "select event_type from webhook_deliveries where status <> 'delivered'";
      await eventually(
        'all webhooks told',
        async () => (await look((rows) => rows.query(left))).length === 0,
        patienceMs,
      );
      const isSwept = async () => (await look((rows) => rows.query('select * from sweeps'))).length === 0;
      await eventually('all sweeps done', isSwept, patienceMs);
      expect(await look((rows) => disagreements(rows, 'told'))).toEqual([]);
      expect(await ask(now.admin, '/audit/verify')).toMatchObject({ ok: true });
      const comparisons = await all<{ status: string }>(now.admin, '/comparisons?limit=100');
      expect(comparisons.filter(({ status }) => status !== 'completed')).toEqual([]);
      await life.kill();
    },
    4 * patienceMs,
  );

  test(
    'a sweep that was cut off is finished by the next start, and interrupts each session once',
    async () => {
      const many = 60;
      let wasCutOff = false;
      for (let tries = 0; tries < 5 && !wasCutOff; tries++) {
        const first = await live();
        const environment = await first.client.beta.environments.create({ name: 'sweep' });
        const { id } = await first.client.beta.agents.create({ name: 'sweep', model: 'claude-test' });
        await first.client.beta.agents.update(id, { version: 1, system: 'two' });
        for (const version of [1, 2]) {
          await ask(first, pathOf(id, 'live'), { version, from: version === 1 ? null : 1 });
        }
        const message = {
          type: 'user.message' as const,
          content: [{ type: 'text' as const, text: 'Take your time' }],
        };
        const opened = await Promise.all(
          Array.from({ length: many }, async () => {
            const session = await first.client.beta.sessions.create({
              agent: `${id}@live`,
              environment_id: environment.id,
            });
            await first.client.beta.sessions.events.send(session.id, { events: [message] });
            return session.id;
          }),
        );
        await ask(first, `${pathOf(id, 'live')}/rollback`, { running: 'interrupt' });
        await first.kill();
        const stopped = `select id from sessions where agent_id = '${id}' and stopped_at is not null`;
        const before = (await look((rows) => rows.query(stopped))).length;
        const left = (await look((rows) => rows.query(`select * from sweeps where agent_id = '${id}'`)))
          .length;
        wasCutOff = before < many;
        expect(left).toBeGreaterThanOrEqual(wasCutOff ? 1 : 0);

        const second = await live(liveHere);
        await eventually(
          'the sweep done',
          async () => (await look((rows) => rows.query('select * from sweeps'))).length === 0,
          patienceMs,
        );
        expect(await look((rows) => rows.query(stopped))).toHaveLength(many);
        for (const session of opened) {
          const events = await eventually(
            `session ${session} at rest`,
            async () => {
              const { status } = await second.client.beta.sessions.retrieve(session);
              return status === 'idle' && history(second.client, session);
            },
            patienceMs,
          );
          expect(orderProblems(events, { stopped: true })).toEqual([]);
          expect(events.filter(({ type }) => type === 'user.interrupt').length).toBeLessThanOrEqual(1);
        }
        await second.kill();
      }
      expect(wasCutOff).toBe(true);
    },
    2 * patienceMs,
  );
});
