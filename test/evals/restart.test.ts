import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { live, liveHere } from '../life.ts';
import { migratedDatabase } from '../postgres.ts';
import { eventually, makeSetting } from '../story.ts';
import { type CountedModel, plainCases, startCountedModel } from './counted-model.ts';
import {
  ask,
  type ComparisonResponse,
  type EvalRunResponse,
  finished,
  putDataset,
  putEval,
  startRun,
  statesOf,
  valuesOf,
} from './eval-story.ts';

/*
 * The goal: a run survives its server, and comes out as if nothing had been. The method: a server in a process of
 * its own is killed at its start, early and late in a run, and started again on the same database, with nobody
 * telling it to go on; the model in this process counts what it is asked.
 */

const concurrency = 32;
const patienceMs = 60_000;
let model: CountedModel;
let asked = 0;

beforeEach(async () => {
  asked = 0;
  model = await startCountedModel();
});
afterEach(() => model.close());

type Size = { readonly cases: number; readonly epochs: number };

/** Begins a run, kills its server once the model was asked so often, and gives the run as it ends at last. */
async function runThroughKills(
  settings: Readonly<Record<string, string>>,
  { cases, epochs }: Size,
  killsAt: readonly number[],
) {
  let life = await live({ ...settings, anthropic_base_url: model.url });
  const { agent } = await makeSetting(life.client);
  await putDataset(life, 'many', plainCases(cases));
  await putEval(life, { name: 'many', agent: agent.id, dataset: 'many', epochs, concurrency });
  const { id } = await startRun(life, 'many');
  const written: number[] = [];
  for (const [i, enough] of killsAt.entries()) {
    const enoughAsked = () => {
      asked += model.sinceLastLook();
      return asked >= enough;
    };
    await eventually(`${enough} requests`, enoughAsked, patienceMs);
    await life.kill();
    const next = i < killsAt.length - 1 ? live : liveHere;
    life = await next({ ...settings, anthropic_base_url: model.url });
    written.push((await ask<EvalRunResponse>(life, `/eval_runs/${id}`)).counts.done);
  }
  const done = await finished(life, { id });
  asked += model.sinceLastLook();
  await life.kill();
  return { ...done, written };
}

/** What the model makes of plain cases when nothing disturbs it. */
function undisturbed({ cases, epochs }: Size): Record<string, (number | null)[]> {
  const plain = plainCases(cases) as { readonly id: string }[];
  const values = (i: number) => Array.from({ length: epochs }, () => (i % 10 === 9 ? 0 : 1));
  return Object.fromEntries(plain.map(({ id }, i) => [id, values(i)]));
}

function expectWhole(
  { run, results, written }: Awaited<ReturnType<typeof runThroughKills>>,
  size: Size,
): void {
  const total = size.cases * size.epochs;
  const right = size.epochs * (size.cases - Math.floor(size.cases / 10));
  expect(run).toMatchObject({ status: 'completed', error: null, counts: { total, done: total, errors: 0 } });
  expect(run.counts.scores['exact']).toEqual({ sum: right, count: total, unscored: 0 });
  expect(run.counts.reused).toBe(0);
  expect(results).toHaveLength(total);
  expect(valuesOf(results)).toEqual(undisturbed(size));
  expect(results.map(({ epoch }) => epoch)).toEqual(results.map((_, i) => (i % size.epochs) + 1));
  const tokens = results.reduce((sum, { outcome }) => sum + (outcome?.usage.input_tokens ?? 0), 0);
  expect(run.counts.usage.input_tokens).toBe(tokens);
  expect(written).toEqual(written.toSorted((a, b) => a - b));
  expect(written.at(-1)).toBeGreaterThan(0);
  // A session that a kill cuts short is taken up by its server, and its case is asked again in a new one.
  const mostAgain = 2 * concurrency * written.length;
  expect(asked).toBeLessThanOrEqual(total + mostAgain);
  const again = [...model.asked.values()].filter((times) => times > size.epochs);
  expect(again.length).toBeLessThanOrEqual(concurrency * written.length);
}

describe('A run whose server is killed three times', () => {
  test(
    'on SQLite gives all its results, and pays again only for what was under way',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'pawl-evals-'));
      const size = { cases: 150, epochs: 2 };
      expectWhole(await runThroughKills({ data_dir: folder }, size, [0, 100, 220]), size);
      rmSync(folder, { recursive: true });
    },
    2 * patienceMs,
  );

  test(
    'on PostgreSQL does so as well',
    async () => {
      const database = await migratedDatabase();
      const size = { cases: 100, epochs: 2 };
      expectWhole(await runThroughKills({ database_url: database.url }, size, [0, 60, 150]), size);
      await database.drop();
    },
    2 * patienceMs,
  );
});

test('A comparison whose server is killed ends by itself with its verdict', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-evals-'));
  const settings = { data_dir: folder, anthropic_base_url: `${model.url}/l/20` };
  const first = await live(settings);
  const { agent } = await makeSetting(first.client);
  await first.client.beta.agents.update(agent.id, { version: 1, system: 'Be brief.' });
  await putDataset(first, 'both', plainCases(40));
  const gate = { max_lost_cases: 0 };
  await putEval(first, { name: 'both', agent: agent.id, dataset: 'both', concurrency: 4, gate });
  const { id } = await ask<ComparisonResponse>(first, '/comparisons', { eval: 'both' });
  await eventually('some requests', () => model.sinceLastLook() > 0, patienceMs);
  await first.kill();
  const second = await liveHere(settings);
  const end = (await statesOf<ComparisonResponse>(second, `/comparisons/${id}/stream`)).at(-1);
  expect(end).toMatchObject({
    ...{ status: 'completed', verdict: 'pass', error: null },
    baseline: { status: 'completed', counts: { done: 40, errors: 0 } },
    candidate: { status: 'completed', counts: { done: 40, errors: 0 } },
  });
  await second.kill();
  rmSync(folder, { recursive: true });
});
