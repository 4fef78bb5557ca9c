import { betaUpperRatio } from './beta.ts';
import { dirichletEvidence } from './dirichlet.ts';
import { atNextLook, type EProcess, noEvidence } from './e-process.ts';
import { requireCount, requireNumber, requireThat } from './requirements.ts';

/** Sessions that failed, by what served them. Each user, or other unit that is assigned as a whole, counts once. */
export type FailureCounts = {
  readonly canary_failures: number;
  readonly control_failures: number;
  /**
   * The share of sessions that was given to the canary when these began, whenever they failed: 0, 1, or from 1e-6 to
   * 1 − 1e-6.
   */
  readonly weight: number;
};

/** Who failed so far, and what that says. Plain JSON, so that a rollout can keep it between looks. */
export type FailureProcess = {
  /** How firmly the mixture is centred on the weight; see `failureEvidence`. */
  readonly concentration: number;
  /** All failures so far, those of the same weight together. */
  readonly steps: readonly FailureCounts[];
  /** Against "the canary fails no more often than the control", which is the one to roll back on. */
  readonly harm: EProcess;
  /** Against "both fail equally often". */
  readonly either: EProcess;
};

/** A rollout has few steps; what it has kept is to stay small. */
const mostSteps = 1000;

/**
 * A process that has seen nothing. The usual concentration of 10 finds a difference soonest after some ninety failures.
 * @throws PawlError `invalid_request`
 */
export function startFailureProcess(concentration = 10): FailureProcess {
  requireNumber('concentration', concentration, { least: 0.001, most: 1e6 });
  return { concentration, steps: [], harm: noEvidence, either: noEvidence };
}

/**
 * The process after more failures of one weight: those since the look before, which may have come in any order. Weights
 * may change as they like, as long as it is not the next failure that decides.
 *
 * M is the product over weights of what `failureEvidence` gives for each. Every failure multiplies it by a ratio whose
 * mean, given all before, is 1 if both fail equally often; so it stays fair whatever the order, and the chance that it
 * ever reaches 1/α is α at most. For harm each weight has a correction of its own, made with its own counts: the
 * product speaks against "at no weight does the canary fail more often". It is not the correction of the product,
 * and is worth no more than 1 / (1 − I_w(α, β)) for each weight, about 3 at 5 %, 2.6 at 10 % and 2 at 50 %. Every new weight begins
 * its mixture afresh, which costs some of the evidence that one long step would have gathered.
 * @throws PawlError `invalid_request`
 */
export function advanceFailureProcess(process: FailureProcess, counts: FailureCounts): FailureProcess {
  requireFailures(counts);
  const steps = addedTo(process.steps, counts);
  requireThat(steps.length <= mostSteps, `weight: must be one of ${mostSteps} at most in the same rollout`);
  const logs = steps.map((step) => failureEvidence(step, process.concentration));
  return {
    ...process,
    steps,
    harm: atNextLook(process.harm, sumOf(logs.map(({ harm }) => harm))),
    either: atNextLook(process.either, sumOf(logs.map(({ either }) => either))),
  };
}

/**
 * ln M of the failures of one weight w. If both fail equally often, every failure is the canary's with chance w, whatever
 * becomes of the failure rate meanwhile. Against that stands a share drawn from Beta(c·w, c·(1 − w)), c being the
 * concentration: `either` is ln B(α + S, β + F) − ln B(α, β) − S ln w − F ln(1 − w) for S failures of the canary and F of
 * the control, and `harm` the same with shares above w only, which adds ln[1 − I_w(α + S, β + F)] − ln[1 − I_w(α, β)]
 * (Lindon & Malek 2022, NeurIPS, arXiv 2011.03567, with two categories; Howard et al. 2021, Ann Stat 49:1055, for
 * the one-sided mixture). With a weight of 0 or 1 there is nothing to compare, and both are 0.
 * @throws PawlError `invalid_request`
 */
export function failureEvidence(
  counts: FailureCounts,
  concentration = 10,
): { readonly harm: number; readonly either: number } {
  requireFailures(counts);
  const { canary_failures, control_failures, weight } = counts;
  if (weight === 0 || weight === 1) return { harm: 0, either: 0 };
  const point = { x: weight, y: 1 - weight };
  const prior = { a: concentration * point.x, b: concentration * point.y };
  const after = { a: prior.a + canary_failures, b: prior.b + control_failures };
  return {
    // The tails and the densities beside them have very large logarithms, of which little is left: hence the ratios.
    harm: betaUpperRatio(point, after) - betaUpperRatio(point, prior),
    either: dirichletEvidence({
      counts: [canary_failures, control_failures],
      prior: [prior.a, prior.b],
      shares: [point.x, point.y],
    }),
  };
}

function addedTo(steps: readonly FailureCounts[], counts: FailureCounts): readonly FailureCounts[] {
  const same = steps.find(({ weight }) => weight === counts.weight);
  if (same === undefined) return [...steps, counts];
  const sum = {
    canary_failures: same.canary_failures + counts.canary_failures,
    control_failures: same.control_failures + counts.control_failures,
    weight: counts.weight,
  };
  return steps.map((step) => (step === same ? sum : step));
}

function requireFailures({ canary_failures, control_failures, weight }: FailureCounts): void {
  requireCount('canary_failures', canary_failures);
  requireCount('control_failures', control_failures);
  requireNumber('weight', weight, { least: 0, most: 1 });
  const inside = weight >= 1e-6 && weight <= 1 - 1e-6;
  requireThat(inside || weight === 0 || weight === 1, 'weight: must be 0, 1, or from 1e-6 to 1 − 1e-6');
  requireThat(weight !== 0 || canary_failures === 0, 'canary_failures: must be 0 where weight is 0');
  requireThat(weight !== 1 || control_failures === 0, 'control_failures: must be 0 where weight is 1');
}

function sumOf(logs: readonly number[]): number {
  return logs.reduce((sum, log) => sum + log, 0);
}
