import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tango } from '../../stats/paired-difference.ts';
import { columnsOf } from './columns.ts';
import { damageTest } from './damage.ts';
import { slicesOf } from './observed.ts';
import { pairRuns } from './pairing.ts';
import { type CaseSpec, cases, metric, runsOf } from './runs.testsuite.ts';

const level = 0.9;

function ask(specs: readonly CaseSpec[]) {
  return damageTest(columnsOf(slicesOf(pairRuns(runsOf(specs)).pairs, metric)[0].observed), level);
}

/** Both sides of all cases swapped. */
function swapped(specs: readonly CaseSpec[]): CaseSpec[] {
  return specs.map(({ baseline, candidate, ...rest }) => ({
    ...rest,
    baseline: candidate,
    candidate: baseline,
  }));
}

const right: CaseSpec = { baseline: [1], candidate: [1] };
const lost: CaseSpec = { baseline: [1], candidate: [0] };
const threeTimes = { baseline: [1, 1, 1], candidate: [1, 1, 1] };

describe('damageTest', () => {
  test('is Tango’s where counting is all there is to do', () => {
    const test = ask([...cases(8, right), lost, lost]);
    expect(test).toMatchObject({ method: 'tango', widened: false });
    const table = { both_right: 8, harmful: 2, beneficial: 0, both_wrong: 0 };
    expect(test?.ask(0.05)).toEqual(tango(table, { level, margin: 0.05 }));
    expect(test?.ask(1).p_within).toBeLessThan(1e-6);
  });

  test('knows nothing without cases, and cannot ask a single unit', () => {
    expect(ask([])?.ask(0)).toEqual({ low: -1, high: 1, p_worse: 1, p_within: 1 });
    expect(ask([threeTimes])).toBeNull();
    expect(ask(cases(5, { ...right, cluster: 'one' }))).toBeNull();
  });

  test('is not certain when nothing changed in few cases', () => {
    const test = ask(cases(20, threeTimes));
    expect(test).toMatchObject({ method: 'student_t', widened: true });
    const { low, high } = test?.ask(0) ?? { low: NaN, high: NaN };
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(0.1);
    expect(ask(cases(2000, threeTimes))?.ask(0).high).toBeLessThan(0.002);
  });

  test('widens clusters and weights by one more of the average size', () => {
    const clustered = cases(20, threeTimes).map((spec, i) => ({ ...spec, cluster: `c${i % 10}`, weight: 2 }));
    const test = ask(clustered.map((spec, i) => (i === 0 ? { ...spec, weight: 4 } : spec)));
    expect(test).toMatchObject({ method: 'clustered_t', widened: true });
    // One unit in eleven is lost: no less than its share.
    expect(test?.ask(0).high).toBeGreaterThan(1 / 11);
  });

  test('does not take two lost cases of two for certainty', () => {
    const gone = { baseline: [1, 1, 1], candidate: [0, 0, 0] };
    expect(ask([gone, gone])?.ask(0).p_worse).toBeGreaterThan(0.05);
  });

  test('stops widening where many units differ', () => {
    const wavering = cases(30, threeTimes).map((spec, i) => ({
      ...spec,
      candidate: i % 2 === 0 ? [1, 1, 0] : [1, 1, 1],
      baseline: i % 3 === 0 ? [1, 0, 1] : [1, 1, 1],
    }));
    expect(ask(wavering)).toMatchObject({ method: 'student_t', widened: false });
  });

  const specs = fc.array(
    fc.record({ baseline: fc.constantFrom([1], [0]), candidate: fc.constantFrom([1], [0]) }),
    { minLength: 2, maxLength: 60 },
  );

  test('mirrors its interval when the sides of independent cases change places', () => {
    fc.assert(
      fc.property(specs, (some) => {
        const [one, other] = [ask(some)?.ask(0), ask(swapped(some))?.ask(0)];
        expect(other?.low).toBeCloseTo(-(one?.high ?? NaN), 9);
        expect(other?.high).toBeCloseTo(-(one?.low ?? NaN), 9);
      }),
    );
  });

  test('never sees less damage when one more case is lost', () => {
    fc.assert(
      fc.property(specs, (some) => {
        const worse = [...some, lost];
        const kept = [...some, right];
        expect(ask(worse)?.ask(0).high).toBeGreaterThanOrEqual(ask(kept)?.ask(0).high ?? NaN);
        expect(ask(worse)?.ask(0).p_worse).toBeLessThanOrEqual(ask(kept)?.ask(0).p_worse ?? NaN);
      }),
    );
  });
});
