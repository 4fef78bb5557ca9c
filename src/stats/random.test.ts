import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom, type Random, randomBelow, randomShare, randomWord } from './random.ts';

const draw = <T>(count: number, once: (random: Random) => T, seed: number): T[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => once(random));
};

describe('Random numbers', () => {
  // From a second implementation of sfc32, written in Python. These streams may never change: stored results name
  // their seeds.
  test.each([
    [0, [4216505632, 947923937, 2491578854, 3964400089, 2091952393]],
    [1, [3387734806, 1080862987, 3546521498, 2861869171, 428981239]],
    [42, [3011021589, 3960382089, 1547270628, 4040468816, 1355524940]],
    [2 ** 32, [1779833415, 2026416846, 1661539736, 2729060721, 4156309426]],
    [2 ** 53 - 1, [2850818593, 746004176, 2259184221, 651088821, 4195374122]],
  ])('of seed %d are the same for ever', (seed, words) => {
    expect(draw(5, randomWord, seed)).toEqual(words);
  });

  test('below a limit are the same for ever', () => {
    const small = [9, 9, 6, 4, 4, 7, 4, 2, 9, 3, 8, 5];
    expect(draw(small.length, (random) => randomBelow(random, 10), 7)).toEqual(small);
    const large = [2049172, 1899971, 1462253, 904474, 951282, 1539550];
    expect(draw(large.length, (random) => randomBelow(random, 2 ** 21 - 1), 7)).toEqual(large);
  });

  test('below a limit leave out the words that would favour some results', () => {
    // The first word is 0, which lies in that part: 2³² leaves 1 when divided by 3. The second word is 1.
    const zeroFirst: Random = { a: 0, b: 0, c: 0, counter: 0 };
    expect(randomBelow(zeroFirst, 3)).toBe(0);
    expect(zeroFirst.counter).toBe(2);
  });

  test('end their search even where a source gives nothing but zeros', () => {
    const stuck: Random = { a: 0, b: 0, c: 0, counter: 0 };
    const still = new Proxy(stuck, { set: () => true });
    expect(randomBelow(still, 3)).toBe(0);
  });

  test('below 1 need no draw', () => {
    const random = createRandom(5);
    expect(randomBelow(random, 1)).toBe(0);
    expect(randomWord(random)).toBe(randomWord(createRandom(5)));
  });

  test('stay within their limits', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 2 ** 21 }), (seed, n) => {
        for (const one of draw(5, (random) => randomBelow(random, n), seed)) {
          expect(Number.isInteger(one) && one >= 0 && one < n).toBe(true);
        }
        for (const share of draw(5, randomShare, seed)) expect(share >= 0 && share < 1).toBe(true);
      }),
    );
  });

  test('fall on all results alike', () => {
    const counts = new Array<number>(7).fill(0);
    for (const one of draw(70_000, (random) => randomBelow(random, 7), 3))
      counts[one] = (counts[one] ?? 0) + 1;
    const squares = counts.reduce((sum, one) => sum + (one - 10_000) ** 2 / 10_000, 0);
    // χ² with 6 degrees of freedom; the chance of more is 0.001.
    expect(squares).toBeLessThan(22.46);
  });

  test.each([-1, 0.5, 2 ** 53, NaN])('cannot have the seed %d', (seed) => {
    expect(() => createRandom(seed)).toThrow('seed: must be a whole number of at least 0');
  });
});
