import fc from 'fast-check';
import { expect, test } from 'vitest';
import { armOf, placeOf } from '../../core/assignment.ts';
import { isSampled } from './sampling.ts';

const ids = Array.from({ length: 20_000 }, (_, i) => `sesn_${i}`);

test('A whole sample holds every session, and a larger one all of a smaller one', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.double({ min: 0.0001, max: 1, noNaN: true }),
      (salt, id, sample) => {
        expect(isSampled({ salt, sample: 1 }, id)).toBe(true);
        if (isSampled({ salt, sample: sample / 2 }, id)) expect(isSampled({ salt, sample }, id)).toBe(true);
      },
    ),
  );
});

test('A sample has its share of both arms, also where sessions were assigned by their ids', () => {
  for (const [salt, sample, weight] of [
    ['one', 0.1, 500],
    ['two', 0.5, 5000],
    ['three', 0.05, 2500],
  ] as const) {
    for (const arm of ['control', 'canary'] as const) {
      const members = ids.filter((id) => armOf(placeOf(salt, id), weight) === arm);
      const sampled = members.filter((id) => isSampled({ salt, sample }, id)).length;
      // Within 4.5 standard deviations of a binomial count; the ids and the salts are always the same.
      const spread = 4.5 * Math.sqrt(members.length * sample * (1 - sample));
      expect(Math.abs(sampled - members.length * sample)).toBeLessThan(spread);
    }
  }
});
