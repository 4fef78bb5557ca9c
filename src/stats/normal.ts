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

/** The density of the standard normal distribution; the square is split so that far out no digit is lost. */
function density(z: number): number {
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

/** The area left of `z` < −1: density / (x + 1/(x + 2/(x + 3/(x + …)))) with x = −z (Laplace 1805). */
function leftTail(z: number): number {
  const x = -z;
  // As many levels as leave nothing of the last one; fewer and fewer as x grows.
  const levels = Math.ceil(20 + 400 / x ** 2);
  let fraction = x;
  for (let k = levels; k > 0; k -= 1) fraction = x + k / fraction;
  return density(z) / fraction;
}

/**
 * Newton on log Φ: the logarithm is concave, so that from a start below the root every step stays below and comes
 * closer. Φ(−√(−2 ln p)) is always below p.
 */
function leftQuantile(p: number): number {
  let z = -Math.sqrt(-2 * Math.log(p));
  for (let step = 0; step < 50; step += 1) {
    const tail = normalCdf(z);
    const move = (Math.log(p / tail) * tail) / density(z);
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
