import type { BetaShape } from './beta.ts';
import { binomialPmf } from './binomial.ts';
import { dirichletEvidence } from './dirichlet.ts';
import type { Proportion } from './proportion.ts';
import { requireCount } from './requirements.ts';

/** What is to be believed of two rates, all rates having been held equally likely beforehand. */
export type PosteriorRates = {
  /** P(B > A): the chance that the candidate's rate is the higher one. */
  readonly chance_higher: number;
  /** What is lost on average by choosing the candidate: E[max(A − B, 0)]. */
  readonly loss_of_candidate: number;
  /** What is lost on average by staying with the baseline: E[max(B − A, 0)]. */
  readonly loss_of_baseline: number;
};

/**
 * The Bayesian view of two success rates with Beta(1, 1) priors (Miller 2015, "Formulas for Bayesian A/B Testing";
 * Stucchio 2015 for the loss). It is for showing, not for stopping: whoever stops as soon as the chance exceeds 95 % is
 * wrong far more often than one time in twenty.
 * @throws PawlError `invalid_request`
 */
export function posteriorRates(rates: {
  readonly baseline: Proportion;
  readonly candidate: Proportion;
}): PosteriorRates {
  const a = posterior('baseline', rates.baseline);
  const b = posterior('candidate', rates.candidate);
  return {
    chance_higher: chanceHigher(b, a),
    loss_of_candidate: expectedGain(a, b),
    loss_of_baseline: expectedGain(b, a),
  };
}

/** E[max(X − Y, 0)] = E[X]·P(X⁺ > Y) − E[Y]·P(X > Y⁺), where ⁺ stands for one more success. */
function expectedGain(x: BetaShape, y: BetaShape): number {
  const onX = meanOf(x) * chanceHigher({ a: x.a + 1, b: x.b }, y);
  const onY = meanOf(y) * chanceHigher(x, { a: y.a + 1, b: y.b });
  return Math.max(0, onX - onY);
}

/**
 * P(X > Y), by Miller's sum over the smallest of the four parameters: X > Y just as 1 − Y > 1 − X, and not X < Y.
 */
function chanceHigher(x: BetaShape, y: BetaShape): number {
  const mirrored = ({ a, b }: BetaShape): BetaShape => ({ a: b, b: a });
  const least = Math.min(x.a, x.b, y.a, y.b);
  if (least === x.a) return millerSum(x, y);
  if (least === y.b) return millerSum(mirrored(y), mirrored(x));
  if (least === y.a) return 1 - millerSum(y, x);
  return 1 - millerSum(mirrored(x), mirrored(y));
}

/**
 * P(X > Y) = Σ B(α_Y + i, β_X + β_Y) / ((β_X + i)·B(1 + i, β_X)·B(α_Y, β_Y)) over i from 0 to α_X − 1. Terms rise to one
 * peak and fall again; from there they are summed up both ways, until they add nothing more.
 */
function millerSum(x: BetaShape, y: BetaShape): number {
  const all = y.a + x.b + y.b;
  const ratio = (i: number): number => ((y.a + i) / (all + i)) * ((x.b + i) / (1 + i));
  const peak = Math.max(0, Math.min(x.a - 1, Math.ceil((y.a * x.b - all) / (y.b + 1))));
  const highest = termAt(peak, x, y);
  let total = highest;
  for (let i = peak, term = highest; i < x.a - 1 && term > total * 1e-18; i += 1) {
    term *= ratio(i);
    total += term;
  }
  for (let i = peak, term = highest; i > 0 && term > total * 1e-18; i -= 1) {
    term /= ratio(i - 1);
    total += term;
  }
  return Math.min(1, total);
}

/**
 * One term, as β_X / (β_X + i) of the binomial chance of i in β_X + i at some rate, times what mixing over Y makes of that
 * chance. The rate is the one at which neither factor is extreme.
 */
function termAt(i: number, x: BetaShape, y: BetaShape): number {
  const all = y.a + i + x.b + y.b;
  const shares = [(y.a + i) / all, (x.b + y.b) / all];
  const mixed = Math.exp(dirichletEvidence({ counts: [i, x.b], prior: [y.a, y.b], shares }));
  const trials = x.b + i;
  return (x.b / trials) * binomialPmf(i, { trials, rate: (y.a + i) / all }) * mixed;
}

function posterior(field: string, { successes, trials }: Proportion): BetaShape {
  requireCount(`${field}.trials`, trials, 1e8);
  requireCount(`${field}.successes`, successes, trials);
  return { a: successes + 1, b: trials - successes + 1 };
}

function meanOf({ a, b }: BetaShape): number {
  return a / (a + b);
}
