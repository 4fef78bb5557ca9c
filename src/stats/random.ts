import { requireNumber } from './requirements.ts';

/**
 * A source of numbers that look random, and are the same for the same seed for ever. The generator is sfc32
 * (Doty-Humphrey, PractRand), whose state is three words of 32 bits and a counter. Drawing changes it.
 */
export type Random = { a: number; b: number; c: number; counter: number };

/**
 * A source for a seed, which is a whole number from 0 to 2⁵³ − 1. The words begin as the lower and the upper 32 bits
 * of the seed and 0, the counter as 1, and the first 15 draws are left out.
 * @throws PawlError `invalid_request`
 */
export function createRandom(seed: number): Random {
  requireNumber('seed', seed, { least: 0, whole: true });
  const random = { a: seed | 0, b: Math.floor(seed / 2 ** 32) | 0, c: 0, counter: 1 };
  for (let skipped = 0; skipped < 15; skipped += 1) randomWord(random);
  return random;
}

/** 32 bits, as a whole number from 0 to 2³² − 1. */
export function randomWord(random: Random): number {
  const { a, b, c, counter } = random;
  const word = (a + b + counter) | 0;
  random.a = b ^ (b >>> 9);
  random.b = (c + (c << 3)) | 0;
  random.c = (((c << 21) | (c >>> 11)) + word) | 0;
  random.counter = (counter + 1) | 0;
  return word >>> 0;
}

/**
 * A whole number from 0 to n − 1, all equally likely; n is whole, from 1 to 2²¹. Lemire's method (2019, ACM TOMACS
 * 29:3): the upper half of word · n, unless the lower half falls into the part that would favour some results.
 */
export function randomBelow(random: Random, n: number): number {
  if (n === 1) return 0;
  // A redraw is rarer than one in 2¹¹; that many in a row do not happen.
  for (let draw = 0; draw < 100; draw += 1) {
    const product = randomWord(random) * n;
    const lower = product >>> 0;
    // The first comparison only spares the division.
    if (lower >= n || lower >= 2 ** 32 % n) return Math.floor(product / 2 ** 32);
  }
  return 0;
}

/** A number from 0 to less than 1, in steps of 2⁻³². */
export function randomShare(random: Random): number {
  return randomWord(random) / 2 ** 32;
}
