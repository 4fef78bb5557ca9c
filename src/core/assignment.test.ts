import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { armOf, isInSample, placeOf, wholeWeight } from './assignment.ts';

const keys = Array.from({ length: 100_000 }, (_, n) => `user-${n}`);

function inCanary(salt: string, key: string, weight: number): boolean {
  return armOf(placeOf(salt, key), weight) === 'canary';
}

/** How many standard deviations a count of binomial trials is from what it should be. */
function deviations(count: number, trials: number, share: number): number {
  return Math.abs(count - trials * share) / Math.sqrt(trials * share * (1 - share));
}

test.each([100, 500, 1000, 2500, 5000])(
  'over 100,000 keys, a slice of %i in 10,000 has its size',
  (weight) => {
    const inside = keys.filter((key) => inCanary('roll_1', key, weight)).length;
    // Beyond five deviations there is one chance in two million.
    expect(deviations(inside, keys.length, weight / wholeWeight)).toBeLessThan(5);
  },
);

test('a bucket is the whole digest modulo 10,000', () => {
  for (const key of ['ann', '', 'ключ', 'a:b']) {
    const digest = createHash('sha256').update(`roll_1:${key}`).digest('hex');
    const place = placeOf('roll_1', key);
    expect(BigInt(place.bucket)).toBe(BigInt(`0x${digest}`) % 10_000n);
    expect(digest.startsWith(place.unit)).toBe(true);
  }
});

test('every key keeps its place, which is written down here', () => {
  const places = ['ann', 'bob', 'user-1', '', 'ключ'].map((key) => placeOf('roll_1', key).bucket);
  expect(places).toEqual([4663, 2770, 6932, 2443, 4858]);
});

test('a slice that grows keeps whoever is in it', () => {
  const members = keys.filter((key) => inCanary('roll_1', key, 500));
  expect(members.length).toBeGreaterThan(4000);
  expect(members.filter((key) => !inCanary('roll_1', key, 2500))).toEqual([]);
});

test('two rollouts are independent: who is in one slice is in another as often as anybody', () => {
  const first = keys.filter((key) => inCanary('roll_1', key, 2500));
  const both = first.filter((key) => inCanary('roll_2', key, 2500)).length;
  expect(deviations(both, first.length, 0.25)).toBeLessThan(5);
});

test('nobody is in a slice of nothing, and everybody in the whole', () => {
  for (const key of keys.slice(0, 1000)) {
    expect(inCanary('roll_1', key, 0)).toBe(false);
    expect(inCanary('roll_1', key, wholeWeight)).toBe(true);
  }
});

test('a sample ends at the part that it is rounded to, and not beside it', () => {
  // As numbers go, 0.07 of 10,000 is a little more than 700, and 0.0029 of it a little less than 29.
  for (const [sample, edge] of [
    [0.07, 700],
    [0.0029, 29],
  ] as const) {
    const near = (bucket: number) => keys.filter((key) => placeOf('shdw_1', key).bucket === bucket);
    const last = near(edge - 1);
    const first = near(edge);
    expect(Math.min(last.length, first.length)).toBeGreaterThan(0);
    expect(last.filter((key) => !isInSample({ salt: 'shdw_1', sample }, key))).toEqual([]);
    expect(first.filter((key) => isInSample({ salt: 'shdw_1', sample }, key))).toEqual([]);
  }
});
