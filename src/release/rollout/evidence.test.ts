import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Arm, LiveMetric } from '../../core/rollout.ts';
import {
  type CountedSession,
  type Counting,
  countSession,
  type LiveEvidence,
  noEvidenceYet,
  type SessionOutcome,
  type UnitState,
} from './evidence.ts';
import type { LiveProducts, LiveSums } from './live-sums.ts';

type Seen = { readonly id: string; readonly outcome: SessionOutcome };
/** All that a rollout keeps. */
type Kept = {
  readonly evidence: LiveEvidence;
  readonly units: { readonly [unit: string]: UnitState };
  readonly sessions: { readonly [id: string]: CountedSession };
};

const empty: Kept = { evidence: noEvidenceYet, units: {}, sessions: {} };

function count(kept: Kept, { id, outcome }: Seen): Kept {
  const { unit: key } = outcome;
  const before: Counting = {
    evidence: kept.evidence,
    unit: kept.units[key] ?? null,
    counted: kept.sessions[id] ?? null,
  };
  const { evidence, unit, counted } = countSession(before, outcome);
  return {
    evidence,
    units: { ...kept.units, [key]: unit },
    sessions: { ...kept.sessions, [id]: counted },
  };
}

const countAll = (seen: readonly Seen[], from = empty): Kept => seen.reduce(count, from);

function outcomeOf(changes: Partial<SessionOutcome> = {}): SessionOutcome {
  return { unit: 'ann', arm: 'control', weight: 500, excluded: false, turned: true, values: {}, ...changes };
}

const seen = (id: string, changes: Partial<SessionOutcome> = {}): Seen => ({
  id,
  outcome: outcomeOf(changes),
});

function sumsOf(
  { cells }: LiveEvidence,
  { weight = 500, arm, metric }: { weight?: number; arm: Arm; metric: LiveMetric },
): LiveSums | undefined {
  return cells.find((cell) => cell.weight === weight)?.[arm][metric];
}

/** What does not depend on the way by which it came to be: neither p-values nor places where nothing is left. */
function standing({ evidence }: Kept) {
  const cells = evidence.cells.flatMap(({ weight, ...of }) =>
    (['control', 'canary'] as const).flatMap((arm) =>
      Object.entries(of[arm] as { readonly [metric: string]: LiveSums })
        .filter(([, sums]) => sums.count > 0)
        .map(([metric, sums]) => ({ place: `${weight} ${arm} ${metric}`, sums })),
    ),
  );
  return {
    cells: cells.toSorted((a, b) => (a.place < b.place ? -1 : 1)),
    failures: evidence.failures.steps.toSorted((a, b) => a.weight - b.weight),
    refusals: evidence.refusals.steps.toSorted((a, b) => a.weight - b.weight),
    ratio: evidence.ratio.steps.toSorted((a, b) => (a.weights[1] ?? 0) - (b.weights[1] ?? 0)),
    units: evidence.units,
    sessions: evidence.sessions.filter(({ control, canary }) => control + canary > 0),
    excluded: evidence.excluded,
    valued: (['control', 'canary'] as const).map((arm) =>
      Object.entries(evidence.valued[arm] as { readonly [metric: string]: number })
        .filter(([, units]) => units > 0)
        .toSorted(),
    ),
    shared: sharedOf(evidence),
  };
}

