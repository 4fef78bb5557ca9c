import { requireNumber } from './requirements.ts';

/** The two tails of a distribution at a point. Each is precise on its own, however small. */
export type Tails = { readonly lower: number; readonly upper: number };

/** The chance of a standard normal number of at most `z`. */
export function normalCdf(z: number): number {
  if (z > 1) return 1 - leftTail(-z);
  return z < -1 ? leftTail(z) : 0.5 + centralArea(z);
}

/** The chances of a standard normal number below and above `z`, which may be infinite. */
export function normalTails(z: number): Tails {
  return { lower: normalCdf(z), upper: normalCdf(-z) };
}

/** z²/2 + ln Φ(z): the tail beside the density, which vanishes nowhere. */
export function normalLowerRatio(z: number): number {
  return z < -1 ? Math.log(inverseRootTwoPi / tailFraction(-z)) : z ** 2 / 2 + Math.log(normalCdf(z));
}

/**
 * The point below which a standard normal number lies with chance `p`; infinite at 0 and 1.
 * @throws PawlError `invalid_request` when p is no share.
 */
export function normalQuantile(p: number): number {
  requireNumber('p', p, { least: 0, most: 1 });
  if (p === 0) return -Infinity;
  if (p > 0.75) return -normalQuantile(1 - p);
  return p < 0.25 ? leftQuantile(p) : centralQuantile(p - 0.5);
}

/**
 * The density of the standard normal distribution; the square is split so that far out no digit is lost. Beyond
 * 39 it is smaller than any number.
 */
function density(z: number): number {
  if (Math.abs(z) > 39) return 0;
  const coarse = Math.round(z * 16) / 16;
  return Math.exp(-(coarse ** 2) / 2) * Math.exp(-((z - coarse) * (z + coarse)) / 2) * inverseRootTwoPi;
}

const inverseRootTwoPi = 1 / Math.sqrt(2 * Math.PI);

/** The area between 0 and `z`: density · (z + z³/3 + z⁵/(3·5) + …), Marsaglia 2004, J Stat Softw 11(4). */
function centralArea(z: number): number {
  let term = z;
  let series = z;
  for (let k = 3; Math.abs(term) > Math.abs(series) * 1e-17 && k < 200; k += 2) {
    term *= z ** 2 / k;
    series += term;
  }
  return series * density(z);
}

/** The area left of `z` < −1. */
function leftTail(z: number): number {
  return density(z) / tailFraction(-z);
}

/** Density over tail at x, for x above 0.5: x + 1/(x + 2/(x + 3/(x + …))) (Laplace 1805). */
function tailFraction(x: number): number {
  let fraction = x;
  // As many levels as leave nothing of the last one; fewer and fewer as x grows.
  for (let k = Math.ceil(20 + 400 / x ** 2); k > 0; k -= 1) fraction = x + k / fraction;
  return fraction;
}

/**
 * Newton on log Φ: the logarithm is concave, so that from a start below the root every step stays below and comes
 * closer. Φ(−√(−2 ln p)) is always below p.
 */
function leftQuantile(p: number): number {
  let z = -Math.sqrt(-2 * Math.log(p));
  for (let step = 0; step < 50; step += 1) {
    const fraction = tailFraction(-z);
    const logTail = -(z ** 2) / 2 + Math.log(inverseRootTwoPi / fraction);
    const move = (Math.log(p) - logTail) / fraction;
    z += move;
    if (Math.abs(move) <= 1e-15 * Math.abs(z)) break;
  }
  return z;
}

/** Newton on the area between 0 and |z|, which is concave as well. */
function centralQuantile(area: number): number {
  let z = area / inverseRootTwoPi;
  for (let step = 0; step < 50; step += 1) {
    const move = (area - centralArea(z)) / density(z);
    z += move;
    if (Math.abs(move) <= 1e-15 * Math.abs(z)) break;
  }
  return z;
}
