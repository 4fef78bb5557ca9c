import { describe, expect, test } from 'vitest';
import { mcnemar } from '../stats/mcnemar.ts';
import { createRandom, type Random, randomShare } from '../stats/random.ts';
import { compareRuns } from './compare.ts';
import type { Runs } from './comparison/pairing.ts';
import { type CaseSpec, gateOf, runsOf } from './comparison/runs.testsuite.ts';
import type { GatePolicy } from './definition.ts';

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
