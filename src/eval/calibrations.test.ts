import { expect, test } from 'vitest';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import { firstPage, openSeeded } from '../store/evals.testsuite.ts';
import { createCalibrations } from './calibrations.ts';
import { gateOf, plan, runOf } from './comparison/runs.testsuite.ts';
import type { Evals } from './evals.ts';
import type { RunPlan } from './result.ts';
import type { Runs } from './runs.ts';

const opened = openSeeded('SQLite');
const asked = { run: 'erun_1', splits: 20 };
const nobody = new AbortController().signal;

/** Calibrations of an eval whose only run is over. */
function calibrationsOf(planned: RunPlan = plan) {
  const clock = createClock(() => 0);
  const { run } = runOf([], { eval_id: 'eval_seed', epochs: 2, plan: planned });
  const runs = { retrieve: async () => run } as Partial<Runs> as Runs;
  const evals = { retrieve: async () => ({ definition: { gate: gateOf() } }) } as unknown as Evals;
  const ids = createIds(clock, (size) => crypto.getRandomValues(new Uint8Array(size)));
  return createCalibrations({ store: opened.store, clock, ids, evals, runs });
}

test('Calibrations are made one after another, four may wait, and one that is given up leaves nothing', async () => {
  const calibrations = calibrationsOf();
  const gone = new AbortController();
  const all = [gone.signal, nobody, nobody, nobody, nobody, nobody].map((one) =>
    calibrations.create(asked, one),
  );
  gone.abort(new Error('gone'));
  const ends = (await Promise.allSettled(all)).map((end) =>
    end.status === 'fulfilled' ? 'made' : String(end.reason),
  );
  expect(ends).toEqual([
    'Error: gone',
    ...['made', 'made', 'made', 'made'],
    expect.stringContaining('4 calibrations are waiting already'),
  ]);
  expect((await calibrations.list({}, firstPage())).data).toHaveLength(4);
  await expect(calibrations.create(asked, nobody)).resolves.toMatchObject({ eval_id: 'eval_seed' });
});

test('When the server stops, what is under way is given up and nothing more is written', async () => {
  const calibrations = calibrationsOf();
  const before = (await calibrations.list({}, firstPage())).data.length;
  const underway = calibrations.create({ ...asked, splits: 2000 }, nobody);
  const given = expect(underway).rejects.toMatchObject({ code: 'overloaded' });
  await calibrations.stop();
  await given;
  await expect(calibrations.create(asked, nobody)).rejects.toMatchObject({ code: 'overloaded' });
  expect((await calibrations.list({}, firstPage())).data).toHaveLength(before);
});

test('A calibration that would judge too many cases is refused, and told how many splits are allowed', async () => {
  const calibrations = calibrationsOf({ ...plan, dataset: { ...plan.dataset, cases: 40_000 } });
  await expect(calibrations.create({ ...asked, splits: 26 }, nobody)).rejects.toThrow(
    'splits: must be at most 25 for 40000 cases; splits times cases may be 1000000',
  );
  await expect(calibrations.create({ ...asked, splits: 25 }, nobody)).resolves.toBeDefined();
});
