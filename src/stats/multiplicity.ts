import { numberAt } from './number-at.ts';
import { requireNumber } from './requirements.ts';

/**
 * How p-values are adjusted for their number. Bonferroni, Holm (1979) and Hochberg (1988) bound the chance of a
 * single false rejection, Benjamini–Hochberg (1995) the expected share of false ones.
 */
export type Adjustment = 'bonferroni' | 'holm' | 'hochberg' | 'benjamini_hochberg';

/** A p-value before and after adjustment, and whether it is rejected: adjusted p at most α. */
export type AdjustedP = { readonly p: number; readonly adjusted: number; readonly rejected: boolean };

/**
 * Adjusts p-values for their number, in the order given (Wright 1992, Biometrics 48:1005).
 * @throws PawlError `invalid_request`
 */
export function adjustPValues(
  pValues: readonly number[],
  { method, alpha }: { readonly method: Adjustment; readonly alpha: number },
): AdjustedP[] {
  requireNumber('alpha', alpha, { above: 0, below: 1 });
  pValues.forEach((p, i) => {
    requireNumber(`p_values.${i}`, p, { least: 0, most: 1 });
  });
  const order = pValues
    .map((_, i) => i)
    .sort((left, right) => numberAt(pValues, left) - numberAt(pValues, right));
  const sorted = order.map((i) => numberAt(pValues, i));
  const adjusted = new Float64Array(pValues.length);
  adjustSorted(sorted, method).forEach((p, rank) => {
    adjusted[numberAt(order, rank)] = p;
  });
  return pValues.map((p, i) => ({
    p,
    adjusted: numberAt(adjusted, i),
    rejected: numberAt(adjusted, i) <= alpha,
  }));
}

/** The p-values rise; Holm steps down from the smallest, Hochberg and Benjamini–Hochberg step up from the largest. */
function adjustSorted(sorted: readonly number[], method: Adjustment): number[] {
  const k = sorted.length;
  switch (method) {
    case 'bonferroni':
      return sorted.map((p) => Math.min(1, k * p));
    case 'holm':
      return runningExtreme(
        sorted.map((p, i) => Math.min(1, (k - i) * p)),
        Math.max,
      );
    case 'hochberg':
      return fromTheEnd(sorted.map((p, i) => (k - i) * p));
    case 'benjamini_hochberg':
      return fromTheEnd(sorted.map((p, i) => (k / (i + 1)) * p));
  }
}

function fromTheEnd(scaled: readonly number[]): number[] {
  return runningExtreme(scaled.toReversed(), Math.min).reverse();
}

function runningExtreme(
  scaled: readonly number[],
  extreme: (left: number, right: number) => number,
): number[] {
  let reached = numberAt(scaled, 0);
  return scaled.map((p) => {
    reached = extreme(reached, p);
    return reached;
  });
}
