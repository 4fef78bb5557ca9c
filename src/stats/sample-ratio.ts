import { dirichletEvidence } from './dirichlet.ts';
import { atNextLook, type EProcess, noEvidence } from './e-process.ts';
import { numberAt } from './number-at.ts';
import { requireCount, requireNumber, requireThat } from './requirements.ts';
import { sum } from './sample.ts';

/** How many were assigned to each of some versions, and how many were to be. */
export type Assignments = {
  /** One for each version, from 0. */
  readonly counts: readonly number[];
  /**
   * The configured weights in the same order; only their ratios matter. Each is 0 or at least a thousand millionth of
   * their sum, and one at least is above 0. A version of weight 0 takes no part, and none may be assigned to it.
   */
  readonly weights: readonly number[];
};

/** All assignments so far, and the evidence against their having the configured weights. Plain JSON. */
export type SampleRatio = EProcess & {
  /** The assignments under the same weights together. */
  readonly steps: readonly Assignments[];
};

/** A rollout has few steps; what it has kept is to stay small. */
const mostSteps = 1000;
const mostArms = 100;

/** A test of the sample ratio that has seen no assignment. */
export const noAssignments: SampleRatio = { ...noEvidence, steps: [] };

/**
 * The test after more assignments: those since the look before, with the weights of their time. M is the product over
 * weights of what `sampleRatioEvidence` gives for each. A p below 0.001 means that whatever assigns or counts is
 * broken, so that nothing else should be concluded from the sessions.
 * @throws PawlError `invalid_request`
 */
export function advanceSampleRatio(ratio: SampleRatio, assignments: Assignments): SampleRatio {
  requireAssignments(assignments);
  const steps = addedTo(ratio.steps, assignments);
  requireThat(steps.length <= mostSteps, `weights: must be one of ${mostSteps} at most in the same rollout`);
  return { ...atNextLook(ratio, sum(steps.map(sampleRatioEvidence))), steps };
}

/**
 * ln M against "everybody was assigned with these weights", mixed over all shares alike, which is the Dirichlet
 * distribution with all parameters 1 (Lindon & Malek 2022, NeurIPS, arXiv 2011.03567).
 * @throws PawlError `invalid_request`
 */
export function sampleRatioEvidence(assignments: Assignments): number {
  requireAssignments(assignments);
  const { counts, weights } = assignments;
  const total = sum(weights);
  const taking = weights.flatMap((weight, j) => (weight > 0 ? [j] : []));
  return dirichletEvidence({
    counts: taking.map((j) => numberAt(counts, j)),
    prior: taking.map(() => 1),
    shares: taking.map((j) => numberAt(weights, j) / total),
  });
}

function addedTo(steps: readonly Assignments[], { counts, weights }: Assignments): readonly Assignments[] {
  const same = steps.find(
    (step) => step.weights.length === weights.length && step.weights.every((one, j) => one === weights[j]),
  );
  if (same === undefined) return [...steps, { counts, weights }];
  const added = { weights, counts: counts.map((count, j) => count + numberAt(same.counts, j)) };
  return steps.map((step) => (step === same ? added : step));
}

function requireAssignments({ counts, weights }: Assignments): void {
  const arms = weights.length;
  requireThat(arms >= 1 && arms <= mostArms, `weights: must have 1 to ${mostArms} entries`);
  requireThat(counts.length === arms, `counts: must have ${arms} entries, one for each weight`);
  for (const [j, weight] of weights.entries()) requireNumber(`weights.${j}`, weight, { least: 0, most: 1e9 });
  const total = sum(weights);
  requireThat(total > 0, 'weights: must not all be 0');
  counts.forEach((count, j) => {
    const weight = numberAt(weights, j);
    requireCount(`counts.${j}`, count);
    requireThat(weight === 0 || weight >= 1e-9 * total, `weights.${j}: must be 0, or 1e-9 of all at least`);
    requireThat(weight > 0 || count === 0, `counts.${j}: must be 0 where the weight is 0`);
  });
}
