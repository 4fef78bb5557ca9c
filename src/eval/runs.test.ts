import { expect, test } from 'vitest';
import { silentBus } from '../core/bus.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import { createMemoryQueue } from '../queue/memory-queue.ts';
import { findEvalRun, insertEvalRun, listBusyEvalRuns } from '../store/eval-runs.ts';
import { openSeeded, sampleRun } from '../store/evals.testsuite.ts';
import type { Datasets } from './dataset/datasets.ts';
import type { Evals } from './evals.ts';
import { noCounts } from './runner.ts';
import { createRuns, type RunJob } from './runs.ts';

const opened = openSeeded('SQLite');
const counts = JSON.stringify(noCounts(1));

function runsWith(job: RunJob) {
  const clock = createClock(() => 0);
  return createRuns({
    ...{ store: opened.store, clock, job, queue: createMemoryQueue(), bus: silentBus },
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
  expect(await listBusyEvalRuns(store.db)).toHaveLength(2);
  expect(await runs.recover(true)).toBe(1);
  await allBegun.promise;
  expect(begun).toEqual(['erun_own', 'erun_left']);
  expect(await findEvalRun(store.db, 'erun_own')).toMatchObject({ status: 'running', attempt: 1 });
  expect(await findEvalRun(store.db, 'erun_left')).toMatchObject({ status: 'running', attempt: 9 });
  held.resolve();
  await runs.stop();
});
