import { countBelow, countUpTo } from './first-where.ts';
import { normalTails } from './normal.ts';
import { numberAt } from './number-at.ts';
import { requireNumber } from './requirements.ts';
import { gridded, largestOf } from './sample.ts';

/** The answers of Wilcoxon's signed-rank test. */
export type SignedRank = {
  /** V: the sum of the ranks of the positive values. */
  readonly statistic: number;
  /** p against "mostly positive". Small: worse, where the values are damages. */
  readonly p_worse: number;
  readonly p_better: number;
  readonly p_two_sided: number;
  /** Whether the p-values are exact, rather than from the normal approximation with continuity correction. */
  readonly exact: boolean;
  /** How many values are not 0; the others are left out. */
  readonly differing: number;
};

/** Up to so many values that are not 0, the distribution is worked out. */
const mostExact = 100;

/**
 * Wilcoxon's signed-rank test that values lie around 0 (Wilcoxon 1945, Biometrics Bull 1:80). Values of equal size
 * share the mean of their ranks; up to 100 values the p-values are exact, given these ranks. Null when all are 0.
 * @throws PawlError `invalid_request`
 */
export function signedRank(values: readonly number[]): SignedRank | null {
  values.forEach((value, i) => {
    requireNumber(`values.${i}`, value);
  });
  const ranks = doubledRanks(gridded(values, largestOf(values)).filter((value) => value !== 0));
  const differing = ranks.length;
  if (differing === 0) return null;
  const positive = ranks.filter((rank) => rank > 0).reduce((sum, rank) => sum + rank, 0);
  const exact = differing <= mostExact;
  const { atLeast, atMost } = exact ? exactTails(ranks, positive) : normalTailsOf(ranks, positive);
  return {
    statistic: positive / 2,
    p_worse: atLeast,
    p_better: atMost,
    p_two_sided: Math.min(1, 2 * Math.min(atLeast, atMost)),
    exact,
    differing,
  };
}

type RankTails = { readonly atLeast: number; readonly atMost: number };

/** Twice the rank of each value by size, with its sign: doubled, shared ranks are whole as well. */
function doubledRanks(values: readonly number[]): number[] {
  const sizes = Float64Array.from(values, Math.abs).sort();
  return values.map((value) => {
    const size = Math.abs(value);
    return Math.sign(value) * (countBelow(sizes, size) + countUpTo(sizes, size) + 1);
  });
}

/** The distribution of the positive sum when every sign is a coin's: one rank after the other is added or not. */
function exactTails(ranks: readonly number[], positive: number): RankTails {
  const total = ranks.reduce((sum, rank) => sum + Math.abs(rank), 0);
  const chances = new Float64Array(total + 1);
  chances[0] = 1;
  let reached = 0;
  for (const rank of ranks) {
    const size = Math.abs(rank);
    reached += size;
    for (let at = reached; at >= 0; at -= 1) {
      chances[at] = (numberAt(chances, at) + numberAt(chances, at - size)) / 2;
    }
  }
  const sumOf = (part: Float64Array): number => part.reduce((sum, chance) => sum + chance, 0);
  return {
    atLeast: Math.min(1, sumOf(chances.subarray(positive))),
    atMost: Math.min(1, sumOf(chances.subarray(0, positive + 1))),
  };
}

function normalTailsOf(ranks: readonly number[], positive: number): RankTails {
  // Of doubled ranks; that ties lower the variance shows in the ranks themselves.
  const centre = ranks.reduce((sum, rank) => sum + Math.abs(rank), 0) / 2;
  const error = Math.sqrt(ranks.reduce((sum, rank) => sum + rank ** 2, 0)) / 2;
  return {
    atLeast: normalTails((positive - centre - 1) / error).upper,
    atMost: normalTails((positive - centre + 1) / error).lower,
  };
}
