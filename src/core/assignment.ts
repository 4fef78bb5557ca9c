import { hash } from 'node:crypto';
import type { Arm } from './rollout.ts';

/** Weights are parts of this many, so that they are whole numbers: 500 is 5 %. */
export const wholeWeight = 10_000;

/** A weight in percent, of one in parts of 10,000. */
export function percent(weight: number): number {
  return weight / 100;
}

/** A weight in parts of 10,000, of one in percent with two decimals at most. */
export function partsOf(weight: number): number {
  return Math.round(weight * 100);
}

/** Where a key stands in a rollout. */
export type Place = {
  /** From 0 to 9,999. A part of the keys as large as a weight stands below that weight, and stays there as it grows. */
  readonly bucket: number;
  /** Tells keys apart without telling them: 32 hexadecimal digits. */
  readonly unit: string;
};

/**
 * The place of a key: SHA-256 of `salt:key`, read as one whole number, modulo 10,000. It is the same on every machine and
 * for ever, and independent of that under another salt.
 */
export function placeOf(salt: string, key: string): Place {
  const digest = hash('sha256', `${salt}:${key}`);
  return { bucket: remainder(digest), unit: digest.slice(0, 32) };
}

/** A hexadecimal number modulo 10,000, digit by digit: made into one number of 256 bits, it would cost as much as the hash. */
function remainder(digits: string): number {
  let left = 0;
  for (let at = 0; at < digits.length; at++) {
    const code = digits.charCodeAt(at);
    left = (left * 16 + (code < letterA ? code - digit0 : code - letterA + 10)) % wholeWeight;
  }
  return left;
}

const digit0 = 48;
const letterA = 97;

/**
 * Whether a key belongs to a sample of so large a part of all keys, 0 to 1, rounded to parts of 10,000. The same everywhere
 * and for ever, and a smaller sample under the same salt is part of a larger one.
 */
export function isInSample(
  { salt, sample }: { readonly salt: string; readonly sample: number },
  key: string,
): boolean {
  return placeOf(salt, key).bucket < Math.round(sample * wholeWeight);
}

/** Which arm a bucket belongs to while the canary has so much of the traffic, in parts of 10,000. */
export function armOf({ bucket }: Place, weight: number): Arm {
  return bucket < weight ? 'canary' : 'control';
}
