import type { Tails } from './normal.ts';
import { requireNumber } from './requirements.ts';
import { deviance, stirlingError } from './stirling.ts';

/** The two shapes of a beta distribution, both above 0. */
export type BetaShape = { readonly a: number; readonly b: number };

/**
 * The regularised incomplete beta functions I_x(a, b) and 1 − I_x(a, b): the chances of a beta-distributed share
 * below and above x. The point is given as x and y = 1 − x, so that neither is lost by rounding.
 * @throws PawlError `invalid_request`
 */
export function betaTails({ x, y }: { readonly x: number; readonly y: number }, shape: BetaShape): Tails {
  requireShape(shape);
  requireNumber('x', x, { least: 0, most: 1 });
  requireNumber('y', y, { least: 0, most: 1 });
  if (x === 0) return { lower: 0, upper: 1 };
  if (y === 0) return { lower: 1, upper: 0 };
  const logs = logTails({ x, y }, shape);
  return { lower: Math.exp(logs.lower), upper: Math.exp(logs.upper) };
}

/**
 * The share below which a beta-distributed share lies with chance `p`.
 * @throws PawlError `invalid_request`
 */
export function betaQuantile(p: number, shape: BetaShape): number {
  requireNumber('p', p, { least: 0, most: 1 });
  if (p === 0 || p === 1) return p;
  return 1 / (1 + Math.exp(-betaLogit({ lower: p, upper: 1 - p }, shape)));
}

/**
 * The log-odds ln(x / (1 − x)) at which a beta distribution has these two tails, both above 0. In log-odds the
 * distribution is log-concave, and so are its tails: Newton's method on the logarithm of the smaller tail may
 * overshoot once and then comes closer with every step.
 * @throws PawlError `invalid_request`
 */
export function betaLogit({ lower, upper }: Tails, shape: BetaShape): number {
  requireShape(shape);
  const onLower = lower <= upper;
  const goal = Math.log(onLower ? lower : upper);
  let logit = Math.log(shape.a / shape.b);
  for (let step = 0; step < 200; step += 1) {
    const point = { x: 1 / (1 + Math.exp(-logit)), y: 1 / (1 + Math.exp(logit)) };
    const logs = logTails(point, shape);
    const tail = onLower ? logs.lower : logs.upper;
    const move = (goal - tail) * Math.exp(tail - logDensity(point, shape)) * (onLower ? 1 : -1);
    logit += move;
    if (Math.abs(move) <= 1e-15 * Math.abs(logit) + 1e-300) break;
  }
  return logit;
}

/**
 * ln[(1 − I_x(a, b)) · B(a, b) / (xᵃ · yᵇ)]: the upper tail beside the density, in which nothing cancels or vanishes,
 * however unlikely the point is. From 1e-6 on to 1 − 1e-6 it has about ten digits.
 * @throws PawlError `invalid_request`
 */
export function betaUpperRatio(point: { readonly x: number; readonly y: number }, shape: BetaShape): number {
  requireShape(shape);
  requireNumber('x', point.x, { least: 1e-6, below: 1 });
  requireNumber('y', point.y, { least: 1e-6, below: 1 });
  // With a tiny `a` the upper tail is small on both sides of the mean, and little of it would be left as 1 less the lower.
  if (upperIsNear(point, shape) || logTails(point, shape).lower > Math.log(0.9)) {
    return Math.log(fraction({ x: point.y, y: point.x }, { a: shape.b, b: shape.a }));
  }
  return logTails(point, shape).upper - logDensity(point, shape);
}

/** The logarithms of both tails; the one beside the nearer end is computed, the other is what it leaves. */
function logTails({ x, y }: { x: number; y: number }, { a, b }: BetaShape): Tails {
  const turned = upperIsNear({ x }, { a, b });
  const near = turned ? nearTail({ x: y, y: x }, { a: b, b: a }) : nearTail({ x, y }, { a, b });
  const far = Math.log(-Math.expm1(near));
  return turned ? { lower: far, upper: near } : { lower: near, upper: far };
}

function upperIsNear({ x }: { x: number }, { a, b }: BetaShape): boolean {
  return x * (a + b + 2) > a + 1;
}

function nearTail(point: { x: number; y: number }, shape: BetaShape): number {
  return Math.min(0, logDensity(point, shape) + Math.log(fraction(point, shape)));
}

/** ln(x^a · y^b / B(a, b)), by way of Loader's form of the binomial, in which nothing cancels. */
function logDensity({ x, y }: { x: number; y: number }, { a, b }: BetaShape): number {
  const n = a + b;
  const errors = stirlingError(n) - stirlingError(a) - stirlingError(b);
  return errors - deviance(a, n * x) - deviance(b, n * y) + Math.log((a / n) * (b / (2 * Math.PI))) / 2;
}

/**
 * I_x(a, b) = x^a · y^b / B(a, b) · 1/(β₀ + α₁/(β₁ + α₂/(β₂ + …))), the fraction of DiDonato & Morris (1992, ACM TOMS
 * 18:360, equation 9), whose terms do not cancel; from the front by Lentz's method.
 */
function fraction({ x, y }: { x: number; y: number }, { a, b }: BetaShape): number {
  const partial = (n: number): number =>
    n + (n * (b - n) * x) / (a + 2 * n - 1) + ((a + n) * (a * y - b * x + 1 + n * (1 + y))) / (a + 2 * n + 1);
  let value = (a * (a * y - b * x + 1)) / (a + 1);
  let ratio = value;
  let inverse = 0;
  for (let n = 1; n < 10_000; n += 1) {
    const alpha = (((a + n - 1) * (a + b + n - 1)) / (a + 2 * n - 1) ** 2) * n * (b - n) * x ** 2;
    const beta = partial(n);
    inverse = 1 / (beta + alpha * inverse);
    ratio = beta + alpha / ratio;
    const factor = ratio * inverse;
    value *= factor;
    if (Math.abs(factor - 1) < 1e-16) break;
  }
  return 1 / value;
}

function requireShape({ a, b }: BetaShape): void {
  requireNumber('a', a, { above: 0 });
  requireNumber('b', b, { above: 0 });
}
