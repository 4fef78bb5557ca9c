import { binomialAtLeast, binomialAtMost, binomialPmf } from './binomial.ts';
import { normalTails } from './normal.ts';
import { requireCount } from './requirements.ts';

/** Items by what both versions made of them, each once, as counts of up to a hundred million. */
export type PairedTable = {
  readonly both_right: number;
  /** The baseline was right and the candidate is wrong. */
  readonly harmful: number;
  /** The baseline was wrong and the candidate is right. */
  readonly beneficial: number;
  readonly both_wrong: number;
};

/** A p-value and the statistic that it comes from; both null when no item differs. */
export type NormalTest = { readonly z: number | null; readonly p: number | null };

/** The McNemar family. Each p is of "harm and benefit are equally frequent", two-sided but for `p_harm`. */
export type Mcnemar = {
  /** Exact and one-sided: as many harmful flips or more. Small: the candidate does harm. */
  readonly p_harm: number;
  /** Exact; on the conservative side. */
  readonly p_exact: number;
  /** The one to report: close to its level in every case that Fagerland et al. tried. */
  readonly p_mid: number;
  readonly asymptotic: NormalTest;
  /** With Edwards' correction for continuity. */
  readonly corrected: NormalTest;
};

/**
 * Tests on a paired table, one trial each (McNemar 1947; Fagerland, Lydersen & Laake 2013, BMC Med Res Methodol
 * 13:91). Only items that differ count. z is positive when harm prevails.
 * @throws PawlError `invalid_request`
 */
export function mcnemar(table: PairedTable): Mcnemar {
  requireTable(table);
  const { harmful, beneficial } = table;
  const differing = harmful + beneficial;
  const exact = signTest({ worse: harmful, better: beneficial });
  const point = binomialPmf(harmful, { trials: differing, rate: 0.5 });
  const distance = harmful - beneficial;
  return {
    p_harm: exact.p_worse,
    p_exact: exact.p_two_sided,
    p_mid: distance === 0 ? 1 - point / 2 : exact.p_two_sided - point,
    asymptotic: normalTest(distance, differing),
    corrected: normalTest(Math.sign(distance) * Math.max(0, Math.abs(distance) - 1), differing),
  };
}

/** The three p-values of a sign test. */
export type SignTest = {
  readonly p_worse: number;
  readonly p_better: number;
  readonly p_two_sided: number;
};

/**
 * The exact sign test: how often a fair coin would give as many as these (Arbuthnott 1710). Ties are left out.
 * The two-sided p is twice the smaller tail, and at most 1.
 * @throws PawlError `invalid_request`
 */
export function signTest({ worse, better }: { readonly worse: number; readonly better: number }): SignTest {
  requireCount('worse', worse, 5e8);
  requireCount('better', better, 5e8);
  const coin = { trials: worse + better, rate: 0.5 };
  const p_worse = binomialAtLeast(worse, coin);
  const p_better = binomialAtMost(worse, coin);
  return { p_worse, p_better, p_two_sided: Math.min(1, 2 * Math.min(p_worse, p_better)) };
}

/**
 * Lets a table of counts pass.
 * @throws PawlError `invalid_request`
 */
export function requireTable(table: PairedTable): void {
  for (const field of ['both_right', 'harmful', 'beneficial', 'both_wrong'] as const) {
    requireCount(field, table[field], 1e8);
  }
}

function normalTest(distance: number, differing: number): NormalTest {
  if (differing === 0) return { z: null, p: null };
  const z = distance / Math.sqrt(differing);
  return { z, p: 2 * normalTails(Math.abs(z)).upper };
}
