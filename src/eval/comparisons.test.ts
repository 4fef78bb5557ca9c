import { afterEach, expect, test, vi } from 'vitest';
import { silentBus } from '../core/bus.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import { createMemoryQueue } from '../queue/memory-queue.ts';
import { insertComparison } from '../store/comparisons.ts';
import type { Store } from '../store/dialect.ts';
import { insertEvalRun } from '../store/eval-runs.ts';
import { openSeeded, sampleComparison, sampleRun } from '../store/evals.testsuite.ts';
import { runOf } from './comparison/runs.testsuite.ts';
import { type Comparison, createComparisons } from './comparisons.ts';
import type { Evals } from './evals.ts';
import type { EvalRun } from './result.ts';
import type { Runs } from './runs.ts';

const away = Object.assign(new Error('Connection terminated'), { code: 'ECONNRESET' });
const opened = openSeeded('SQLite');
afterEach(() => {
  vi.useRealTimers();
});

/** A comparison of two runs, whose states are set from outside, and which is followed as soon as it is called. */
async function compared(id: string, { store = opened.store, weigh = nothing } = {}) {
  const states: Record<string, EvalRun['status']> = {};
  const runs = {
    retrieve: async (run: string) => ({ ...runOf([]).run, id: run, status: states[run] ?? 'running' }),
    watch: () => () => {},
  } as Partial<Runs> as Runs;
  const comparisons = createComparisons({
    ...{ store, clock: createClock(() => 0), runs, queue: createMemoryQueue(), bus: silentBus },
    ids: createIds(
      createClock(() => 0),
      (size) => crypto.getRandomValues(new Uint8Array(size)),
    ),
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    evals: { retrieve: async () => ({ definition: {} }) } as unknown as Evals,
    weigh,
  });
  await opened.store.write(async (tx) => {
    for (const run of [`erun_${id}_b`, `erun_${id}_c`]) await insertEvalRun(tx, sampleRun(run));
    const sides = { baseline_run_id: `erun_${id}_b`, candidate_run_id: `erun_${id}_c` };
    await insertComparison(tx, { ...sampleComparison(`cmp_${id}`), ...sides });
  });
  const over = Promise.withResolvers<Comparison>();
  comparisons.watch(`cmp_${id}`, (one) => {
    if (one.ended_at !== null) over.resolve(one);
  });
  comparisons.start();
  await comparisons.recover();
  return { comparisons, states, over: over.promise };
}

const nothing = (): Promise<never> => Promise.reject(new Error('nothing is weighed here'));

test('A comparison ends as soon as one of its runs has failed, although nobody has told it', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { comparisons, states, over } = await compared('a');
  await vi.waitUntil(() => vi.getTimerCount() === 1);
  states['erun_a_b'] = 'canceled';
  vi.advanceTimersByTime(5000);
  expect(await over).toMatchObject({ status: 'canceled', error: expect.stringContaining('erun_a_b') });
  await comparisons.stop();
  expect(vi.getTimerCount()).toBe(0);
});

// The first write asks that it be followed, the second one says that it is, and the third one how it has ended.
test('A comparison is followed anew when the database was away for a moment', async () => {
  let writes = 0;
  const store: Store = {
    ...opened.store,
    write: (work) => (++writes === 2 ? Promise.reject(away) : opened.store.write(work)),
  };
  const { comparisons, states, over } = await compared('d', { store });
  states['erun_d_c'] = 'failed';
  expect(await over).toMatchObject({ status: 'failed', error: expect.stringContaining('erun_d_c') });
  await comparisons.stop();
});

test('A comparison fails when anything else goes wrong, even if that cannot be written at first', async () => {
  let writes = 0;
  const store: Store = {
    ...opened.store,
    write: (work) => (++writes === 3 ? Promise.reject(away) : opened.store.write(work)),
  };
  const { comparisons, states, over } = await compared('e', { store });
  states['erun_e_b'] = 'completed';
  states['erun_e_c'] = 'completed';
  expect(await over).toMatchObject({ status: 'failed', error: expect.stringContaining('its log says') });
  await comparisons.stop();
});
