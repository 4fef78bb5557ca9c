import { betaLogit, betaTails } from './beta.ts';
import type { Tails } from './normal.ts';
import { requireNumber } from './requirements.ts';

/**
 * The chances of a Student-t number below and above `t`, which may be infinite. The degrees of freedom are above
 * 0 and need not be whole.
 * @throws PawlError `invalid_request`
 */
export function studentTails(t: number, df: number): Tails {
  requireNumber('df', df, { above: 0 });
  const square = t ** 2;
  const whole = df + square;
  const point = square === Infinity ? { x: 0, y: 1 } : { x: df / whole, y: square / whole };
  const { lower: beyond, upper: within } = betaTails(point, { a: df / 2, b: 0.5 });
  const tail = beyond / 2;
  const body = beyond > 0.5 ? 0.5 + within / 2 : 1 - tail;
  return t < 0 ? { lower: tail, upper: body } : { lower: body, upper: tail };
}

/**
 * The point below which a Student-t number lies with chance `p`, above 0 and below 1.
 * @throws PawlError `invalid_request`
 */
export function studentQuantile(p: number, df: number): number {
  requireNumber('p', p, { above: 0, below: 1 });
  requireNumber('df', df, { above: 0 });
  if (p === 0.5) return 0;
  if (p > 0.5) return -studentQuantile(1 - p, df);
  const logit = betaLogit({ lower: 2 * p, upper: 1 - 2 * p }, { a: df / 2, b: 0.5 });
  return -Math.sqrt(df * Math.exp(-logit));
}