/** By place, without what adds up to nothing. */
function sharedOf({ shared }: LiveEvidence): { readonly [place: string]: LiveProducts } {
  const all = shared.flatMap(({ first, second, ...of }) =>
    (['control', 'canary'] as const).flatMap((arm) =>
      Object.entries(of[arm] as { readonly [metric: string]: LiveProducts })
        .filter(([, { counts }]) => counts > 0)
        .map(([metric, products]): [string, LiveProducts] => [
          `${first} ${second} ${arm} ${metric}`,
          products,
        ]),
    ),
  );
  return Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The same, worked out from the sessions themselves. */
function directly(sessions: readonly SessionOutcome[]) {
  const kept = sessions.filter(({ excluded }) => !excluded);
  const metrics = ['failures', 'refusals', 'cost', 'score:good'] as const;
  const weights = [...new Set(kept.map(({ weight }) => weight))].toSorted((a, b) => a - b);
  const units = [...new Set(kept.map(({ unit }) => unit))];
  const cells = [];
  const shared: { [place: string]: LiveProducts } = {};
  const valued: [string, number][][] = [];
  for (const arm of ['control', 'canary'] as const) {
    const here: [string, number][] = [];
    for (const metric of metrics) {
      const valuesOf = (unit: string, weight: number): number[] =>
        kept
          .filter((one) => one.unit === unit && one.weight === weight && one.arm === arm)
          .flatMap(({ values }) => values[metric] ?? []);
      const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
      const some = units.filter((unit) => weights.some((weight) => valuesOf(unit, weight).length > 0));
      if (some.length > 0) here.push([metric, some.length]);
      for (const weight of weights) {
        const each = units.map((unit) => valuesOf(unit, weight)).filter(({ length }) => length > 0);
        if (each.length === 0) continue;
        const sums: LiveSums = {
          ...{ units: each.length, sum: sum(each.flat()), count: each.flat().length },
          sum_squared: sum(each.map((one) => sum(one) ** 2)),
          count_squared: sum(each.map(({ length }) => length ** 2)),
          sum_count: sum(each.map((one) => sum(one) * one.length)),
        };
        cells.push({ place: `${weight} ${arm} ${metric}`, sums });
        for (const later of weights.filter((one) => one > weight)) {
          const both = units
            .map((unit) => [valuesOf(unit, weight), valuesOf(unit, later)] as const)
            .filter((pair) => pair.every(({ length }) => length > 0));
          if (both.length === 0) continue;
          shared[`${weight} ${later} ${arm} ${metric}`] = {
            sums: sum(both.map(([a, b]) => sum(a) * sum(b))),
            counts: sum(both.map(([a, b]) => a.length * b.length)),
            sum_count: sum(both.map(([a, b]) => sum(a) * b.length)),
            count_sum: sum(both.map(([a, b]) => a.length * sum(b))),
          };
        }
      }
    }
    valued.push(here.toSorted());
  }
  return { cells: cells.toSorted((a, b) => (a.place < b.place ? -1 : 1)), shared, valued };
}

/** Each number but for rounding. */
function nearly<T extends object>(numbers: T): T {
  const each = Object.entries(numbers).map(([key, one]) => [key, expect.closeTo(Number(one), 6) as number]);
  return Object.fromEntries(each) as T;
}

function nearlyAll<T extends object>(places: {
  readonly [place: string]: T;
}): { readonly [place: string]: T } {
  return Object.fromEntries(Object.entries(places).map(([place, one]) => [place, nearly(one)]));
}

function expectSameStanding(actual: Kept, expected: Kept): void {
  const { cells, shared, ...rest } = standing(expected);
  const near = cells.map(({ place, sums }) => ({ place, sums: nearly(sums) }));
  expect(standing(actual)).toEqual({ cells: near, shared: nearlyAll(shared), ...rest });
}

const drawnValues = fc.record(
  {
    failures: fc.constantFrom(0, 1),
    refusals: fc.constantFrom(0, 1),
    cost: fc.double({ min: 0, max: 10, noNaN: true }),
    'score:good': fc.double({ min: 0, max: 1, noNaN: true }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<SessionOutcome['values']>;

/** Sessions of a few units, each of which has a bucket of its own, as they come while the canary grows. */
const traffic = (weights: readonly number[]): fc.Arbitrary<Seen[]> =>
  fc
    .array(
      fc.record({
        bucket: fc.constantFrom(100, 300, 700, 900, 2000, 7000, 7001, 7002),
        weight: fc.constantFrom(...weights),
        excluded: fc.boolean(),
        turned: fc.boolean(),
        values: drawnValues,
      }),
      { maxLength: 25 },
    )
    .map((drawn) =>
      drawn
        .toSorted((a, b) => a.weight - b.weight)
        .map(({ bucket, ...rest }, i) => {
          const arm: Arm = bucket < rest.weight ? 'canary' : 'control';
          return { id: `s${i}`, outcome: { ...rest, unit: `u${bucket}`, arm } };
        }),
    );

describe('Counting sessions', () => {
  test('gives the same in whatever order they come while the weight stays', () => {
    fc.assert(
      fc.property(
        traffic([500]).chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        ([all, shuffled]) => {
          expectSameStanding(countAll(shuffled), countAll(all));
        },
      ),
    );
  });

  test('adds up to what the sessions themselves give, by the weight and the arm of each', () => {
    fc.assert(
      fc.property(
        traffic([500, 1000, 5000]).chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        ([all, shuffled]) => {
          const { cells, shared, valued } = directly(all.map(({ outcome }) => outcome));
          const near = cells.map(({ place, sums }) => ({ place, sums: nearly(sums) }));
          expect(standing(countAll(shuffled))).toMatchObject({ cells: near, valued });
          expect(standing(countAll(shuffled)).shared).toEqual(nearlyAll(shared));
        },
      ),
    );
  });

  test('gives the same from what was kept as JSON between any two of them', () => {
    fc.assert(
      fc.property(traffic([500, 1000, 5000]), (all) => {
        const kept = all.reduce(
          (before, one) => JSON.parse(JSON.stringify(count(before, one))) as Kept,
          empty,
        );
        expect(kept).toEqual(countAll(all));
      }),
    );
  });

  test('changes nothing when one is counted anew that has come to nothing else', () => {
    fc.assert(
      fc.property(traffic([500, 5000]), (all) => {
        const kept = countAll(all);
        expect(countAll(all, kept)).toEqual(kept);
      }),
    );
  });

  test('anew with other values gives what counting them once with the last would have given', () => {
    const drafts = traffic([500, 1000, 5000]).chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.array(fc.record({ excluded: fc.boolean(), turned: fc.boolean(), values: drawnValues }), {
          minLength: all.length,
          maxLength: all.length,
        }),
      ),
    );
    fc.assert(
      fc.property(drafts, ([all, earlier]) => {
        // A failure that was counted stays, so that no draft has one.
        const first = all.map(({ id, outcome }, i) => {
          const draft = earlier[i] ?? outcome;
          const values = { ...draft.values, failures: 0, refusals: 0 };
          return { id, outcome: { ...outcome, ...draft, values } };
        });
        expectSameStanding(countAll(all, countAll(first)), countAll(all));
      }),
    );
  });

  test('changes nothing that it was given', () => {
    const kept = countAll([seen('a', { values: { cost: 1, failures: 1 } })]);
    const text = JSON.stringify(kept);
    count(kept, seen('a', { values: { cost: 2 }, excluded: true }));
    count(kept, seen('b', { unit: 'bob', arm: 'canary', values: { cost: 2, refusals: 1 } }));
    expect(JSON.stringify(kept)).toBe(text);
    expect(noEvidenceYet.cells).toEqual([]);
  });
});

describe('A unit', () => {
  test('is assigned once, with the weight at which it was first seen', () => {
    const { evidence } = countAll([
      seen('a'),
      seen('b'),
      seen('c', { unit: 'bob', arm: 'canary' }),
      seen('d', { arm: 'canary', weight: 1000 }),
      seen('e', { unit: 'eve', weight: 1000 }),
    ]);
    expect(evidence.units).toEqual({ control: 2, canary: 1 });
    expect(evidence.ratio.steps).toEqual([
      { weights: [9500, 500], counts: [1, 1] },
      { weights: [9000, 1000], counts: [1, 0] },
    ]);
  });

  test('that is first seen in an excluded session is assigned all the same', () => {
    const { evidence } = countAll([seen('a', { excluded: true }), seen('b')]);
    expect(evidence.units).toEqual({ control: 1, canary: 0 });
    expect(evidence.excluded).toEqual({ control: 1, canary: 0 });
  });

  test('has the values of each session at the weight at which it began, and all of one weight together', () => {
    const { evidence } = countAll([
      seen('a', { values: { cost: 1 } }),
      seen('b', { weight: 1000, values: { cost: 3 } }),
      seen('c', { unit: 'bob', values: { cost: 10 } }),
      seen('d', { values: { cost: 2 } }),
    ]);
    expect(evidence.cells.map(({ weight }) => weight)).toEqual([500, 1000]);
    expect(sumsOf(evidence, { arm: 'control', metric: 'cost' })).toEqual({
      ...{ units: 2, sum: 13, count: 3, sum_squared: 109, count_squared: 5, sum_count: 16 },
    });
    expect(sumsOf(evidence, { weight: 1000, arm: 'control', metric: 'cost' })).toMatchObject({
      ...{ units: 1, sum: 3, count: 1 },
    });
  });

  test('that comes at two weights in the same arm is in both, and is one unit all the same', () => {
    const sessions = [
      seen('a', { values: { cost: 1 } }),
      seen('b', { values: { cost: 2, 'score:good': 1 } }),
      seen('c', { weight: 1000, values: { cost: 5 } }),
      seen('d', { weight: 1000, unit: 'bob', values: { cost: 7 } }),
      seen('e', { weight: 5000, arm: 'canary', values: { cost: 9 } }),
    ];
    const cost: LiveProducts = { sums: 3 * 5, counts: 2, sum_count: 3, count_sum: 10 };
    for (const order of [sessions, sessions.toReversed()]) {
      const { evidence } = countAll(order);
      expect(sharedOf(evidence)).toEqual({ '500 1000 control cost': cost });
      expect(evidence.valued).toEqual({ control: { cost: 2, 'score:good': 1 }, canary: { cost: 1 } });
    }
    // What is taken back is not there any more.
    const { evidence } = countAll([seen('c', { weight: 1000, excluded: true })], countAll(sessions));
    expect(sharedOf(evidence)).toEqual({});
    expect(evidence.valued.control).toEqual({ cost: 2, 'score:good': 1 });
  });

  test('that fails in several sessions has failed once, with the weight of the first that did', () => {
    const { evidence } = countAll([
      seen('a'),
      seen('b', { arm: 'canary', weight: 1000, values: { failures: 1 } }),
      seen('c', { arm: 'canary', weight: 2500, values: { failures: 1, refusals: 1 } }),
      seen('d', { arm: 'canary', weight: 2500, values: { refusals: 1 } }),
    ]);
    expect(evidence.failures.steps).toEqual([{ canary_failures: 1, control_failures: 0, weight: 0.1 }]);
    expect(evidence.refusals.steps).toEqual([{ canary_failures: 1, control_failures: 0, weight: 0.25 }]);
  });

  test('that failed as control and again as canary has failed as control', () => {
    const { evidence } = countAll([
      seen('a', { values: { failures: 1 } }),
      seen('b', { arm: 'canary', weight: 1000, values: { failures: 1 } }),
    ]);
    expect(evidence.failures.steps).toEqual([{ canary_failures: 0, control_failures: 1, weight: 0.05 }]);
  });
});

describe('A session', () => {
  test('whose unit had been in the other arm counts in its own, as does a late score of it', () => {
    const moved = { arm: 'canary', weight: 1000 } as const;
    const { evidence } = countAll([
      seen('a', { values: { cost: 1 } }),
      seen('b', { ...moved, values: { cost: 5 } }),
      seen('b', { ...moved, values: { cost: 5, 'score:good': 0 } }),
    ]);
    expect(sumsOf(evidence, { arm: 'control', metric: 'cost' })).toMatchObject({ sum: 1, count: 1 });
    expect(evidence.cells[1]?.control).toEqual({});
    expect(sumsOf(evidence, { ...moved, metric: 'cost' })).toMatchObject({ units: 1, sum: 5, count: 1 });
    expect(sumsOf(evidence, { ...moved, metric: 'score:good' })).toMatchObject({ sum: 0, count: 1 });
    expect(evidence.sessions).toEqual([
      { weight: 500, control: 1, canary: 0 },
      { weight: 1000, control: 0, canary: 1 },
    ]);
    expect(sharedOf(evidence)).toEqual({});
  });

  test('from before its unit had the other arm takes a late score', () => {
    const { evidence } = countAll([
      seen('a'),
      seen('b', { arm: 'canary', weight: 1000 }),
      seen('a', { values: { 'score:good': 1 } }),
    ]);
    expect(sumsOf(evidence, { arm: 'control', metric: 'score:good' })).toMatchObject({ sum: 1, count: 1 });
  });

  test('whose configuration is changed later leaves the means, but what has failed has failed', () => {
    const values = { failures: 1, cost: 2 } as const;
    const kept = countAll([
      seen('a', { values }),
      seen('b', { unit: 'bob', values: { failures: 0, cost: 1 } }),
    ]);
    const { evidence } = countAll([seen('a', { values, excluded: true })], kept);
    expect(evidence.excluded).toEqual({ control: 1, canary: 0 });
    expect(evidence.sessions).toEqual([{ weight: 500, control: 1, canary: 0 }]);
    expect(sumsOf(evidence, { arm: 'control', metric: 'cost' })).toMatchObject({
      units: 1,
      sum: 1,
      count: 1,
    });
    expect(sumsOf(evidence, { arm: 'control', metric: 'failures' })).toMatchObject({ units: 1, sum: 0 });
    expect(evidence.failures).toEqual(kept.evidence.failures);
  });

  test('that is excluded fails nobody', () => {
    const { evidence } = countAll([
      seen('a', { excluded: true, values: { failures: 1, refusals: 1, cost: 1 } }),
    ]);
    expect(evidence.failures.steps).toEqual([]);
    expect(evidence.refusals.steps).toEqual([]);
    expect(evidence.cells).toEqual([]);
  });

  test('counts as one that a step waits for once it has ended a turn', () => {
    const before = countAll([seen('a', { turned: false })]);
    expect(before.evidence.sessions).toEqual([]);
    expect(before.evidence.units).toEqual({ control: 1, canary: 0 });
    const { evidence } = countAll([seen('a'), seen('a', { values: { cost: 1 } })], before);
    expect(evidence.sessions).toEqual([{ weight: 500, control: 1, canary: 0 }]);
  });

  test('that loses a value leaves nothing of it', () => {
    const { evidence } = countAll([seen('a', { values: { cost: 0.1 } }), seen('a')]);
    const none = { units: 0, sum: 0, count: 0, sum_squared: 0, count_squared: 0, sum_count: 0 };
    expect(sumsOf(evidence, { arm: 'control', metric: 'cost' })).toEqual(none);
  });
});
