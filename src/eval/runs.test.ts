import { expect, test } from 'vitest';
import { linkedBuses } from '../../test/linked-buses.ts';
import { eventually } from '../../test/story.ts';
import { type Bus, silentBus } from '../core/bus.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import { createMemoryQueue } from '../queue/memory-queue.ts';
import type { Queue } from '../queue/queue.ts';
import { findEvalRun, insertEvalRun, updateEvalRun } from '../store/eval-runs.ts';
import { openSeeded, sampleRun } from '../store/evals.testsuite.ts';
import { listBusy } from '../store/jobs.ts';
import type { Datasets } from './dataset/datasets.ts';
import type { Evals } from './evals.ts';
import { noCounts } from './runner.ts';
import { createRuns, type RunJob } from './runs.ts';

const opened = openSeeded('SQLite');
const counts = JSON.stringify(noCounts(1));

function runsWith(job: RunJob, queue: Queue = createMemoryQueue(), bus: Bus = silentBus) {
  const clock = createClock(() => 0);
  return createRuns({
    ...{ store: opened.store, clock, job, queue, bus },
    ids: createIds(clock, (size) => crypto.getRandomValues(new Uint8Array(size))),
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    evals: { retrieve: async () => ({ name: 'seed' }) } as unknown as Evals,
    datasets: {} as Datasets,
    openEndpoint: () => {
      throw new Error('no endpoint is opened here');
    },
  });
}

test('What an earlier process left is taken up, and what this one is at work on is left alone', async () => {
  const { store } = opened;
  const begun: string[] = [];
  const held = Promise.withResolvers<void>();
  const atWork = Promise.withResolvers<void>();
  const allBegun = Promise.withResolvers<void>();
  const runs = runsWith(async ({ id }) => {
    begun.push(id);
    atWork.resolve();
    if (begun.length === 2) allBegun.resolve();
    await held.promise;
  });
  runs.start();
  await runs.begin({ row: sampleRun('erun_own', { counts }), eval_name: 'seed' });
  await atWork.promise;
  await store.write((tx) =>
    insertEvalRun(tx, sampleRun('erun_left', { counts, status: 'running', attempt: 7 })),
  );
  expect(await listBusy(store.db, 'eval_runs')).toHaveLength(2);
  expect(await runs.recover(true)).toBe(1);
  await allBegun.promise;
  expect(begun).toEqual(['erun_own', 'erun_left']);
  expect(await findEvalRun(store.db, 'erun_own')).toMatchObject({ status: 'running', attempt: 1 });
  expect(await findEvalRun(store.db, 'erun_left')).toMatchObject({ status: 'running', attempt: 9 });
  held.resolve();
  await runs.stop();
});

test('A run that one process lets go of is gone on with by whoever gets its job', async () => {
  const { store } = opened;
  const queue = createMemoryQueue();
  const atWork = Promise.withResolvers<void>();
  const leaves = runsWith(async (run, signal) => {
    atWork.resolve();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await store.write((tx) => updateEvalRun(tx, run, { status: 'pending' }));
  }, queue);
  leaves.start();
  await leaves.begin({ row: sampleRun('erun_1', { counts }), eval_name: 'seed' });
  await atWork.promise;
  await leaves.stop();
  expect(await findEvalRun(store.db, 'erun_1')).toMatchObject({ status: 'pending', attempt: 1 });
  const begun: number[] = [];
  const takes = runsWith(async ({ attempt }) => void begun.push(attempt), queue);
  takes.start();
  await eventually('that it goes on', () => begun.length > 0);
  expect(begun).toEqual([2]);
  await takes.stop();
});

test('A cancellation that is heard late leaves a run alone that was resumed meanwhile', async () => {
  const [here, there] = linkedBuses(2);
  const begun: AbortSignal[] = [];
  const job: RunJob = async (_run, signal) => {
    begun.push(signal);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
  const runs = runsWith(job, createMemoryQueue(), here);
  runs.start();
  await runs.begin({ row: sampleRun('erun_2', { counts }), eval_name: 'seed' });
  await eventually('that it is begun', () => begun.length === 1);
  await runs.cancel('erun_2');
  await runs.resume('erun_2');
  await eventually('that it goes on', () => begun.length === 2);
  const canceled = here.said.find(({ type }) => type === 'stop');
  if (canceled === undefined) throw new Error('Nobody was told');
  there.send(canceled);
  expect(begun.map(({ aborted }) => aborted)).toEqual([true, false]);
  await runs.stop();
});

test('Who waits for runs to be let go hears of it when they are, however long the queue takes to answer', async () => {
  const answer = Promise.withResolvers<[]>();
  const runs = runsWith(async () => {}, { ...createMemoryQueue(), take: () => answer.promise });
  runs.start();
  let isLetGo = false;
  const stopped = runs.stop(() => {
    isLetGo = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isLetGo).toBe(false);
  answer.resolve([]);
  await stopped;
  expect(isLetGo).toBe(true);
});
