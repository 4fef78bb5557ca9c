import { describe, expect, test } from 'vitest';
import { numberAt } from './number-at.ts';
import { createRandom, type Random, randomShare } from './random.ts';
import { type Assignments, sampleRatioEvidence } from './sample-ratio.ts';

/*
 * The goal: the test of the sample ratio accuses a sound router no oftener than it says, with a look after every
 * assignment, and finds a broken one. The method: assignments are drawn; the bound on false alarms is α itself.
 */

/** The assignment after which M has come to 1/α; infinite when it never has. */
function firstAlarm(
  steps: readonly { readonly weights: readonly number[]; readonly shares: readonly number[] }[],
  { perStep, alpha }: { perStep: number; alpha: number },
  random: Random,
): number {
  const done: number[] = [];
  for (const [i, { weights, shares }] of steps.entries()) {
    const counts = weights.map(() => 0);
    const sofar: Assignments = { counts, weights };
    const before = done.reduce((sum, log) => sum + log, 0);
    for (let n = 1; n <= perStep; n += 1) {
      let left = randomShare(random);
      const arm = shares.findIndex((share) => {
        left -= share;
        return left < 0;
      });
      counts[arm === -1 ? 0 : arm] = numberAt(counts, arm === -1 ? 0 : arm) + 1;
      if (before + sampleRatioEvidence(sofar) >= -Math.log(alpha)) return i * perStep + n;
    }
    done.push(sampleRatioEvidence(sofar));
  }
  return Number.POSITIVE_INFINITY;
}

const sound = (...weights: readonly number[]) => ({ weights, shares: weights });

function alarmsOf(times: number, once: (random: Random) => number): number[] {
  const random = createRandom(31);
  return Array.from({ length: times }, () => once(random)).filter(Number.isFinite);
}

describe('The sample ratio, looked at after every assignment,', () => {
  test.each([
    ['of three versions', [sound(0.4, 0.4, 0.2)]],
    ['of a small canary', [sound(0.95, 0.05)]],
    [
      'of a canary that grows in steps',
      [sound(0.95, 0.05), sound(0.9, 0.1), sound(0.75, 0.25), sound(0.5, 0.5)],
    ],
  ])('%s raises a false alarm no oftener than α', (_what, steps) => {
    const times = 200;
    const asked = { perStep: 2000 / steps.length, alpha: 0.05 };
    const alarms = alarmsOf(times, (random) => firstAlarm(steps, asked, random));
    expect(alarms.length / times).toBeLessThanOrEqual(asked.alpha);
  });

  test('accuses a router that gives a canary of 10 % another fifth', () => {
    const steps = [{ weights: [0.9, 0.1], shares: [0.88, 0.12] }];
    const asked = { perStep: 15_000, alpha: 0.001 };
    const alarms = alarmsOf(12, (random) => firstAlarm(steps, asked, random));
    expect(alarms.length).toBeGreaterThanOrEqual(11);
  });
});
