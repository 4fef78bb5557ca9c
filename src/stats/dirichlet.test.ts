import { expect, test } from 'vitest';
import { dirichletEvidence } from './dirichlet.ts';

// ln M computed with mpmath at 80 digits.
test.each([
  [[0, 0, 0], [1, 1, 1], [0.5, 0.25, 0.25], 0],
  [[1, 0, 0], [1, 1, 1], [0.4, 0.4, 0.2], -0.18232155679395468],
  [[5, 7, 9], [0.5, 2, 0.001], [0.5, 0.25, 0.25], -6.415181101706021],
  [[1e9, 1e9, 1e9], [1, 1, 1], [0.5, 0.25, 0.25], 169899015.85662517],
  [[1e9, 5e8, 5e8], [1, 1, 1], [0.5, 0.25, 0.25], -20.61825672306193],
])(
  'The evidence of %j with the prior %j against %j is what mpmath says',
  (counts, prior, shares, expected) => {
    const evidence = dirichletEvidence({ counts, prior, shares });
    expect(Math.abs(evidence - expected)).toBeLessThan(1e-11 + 1e-14 * Math.abs(expected));
  },
);
