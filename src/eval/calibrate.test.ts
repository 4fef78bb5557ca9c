import { describe, expect, test } from 'vitest';
import { calibrate } from './calibrate.ts';
import { caseOf, gateOf, metric, runOf } from './comparison/runs.testsuite.ts';

/** A run in which every case gives the same scores. */
function run(size: number, values: readonly (number | null)[]) {
  return runOf(Array.from({ length: size }, (_, i) => caseOf(i, {}, values)));
}

describe('calibrate', () => {
  test('never fails an agent that always answers alike', async () => {
    const report = await calibrate(run(200, [1, 1]), gateOf(), { seed: 1, splits: 20 });
    expect(report).toMatchObject({ schema: 1, run_id: 'erun_1', splits: 20, epochs: 1, cases: 200, seed: 1 });
    expect(report.rates.pass).toMatchObject({ splits: 20, rate: 1, interval: { high: 1, method: 'wilson' } });
    expect(report.rates.fail).toMatchObject({ splits: 0, rate: 0 });
    // 20 splits do not prove more than this.
    expect(report.rates.fail.interval.high).toBeCloseTo(0.161, 3);
    expect(report.sees.shown).toMatchObject([{ metric, scope: 'all_cases', group: null, cases: 200 }]);
    expect(report.sees.shown[0]?.damage).toBeGreaterThan(0);
  });

  test('finds how often a careless rule alarms for nothing', async () => {
    const careless = gateOf({
      max_lost_cases: 0,
      margin: { critical: null, supporting: null, advisory: null },
    });
    const report = await calibrate(run(3, [1, 0]), careless, { seed: 2, splits: 50 });
    // Each of three cases is lost with chance one half.
    expect(report.rates.fail.interval.low).toBeLessThan(0.875);
    expect(report.rates.fail.interval.high).toBeGreaterThan(0.875);
    expect(report.rates.fail.splits + report.rates.pass.splits).toBe(50);
  });

  test('is the same for the same seed, and says how far it is', async () => {
    const heard: number[] = [];
    const options = { seed: 3, splits: 20, onSplit: (done: number) => heard.push(done) };
    const scored = run(60, [1, 1, 0, 1, 0]);
    expect(await calibrate(scored, gateOf(), options)).toEqual(await calibrate(scored, gateOf(), options));
    expect(heard.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test('deals epochs that broke like the others', async () => {
    const broken = runOf(
      Array.from({ length: 60 }, (_, i) => ({ ...caseOf(i, {}, [1, 1, 1]), errors: 1 })),
      { epochs: 4 },
    );
    const report = await calibrate(broken, gateOf(), { seed: 4, splits: 20 });
    expect(report).toMatchObject({ epochs: 2, rates: { error: { splits: 0 } } });
    const gone = runOf(
      Array.from({ length: 60 }, (_, i) => ({ ...caseOf(i, {}, [1]), errors: 1 })),
      { epochs: 2 },
    );
    expect((await calibrate(gone, gateOf(), { seed: 4, splits: 20 })).rates.error.rate).toBe(1);
  });

  test('does not know what a suite of one case can see', async () => {
    const report = await calibrate(run(1, [1, 1]), gateOf(), { seed: 5, splits: 20 });
    expect(report.sees.shown).toMatchObject([{ cases: 1, damage: null }]);
  });

  test('refuses a run of one epoch, and too few splits', async () => {
    const refused = { name: 'PawlError', code: 'invalid_request' };
    await expect(calibrate(run(60, [1]), gateOf(), { seed: 1 })).rejects.toMatchObject(refused);
    await expect(calibrate(run(60, [1, 1]), gateOf(), { seed: 1, splits: 19 })).rejects.toMatchObject(
      refused,
    );
  });

  test('stops when it is told to', async () => {
    const controller = new AbortController();
    const stopped = calibrate(run(60, [1, 1]), gateOf(), {
      seed: 1,
      signal: controller.signal,
      onSplit: () => controller.abort(new Error('Enough')),
    });
    await expect(stopped).rejects.toThrow('Enough');
  });
});
