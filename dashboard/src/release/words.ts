import { percentText } from '../parts/quantities.ts';

/** A difference of shares from 0 to 1 in points of a hundred, with its sign. */
export function pointsText(difference: number): string {
  const points = (difference * 100).toFixed(1);
  return `${signOf(difference)}${points.replace('-', '')} points`;
}

/** A change as a share of what was there, in percent and with its sign. */
export function changeText(share: number): string {
  return `${signOf(share)}${percentText(Math.abs(share), 1)}`;
}

/** A probability: three digits that count, and no more zeros than anybody reads. */
export function chanceText(p: number): string {
  return p < 0.001 ? 'below 0.001' : String(Number(p.toPrecision(3)));
}

function signOf(value: number): string {
  return value > 0 ? '+' : value < 0 ? '−' : '';
}
