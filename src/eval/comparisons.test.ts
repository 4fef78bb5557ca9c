import { afterEach, expect, test, vi } from 'vitest';
import { silentBus } from '../core/bus.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import { createMemoryQueue } from '../queue/memory-queue.ts';
import { insertComparison } from '../store/comparisons.ts';
import { insertEvalRun } from '../store/eval-runs.ts';
import { openSeeded, sampleComparison, sampleRun } from '../store/evals.testsuite.ts';
import { runOf } from './comparison/runs.testsuite.ts';
import { createComparisons } from './comparisons.ts';
import type { Evals } from './evals.ts';
import type { EvalRun } from './result.ts';
import type { Runs } from './runs.ts';

const opened = openSeeded('SQLite');
afterEach(() => {
  vi.useRealTimers();
});

test('A comparison ends although nobody has told it that its run has', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  let status: EvalRun['status'] = 'running';
  const clock = createClock(() => 0);
  const runs = {
    retrieve: async (id: string) => ({ ...runOf([]).run, id, status }),
    watch: () => () => {},
  } as Partial<Runs> as Runs;
  const comparisons = createComparisons({
    ...{ store: opened.store, clock, runs, queue: createMemoryQueue(), bus: silentBus },
    ids: createIds(clock, (size) => crypto.getRandomValues(new Uint8Array(size))),
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    evals: {} as Evals,
    weigh: () => Promise.reject(new Error('nothing is weighed here')),
  });
  await opened.store.write(async (tx) => {
    await insertEvalRun(tx, sampleRun('erun_seed'));
    await insertComparison(tx, sampleComparison('cmp_a'));
  });
  const over = Promise.withResolvers<void>();
  comparisons.watch('cmp_a', (one) => {
    if (one.status === 'canceled') over.resolve();
  });
  comparisons.start();
  await comparisons.recover();
  await vi.waitUntil(() => vi.getTimerCount() === 2);
  status = 'canceled';
  vi.advanceTimersByTime(5000);
  await over.promise;
  await comparisons.stop();
  expect(vi.getTimerCount()).toBe(0);
});
