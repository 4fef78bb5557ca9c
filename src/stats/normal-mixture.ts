import { normalLowerRatio } from './normal.ts';
import { requireNumber } from './requirements.ts';

/** A sum of deviations and the variance that they had in all: the intrinsic time. */
export type Deviations = {
  readonly s: number;
  /** From 0. */
  readonly v: number;
};

/** How far out the drifts lie that are mixed over: their variance is 1/r. Above 0. */
export type Mixing = { readonly r: number };

/**
 * ln M against "s has no drift", mixed over normal drifts either way: ½ ln(r/(v + r)) + s²/(2(v + r)); and against "s does
 * not drift upwards", mixed over upward ones: that plus ln 2Φ(s/√(v + r)) (Robbins 1970, Ann Math Stat 41:1397; Howard,
 * Ramdas, McAuliffe & Sekhon 2021, Ann Stat 49:1055).
 * @throws PawlError `invalid_request`
 */
export function normalMixture(
  { s, v }: Deviations,
  { r }: Mixing,
): { readonly two_sided: number; readonly one_sided: number } {
  requireNumber('s', s, { least: -1e150, most: 1e150 });
  requireNumber('v', v, { least: 0 });
  requireNumber('r', r, { above: 0 });
  const z = s / Math.sqrt(v + r);
  const spread = -Math.log1p(v / r) / 2;
  return { two_sided: spread + z ** 2 / 2, one_sided: spread + Math.LN2 + normalLowerRatio(z) };
}

/**
 * The s at which M comes to 1/α: √((v + r) · ln((v + r) / (α² r))) with both sides, and less with one, for which it is
 * found by halving.
 * @throws PawlError `invalid_request`
 */
export function normalMixtureBounds(
  v: number,
  { r, alpha }: Mixing & { readonly alpha: number },
): { readonly two_sided: number; readonly one_sided: number } {
  requireNumber('v', v, { least: 0, most: 1e150 });
  requireNumber('r', r, { above: 0 });
  requireNumber('alpha', alpha, { above: 0, below: 1 });
  const goal = -Math.log(alpha);
  const two_sided = Math.sqrt((v + r) * (2 * goal + Math.log1p(v / r)));
  // At 0 the one-sided M is 1 at most, and at the two-sided bound it is larger than the two-sided one.
  let low = 0;
  let high = two_sided;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (normalMixture({ s: middle, v }, { r }).one_sided < goal) low = middle;
    else high = middle;
  }
  return { two_sided, one_sided: high };
}

/**
 * The mixing that makes the two-sided bound at α narrowest at the intrinsic time v, very nearly: r = v / (2 ln(1/α) +
 * ln(1 + 2 ln(1/α))) (Howard et al. 2021). For one side, ask for 2α.
 * @throws PawlError `invalid_request`
 */
export function mixingFor({ v, alpha }: { readonly v: number; readonly alpha: number }): Mixing {
  requireNumber('v', v, { above: 0 });
  requireNumber('alpha', alpha, { above: 0, below: 1 });
  const information = -2 * Math.log(alpha);
  return { r: v / (information + Math.log1p(information)) };
}
