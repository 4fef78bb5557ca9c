import { join } from 'node:path';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import type { RolloutResponse } from '../../src/api/rollouts.ts';
import { testKey } from '../pawl.ts';
import { migratedDatabase } from '../postgres.ts';
import { newPeople } from '../release/release-story.ts';
import { countingProblems, lookProblems, looksTold } from '../release/rollout-recount.ts';
import { newReady, retrieveRollout, serve, startRollout, steady } from '../release/rollout-story.ts';
import { eventually } from '../story.ts';
import type { Member } from './member.ts';
import { lookAt } from './rows.ts';
import { type Fleet, underTraffic } from './traffic.ts';

/*
 * The goal: the clock of a machine may be set, by an hour ahead or behind, while others are right. Histories still rise, no turn
 * is lost, and no look of a rollout is taken twice. Each process is started with a clock that can be set by a signal.
 */

const steps = 3;
const patienceMs = 60_000;

test('processes whose clocks are set ahead and behind lose no turn, take no look twice, and ids and times rise', async () => {
  const database = await migratedDatabase();
  const client = new Client({ connectionString: database.url });
  const made: string[] = [];

  async function setClocks(fleet: Fleet): Promise<void> {
    const [one, other] = fleet.members();
    if (one === undefined || other === undefined) throw new Error('There are not enough processes');
    await client.connect();
    await client.query(looksTold('PostgreSQL'));
    const place = { url: one.url, key: testKey };
    const people = await newPeople(place);
    const ready = await newReady(people);
    const { id } = await startRollout(people, ready, { steps: steady(50) });
    const looks = (): Promise<number> => retrieveRollout(place, id).then((now: RolloutResponse) => now.looks);
    for (let step = 0; step < steps; step++) {
      const before = await looks();
      for (const member of step === 1 ? [other] : [one])
        await serve(place, ready, `user ${step} ${member.pid}`);
      // Nobody's clock has been set yet, or looks wait for it to come to where it was.
      if (step === 0) await eventually('another look', async () => (await looks()) > before, patienceMs);
      made.push(...(await newAgents(one)));
      one.signal('SIGUSR2');
      if (step === 1) other.signal('SIGUSR2');
      made.push(...(await newAgents(one)));
    }
  }

  const traffic = { place: { database_url: database.url }, processes: 2, sessions: 4 };
  const member = { nodeFlags: ['--import', join(import.meta.dirname, 'odd-clock.ts')] };
  const figures = await underTraffic({ ...traffic, member }, setClocks);
  expect(figures.problems).toEqual([]);
  expect(figures.turns).toBeGreaterThan(4);
  expect(made).toEqual(made.toSorted());
  const problems = await lookAt(database.url, async (rows) => [
    // When a look was due, clocks that disagree cannot tell.
    ...(await lookProblems(rows)).filter((problem) => !problem.includes('was due at')),
    ...(await countingProblems(rows)),
  ]);
  expect(problems).toEqual([]);
  await client.end();
  await database.drop();
}, 120_000);

async function newAgents({ client }: Member): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < 3; n++)
    ids.push((await client.beta.agents.create({ name: 'a', model: 'claude-test' })).id);
  return ids;
}
