import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RolloutResponse } from '../../src/api/rollouts.ts';
import type { ShadowResponse } from '../../src/api/shadows.ts';
import { type CountedModel, plainCases, startCountedModel } from '../evals/counted-model.ts';
import {
  ask,
  type ComparisonResponse,
  type EvalRunResponse,
  finished,
  type Place,
  putDataset,
  putEval,
  startRun,
  statesOf,
} from '../evals/eval-story.ts';
import { makeTeams, talkOfMany } from '../evals/recorded-story.ts';
import { testKey } from '../pawl.ts';
import { type FreshDatabase, migratedDatabase } from '../postgres.ts';
import { newPeople } from '../release/release-story.ts';
import { countingProblems, lookProblems, looksTold, placeProblems } from '../release/rollout-recount.ts';
import { newReady, retrieveRollout, serve, startRollout, steady } from '../release/rollout-story.ts';
import { eventually, makeSetting } from '../story.ts';
import { answer, type Receiver, startReceiver } from '../webhook-receiver.ts';
import { type Member, startMember } from './member.ts';
import { lookAt, untilDutiesAreTaken } from './rows.ts';

/*
 * The goal: what goes on by itself is done once, whichever process does it. The method: one process has begun everything, a run,
 * a comparison, the looks of a rollout, a shadow and deliveries; it is killed in the middle, and another one ends it all.
 */

const patienceMs = 60_000;
const concurrency = 8;
let database: FreshDatabase;
let model: CountedModel;
let receiver: Receiver;

beforeAll(async () => {
  [database, model, receiver] = await Promise.all([migratedDatabase(), startCountedModel(), startReceiver()]);
});

afterAll(async () => {
  await model.close();
  await receiver.close();
  await database.drop();
});

const start = (): Promise<Member> =>
  startMember({
    settings: {
      ...{ database_url: database.url, anthropic_base_url: `${model.url}/l/20` },
      ...{ allow_private_webhooks: 'true' },
    },
  });

const rowsOf = (query: string) => lookAt(database.url, (rows) => rows.query(query));

async function noteLooks(): Promise<void> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query(looksTold('PostgreSQL'));
  await client.end();
}

test('what one process has begun, another one ends, and everything is done once', async () => {
  const first = await start();
  const begun: Place = { url: first.url, key: testKey };
  await untilDutiesAreTaken(database.url);
  const second = await start();
  const place: Place = { url: second.url, key: testKey };
  await noteLooks();

  // A rollout that is looked at again and again, with some traffic.
  const people = await newPeople(begun);
  const ready = await newReady(people, 'grower');
  const { id: rollout } = await startRollout(people, ready, { steps: steady(50) });
  await Promise.all(['one', 'two', 'three'].map((user) => serve(begun, ready, user)));
  await ask(begun, '/webhooks', { url: receiver.url, enabled_events: ['session.status_idled'] });
  const teams = await makeTeams({ ...begun, client: first.client });
  const shadow = await ask<ShadowResponse>(begun, '/shadows', {
    ...{ agent_id: teams.agent.id, alias: 'production', candidate_version: 2, sample: 1 },
  });
  const { agent } = await makeSetting(first.client);
  await first.client.beta.agents.update(agent.id, { version: 1, system: 'Be brief.' });
  await putDataset(begun, 'many', plainCases(60, 'many'));
  await putEval(begun, { name: 'many', agent: agent.id, dataset: 'many', concurrency });
  await putDataset(begun, 'both', plainCases(40, 'both'));
  const gate = { max_lost_cases: 0 };
  await putEval(begun, { name: 'both', agent: agent.id, dataset: 'both', concurrency, gate });

  // The sender is killed while it waits for an answer.
  receiver.react(() => {});
  const run = await startRun(begun, 'many');
  const comparison = await ask<ComparisonResponse>(begun, '/comparisons', { eval: 'both' });
  const talked = talkOfMany(second.client, teams, 10);
  const counts = () =>
    ask<EvalRunResponse>(place, `/eval_runs/${run.id}`).then(({ counts: { done } }) => done);
  await eventually('some results', async () => (await counts()) > 5, patienceMs);
  await eventually('a delivery under way', () => receiver.received.length > 0, patienceMs);
  const before = await retrieveRollout(place, rollout);
  await first.kill();
  receiver.react(answer(200));
  expect(await counts()).toBeLessThan(60);

  const done = await finished(place, run);
  expect(done.run).toMatchObject({
    status: 'completed',
    error: null,
    counts: { total: 60, done: 60, errors: 0 },
  });
  expect(new Set(done.results.map(({ case_id }) => case_id)).size).toBe(60);
  expect(done.results).toHaveLength(60);
  const end = (await statesOf<ComparisonResponse>(place, `/comparisons/${comparison.id}/stream`)).at(-1);
  expect(end).toMatchObject({ status: 'completed', verdict: 'pass', error: null });
  // What was under way is asked again, by its session and in a new one.
  const times = [...model.asked].filter(([text]) => text.includes('many'));
  expect(times.length).toBeGreaterThan(0);
  expect(times.filter(([, often]) => often > 1).length).toBeLessThanOrEqual(concurrency);
  expect(Math.max(...times.map(([, often]) => often))).toBeLessThanOrEqual(3);

  const ids = await talked;
  const shadowNow = await eventually(
    'all copied',
    async () => {
      const now = await ask<ShadowResponse>(place, `/shadows/${shadow.id}`);
      return now.candidate.turns === ids.length ? now : null;
    },
    patienceMs,
  );
  expect(shadowNow.sessions).toMatchObject({ sampled: ids.length, copied: ids.length, failed: 0 });
  const copies = await rowsOf('select copy_of from sessions where copy_of is not null');
  expect(copies.map((copy) => copy['copy_of']).toSorted()).toEqual(ids.toSorted());

  await eventually(
    'another look',
    async () => (await looksOf(place, rollout)) > before.looks + 2,
    patienceMs,
  );
  await lookAt(database.url, async (rows) => {
    // All of it as it was at one moment, since the looks go on.
    await rows.query('begin isolation level repeatable read read only');
    expect([...(await lookProblems(rows)), ...(await placeProblems(rows))]).toEqual([]);
    expect(await countingProblems(rows)).toEqual([]);
  });
  const waiting = "select id from webhook_deliveries where status <> 'delivered'";
  await eventually('all told', async () => (await rowsOf(waiting)).length === 0, patienceMs);
  const delivered = await rowsOf('select id from webhook_deliveries');
  const told = new Set(receiver.received.map(({ headers }) => headers['webhook-id']));
  expect(told.size).toBe(delivered.length);
  expect(second.complaints()).toBe('');
  await second.kill();
}, 180_000);

const looksOf = (place: Place, id: string): Promise<number> =>
  retrieveRollout(place, id).then(({ looks }: RolloutResponse) => looks);
