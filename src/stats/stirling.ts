/** The terms of Stirling's series, B₂ₖ / (2k(2k − 1)), from the last to the first. */
const series = [-3617 / 122400, 1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12];

/**
 * What Stirling's formula leaves out: ln Γ(n + 1) − (n + ½) ln n + n − ½ ln 2π, for n above 0 (Loader 2000, Fast
 * and Accurate Computation of Binomial Probabilities).
 */
export function stirlingError(n: number): number {
  let shifted = n;
  let below = 0;
  // The series serves large n; the way there is short.
  while (shifted < 12) {
    below += (shifted + 0.5) * Math.log1p(1 / shifted) - 1;
    shifted += 1;
  }
  const square = shifted ** -2;
  return below + series.reduce((sum, term) => sum * square + term, 0) / shifted;
}

/**
 * k ln(k / mean) + mean − k, for k of at least 0 and mean above 0: how far a count lies from its mean, without
 * the cancellation that the plain formula suffers where the two are close (Loader 2000).
 */
export function deviance(k: number, mean: number): number {
  if (k === 0) return mean;
  const distance = k - mean;
  const v = distance / (k + mean);
  if (Math.abs(v) > 0.1) return k * Math.log(k / mean) - distance;
  // ln(k / mean) = 2 artanh v = 2(v + v³/3 + v⁵/5 + …), whose first term makes up for the rest of the formula.
  let sum = distance * v;
  let power = 2 * k * v;
  for (let j = 3; j < 40; j += 2) {
    power *= v ** 2;
    sum += power / j;
  }
  return sum;
}
