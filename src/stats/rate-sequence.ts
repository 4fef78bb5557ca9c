import { dirichletEvidence } from './dirichlet.ts';
import type { Interval } from './interval.ts';
import { mixingFor } from './normal-mixture.ts';
import type { Proportion } from './proportion.ts';
import { requireCount, requireNumber } from './requirements.ts';

/**
 * An interval for a rate that may be looked at after every trial: with a chance of 1 − α it never leaves the rate out.
 * It holds every rate p against which M stays below 1/α, where M mixes over Beta(c·p, c·(1 − p)) (the beta-binomial
 * mixture of Howard, Ramdas, McAuliffe & Sekhon 2021, Ann Stat 49:1055). c is what makes it narrowest after `decide_at`
 * trials, which have to be chosen beforehand. Null without trials.
 * @throws PawlError `invalid_request`
 */
export function rateSequence(
  { successes, trials }: Proportion,
  { alpha = 0.05, decide_at = 1000 }: { readonly alpha?: number; readonly decide_at?: number } = {},
): Interval | null {
  requireCount('trials', trials);
  requireCount('successes', successes, trials);
  requireNumber('alpha', alpha, { above: 0, below: 1 });
  requireNumber('decide_at', decide_at, { least: 1, most: 1e9 });
  if (trials === 0) return null;
  // The variance of a trial divides out of the mixing; one trial less is what the published implementation takes.
  const concentration = Math.max(0.001, mixingFor({ v: decide_at, alpha }).r - 1);
  const failures = trials - successes;
  const asked = { concentration, goal: -Math.log(alpha) };
  return {
    low: lowest({ hits: successes, misses: failures }, asked),
    high: 1 - lowest({ hits: failures, misses: successes }, asked),
  };
}

/** The lowest rate that is not ruled out; from there up to the observed rate none is. Found by halving. */
function lowest(
  { hits, misses }: { hits: number; misses: number },
  { concentration, goal }: { concentration: number; goal: number },
): number {
  if (hits === 0) return 0;
  let out = 0;
  let within = hits / (hits + misses);
  for (let step = 0; step < 60; step += 1) {
    const rate = (out + within) / 2;
    const shares = [rate, 1 - rate];
    const prior = shares.map((share) => concentration * share);
    if (dirichletEvidence({ counts: [hits, misses], prior, shares }) >= goal) out = rate;
    else within = rate;
  }
  return out;
}
