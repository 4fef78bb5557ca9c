import type { MarginQuestion, MarginTest } from './interval.ts';
import { oneSidedAlpha } from './interval.ts';
import type { Estimated } from './mean.ts';
import { meanOf, type Sample, sum, unitsOf } from './sample.ts';
import { studentQuantile, studentTails } from './student.ts';

/** How far the units of a sample differ from zero, and to which side. */
export type Spread = {
  /**
   * μ₃ / (6·s²·n) over the units: what Johnson's formula shifts limits by. Above 0 when few units are far above
   * the rest, as a few lost cases among many unchanged ones are.
   */
  readonly lean: number;
  /** (Σd²)² / Σd⁴ over the units: how many units the differences rest on. 5 that are lost and 20 that waver count little over 5. */
  readonly effective: number;
};

/** Describes the spread of a sample by its units, which are its clusters, or else its items. */
export function spreadOf(sample: Sample): Spread {
  const units = unitsOf(sample);
  const mean = meanOf(units);
  const scale = units.count / sum(units.weights);
  let squares = 0;
  let cubes = 0;
  let raw2 = 0;
  let raw4 = 0;
  for (let u = 0; u < units.count; u += 1) {
    const total = (units.totals[u] ?? 0) * scale;
    const residual = total - mean * (units.weights[u] ?? 0) * scale;
    squares += residual ** 2;
    cubes += residual ** 3;
    raw2 += total ** 2;
    raw4 += total ** 4;
  }
  return {
    lean: squares === 0 ? 0 : ((cubes / squares) * (units.count - 1)) / (6 * units.count ** 2),
    effective: raw4 === 0 ? 0 : raw2 ** 2 / raw4,
  };
}

/**
 * Student's interval and tests with the limits moved for skewness, mean ± t·se + lean·(1 + 2t²) (Johnson 1978, J Am
 * Stat Assoc 73:536), and never inwards: a limit only moves away from the mean. Without skewness it is Student's.
 */
export function skewedTest(
  { mean, se, df, lean }: Pick<Estimated, 'mean' | 'se' | 'df'> & Pick<Spread, 'lean'>,
  { level, margin }: MarginQuestion,
): MarginTest {
  const t = -studentQuantile(oneSidedAlpha(level), df);
  const up = Math.max(lean, 0);
  const down = Math.max(-lean, 0);
  return {
    low: mean - t * se - down * (1 + 2 * t ** 2),
    high: mean + t * se + up * (1 + 2 * t ** 2),
    p_worse: tailBeyond(mean - margin, { se, df, shift: down }),
    p_within: tailBeyond(margin - mean, { se, df, shift: up }),
  };
}

/**
 * The chance of Student's t above the t at which the limit, t·se + shift·(1 + 2t²) away from the mean, lies at this
 * distance. Nearer than the shift alone there is no such t; the linear part then goes on.
 */
function tailBeyond(distance: number, { se, df, shift }: { se: number; df: number; shift: number }): number {
  const rest = distance - shift;
  const t = rest > 0 ? (2 * rest) / (se + Math.sqrt(se ** 2 + 8 * shift * rest)) : rest / se;
  // No error and no distance: there is nothing to doubt, and nothing that speaks for either side.
  return Number.isNaN(t) ? 1 : studentTails(t, df).upper;
}
