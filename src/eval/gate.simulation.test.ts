import { describe, expect, test } from 'vitest';
import { mcnemar } from '../stats/mcnemar.ts';
import { createRandom, type Random, randomShare } from '../stats/random.ts';
import { compareRuns } from './compare.ts';
import type { Runs } from './comparison/pairing.ts';
import { type CaseSpec, gateOf, runsOf } from './comparison/runs.testsuite.ts';
import type { GatePolicy } from './gate-policy.ts';

/*
 * The goal: the gate keeps the error rates that docs/reference/gate.md promises, whatever the statistics behind it
 * claim. The method: suites are made up whose truth is known, the whole gate judges them, and its verdicts are
 * counted. Every bound is the promise and three standard errors of the count. Seeds are fixed, so that a run is like
 * the one before.
 */

/** How hard cases are: the chance of each to be right, from a number from 0 to 1. */
const difficulties = {
  /** Beta(8, 1): every case wavers a little, 89 % right. */
  wavering: (share: number) => share ** (1 / 8),
  /** Beta(1, 1/20): nearly all cases are right each time, and a few nearly never. */
  steady: (share: number) => 1 - share ** 20,
  /** Beta(1/2, 1/2): many cases are always right, many always wrong. */
  split: (share: number) => Math.sin((share * Math.PI) / 2) ** 2,
};

type World = {
  readonly cases: number;
  readonly epochs: number;
  readonly difficulty: keyof typeof difficulties;
  /** This share of cases turns from always right to always wrong. */
  readonly lost: number;
  readonly groups: number;
};

function drawRuns(world: World, random: Random): Runs {
  const draw = (chance: number): number[] =>
    Array.from({ length: world.epochs }, () => (randomShare(random) < chance ? 1 : 0));
  const specs = Array.from({ length: world.cases }, (_, i): CaseSpec => {
    const chance = difficulties[world.difficulty](randomShare(random));
    const lost = randomShare(random) < world.lost;
    return {
      group: world.groups === 0 ? null : `group ${i % world.groups}`,
      baseline: draw(lost ? 1 : chance),
      candidate: draw(lost ? 0 : chance),
    };
  });
  return runsOf(specs);
}

async function verdictsIn(
  world: World,
  policy: GatePolicy,
  { times, seed }: { times: number; seed: number },
) {
  const random = createRandom(seed);
  const counts = { pass: 0, fail: 0, inconclusive: 0, error: 0 };
  for (let round = 0; round < times; round += 1) {
    const report = await compareRuns(drawRuns(world, random), { policy, seed, sign_flips: false });
    counts[report.verdict] += 1;
  }
  return counts;
}

/** A count that a rate of 5 % would hardly ever exceed in so many rounds. */
function most(times: number): number {
  return times * 0.05 + 3 * Math.sqrt(times * 0.05 * 0.95);
}

const anySize = { group: 1, overall: 1 };

/** The worlds that the promises are held in: K = 1 and 3, small to middling suites. */
const worlds = [20, 50, 200].flatMap((cases) => [1, 3].map((epochs) => ({ cases, epochs })));

describe('The default gate', () => {
  test.each(worlds)(
    'fails an unchanged agent at most once in 20, with $cases cases and $epochs epochs',
    async (size) => {
      const times = 100;
      const world: World = { ...size, difficulty: 'wavering', lost: 0, groups: 4 };
      const { fail, error } = await verdictsIn(world, gateOf({ min_cases: anySize }), { times, seed: 11 });
      expect(error).toBe(0);
      expect(fail).toBeLessThanOrEqual(most(times));
    },
  );

  test.each(worlds.filter(({ cases }) => cases >= 50))(
    'fails an unchanged agent without groups at most once in 20, with $cases cases and $epochs epochs',
    async (size) => {
      const times = 100;
      const world: World = { ...size, difficulty: 'wavering', lost: 0, groups: 0 };
      const { fail } = await verdictsIn(world, gateOf({ min_cases: anySize }), { times, seed: 17 });
      expect(fail).toBeLessThanOrEqual(most(times));
    },
  );

  test('fails an unchanged agent at most once in 20 with its own least numbers of cases', async () => {
    const times = 100;
    const world: World = { cases: 200, epochs: 3, difficulty: 'split', lost: 0, groups: 4 };
    const { fail } = await verdictsIn(world, gateOf(), { times, seed: 12 });
    expect(fail).toBeLessThanOrEqual(most(times));
  });

  test.each(worlds)(
    'passes a loss at the margin at most once in 20, with $cases cases and $epochs epochs',
    async (size) => {
      const times = 120;
      for (const [difficulty, margin] of [
        ['steady', 0.05],
        ['wavering', 0.02],
      ] as const) {
        const world: World = { ...size, difficulty, lost: margin, groups: 0 };
        const policy = gateOf({
          min_cases: anySize,
          margin: { critical: margin, supporting: 0.05, advisory: null },
        });
        const { pass } = await verdictsIn(world, policy, { times, seed: 13 });
        expect(pass).toBeLessThanOrEqual(most(times));
      }
    },
  );

  test('fails an agent that lost a fifth of 200 cases nearly always, and passes an unchanged one more often than not', async () => {
    const times = 60;
    const world: World = { cases: 200, epochs: 3, difficulty: 'steady', lost: 0, groups: 0 };
    const lossy = await verdictsIn({ ...world, lost: 0.2 }, gateOf(), { times, seed: 14 });
    expect(lossy.fail).toBeGreaterThanOrEqual(times * 0.95);
    const same = await verdictsIn({ ...world, cases: 400 }, gateOf(), { times, seed: 15 });
    expect(same.pass).toBeGreaterThan(times / 2);
  });
});

describe('The exact one-sided test', () => {
  // Power at 5 %, computed apart from this code.
  test.each([
    { cases: 30, harm: 0.15, benefit: 0.05, power: 0.17 },
    { cases: 50, harm: 0.1, benefit: 0.02, power: 0.31 },
    { cases: 100, harm: 0.1, benefit: 0.05, power: 0.28 },
    { cases: 100, harm: 0.15, benefit: 0.05, power: 0.68 },
    { cases: 200, harm: 0.05, benefit: 0.02, power: 0.39 },
    { cases: 200, harm: 0.1, benefit: 0.05, power: 0.51 },
  ])(
    'finds $harm harm against $benefit benefit in $cases cases with power $power',
    ({ cases, harm, benefit, power }) => {
      const times = 3_000;
      const random = createRandom(16);
      let found = 0;
      for (let round = 0; round < times; round += 1) {
        const table = { both_right: 0, harmful: 0, beneficial: 0, both_wrong: 0 };
        for (let i = 0; i < cases; i += 1) {
          const share = randomShare(random);
          table[share < harm ? 'harmful' : share < harm + benefit ? 'beneficial' : 'both_right'] += 1;
        }
        if (mcnemar(table).p_harm <= 0.05) found += 1;
      }
      const error = 3 * Math.sqrt((power * (1 - power)) / times) + 0.005;
      expect(Math.abs(found / times - power)).toBeLessThanOrEqual(error);
    },
  );
});
