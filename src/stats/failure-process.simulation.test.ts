import { describe, expect, test } from 'vitest';
import {
  advanceFailureProcess,
  type FailureProcess,
  failureEvidence,
  startFailureProcess,
} from './failure-process.ts';
import { numberAt } from './number-at.ts';
import { createRandom, type Random, randomShare } from './random.ts';

/*
 * The goal: rolling back when p comes to 5 % stops no more than 5 % of harmless canaries, however often one looks and
 * whatever happens to both versions alike; and harmful ones are found as soon as has been found before. The method:
 * sessions are drawn, with a look after each of them. Only a failure changes what a look shows, so that the sessions
 * between failures are skipped in one draw, and ln M for each pair of counts is computed once. Bounds on shares are
 * three standard errors of the count. Seeds are fixed, so that a run is like the one before.
 */

/** Sessions during which nothing changes: the weight, and the share that fails under either version. */
type Phase = {
  readonly sessions: number;
  readonly weight: number;
  readonly control: number;
  readonly canary: number;
};
type Tally = { canary: number; control: number; log_m: number };

const alarm = Math.log(20);
const known = new Map<number, Map<number, number>>();

function logOf(weight: number, canary_failures: number, control_failures: number): number {
  const table = known.get(weight) ?? new Map<number, number>();
  known.set(weight, table);
  const key = canary_failures * 2 ** 20 + control_failures;
  const found = table.get(key);
  if (found !== undefined) return found;
  const { harm } = failureEvidence({ canary_failures, control_failures, weight });
  table.set(key, harm);
  return harm;
}

/** How many sessions go by until one fails, itself included. */
function untilFailure(random: Random, failing: number): number {
  return 1 + Math.floor(Math.log1p(-randomShare(random)) / Math.log1p(-failing));
}

/** Every failure of a rollout: after which session, at which weight, and whether it was the canary's. */
function* failuresOf(phases: readonly Phase[], random: Random) {
  let before = 0;
  for (const { sessions, weight, control, canary } of phases) {
    const fromCanary = weight * canary;
    const failing = fromCanary + (1 - weight) * control;
    for (let at = untilFailure(random, failing); at <= sessions; at += untilFailure(random, failing)) {
      yield { at: before + at, weight, ofCanary: randomShare(random) * failing < fromCanary };
    }
    before += sessions;
  }
}

/** The session after which the alarm is raised; infinite when none is. */
function firstAlarm(phases: readonly Phase[], random: Random): number {
  const tallies = new Map<number, Tally>(
    phases.map(({ weight }) => [weight, { canary: 0, control: 0, log_m: 0 }]),
  );
  let total = 0;
  for (const { at, weight, ofCanary } of failuresOf(phases, random)) {
    const tally = tallies.get(weight);
    if (tally === undefined) throw new Error('no such weight');
    tally[ofCanary ? 'canary' : 'control'] += 1;
    const after = logOf(weight, tally.canary, tally.control);
    total += after - tally.log_m;
    tally.log_m = after;
    if (total >= alarm) return at;
  }
  return Number.POSITIVE_INFINITY;
}

function alarmsIn(phases: readonly Phase[], { times, seed }: { times: number; seed: number }) {
  const random = createRandom(seed);
  const alarms = Array.from({ length: times }, () => firstAlarm(phases, random)).sort((a, b) => a - b);
  return { share: alarms.filter(Number.isFinite).length / times, median: numberAt(alarms, times / 2) };
}

const steady = (weight: number, control: number, canary: number): Phase[] => [
  { sessions: 10_000, weight, control, canary },
];
/** A bad hour of a model that serves both versions. */
const drifting = (weight: number, factor = 1): Phase[] =>
  [0.02, 0.3, 0.05, 0.15].map((rate) => ({ sessions: 2500, weight, control: rate, canary: rate * factor }));
const stepping = (control: (step: number) => number, factor = 1): Phase[] =>
  [0.05, 0.1, 0.25, 0.5].map((weight, step) => ({
    ...{ sessions: 2500, weight, control: control(step), canary: control(step) * factor },
  }));

const weights = [0.05, 0.1, 0.25, 0.5];
const mostFalse = 0.05;

describe('In 10 000 sessions with a look after each, a false alarm', () => {
  test.each(weights)('comes in at most one canary in 20 with a weight of %d', (weight) => {
    const { share } = alarmsIn(steady(weight, 0.1, 0.1), { times: 1000, seed: 1 });
    expect(share).toBeLessThanOrEqual(mostFalse);
    // An alarm that is never raised would be worthless.
    expect(share).toBeGreaterThan(0.01);
  });

  test.each(weights)('is no likelier when both versions drift alike, with a weight of %d', (weight) => {
    const { share } = alarmsIn(drifting(weight), { times: 1000, seed: 2 });
    expect(share).toBeLessThanOrEqual(mostFalse);
  });

  test('is no likelier when weights rise in steps, and rarer still when the canary is better', () => {
    const drift = (step: number): number => [0.2, 0.03, 0.1, 0.15][step] ?? 0;
    expect(
      alarmsIn(
        stepping(() => 0.1),
        { times: 1000, seed: 3 },
      ).share,
    ).toBeLessThanOrEqual(mostFalse);
    expect(alarmsIn(stepping(drift), { times: 1000, seed: 4 }).share).toBeLessThanOrEqual(mostFalse);
    expect(alarmsIn(stepping(drift, 0.8), { times: 1000, seed: 5 }).share).toBeLessThan(0.01);
  });
});

describe('A harmful canary', () => {
  // From an earlier simulation of 2000 runs, written apart from this code: the share found, and the middle session.
  test.each([
    [0.05, 0.1, 0.15, 0.71, 6254],
    [0.05, 0.1, 0.2, 1, 1689],
    [0.05, 0.02, 0.1, 1, 976],
    [0.1, 0.1, 0.15, 0.94, 3279],
    [0.1, 0.1, 0.2, 1, 895],
    [0.1, 0.02, 0.1, 1, 587],
    [0.25, 0.1, 0.15, 1, 1462],
    [0.25, 0.1, 0.2, 1, 432],
    [0.25, 0.02, 0.1, 1, 343],
    [0.5, 0.1, 0.15, 1, 1174],
    [0.5, 0.1, 0.2, 1, 352],
    [0.5, 0.02, 0.1, 1, 283],
  ])(
    'with a weight of %d, failing at %d and %d, is found with power %d',
    (weight, control, canary, power, middle) => {
      const times = 1000;
      const { share, median } = alarmsIn(steady(weight, control, canary), { times, seed: 6 });
      // Both simulations err, and the table is rounded to two digits.
      const error = 3 * Math.sqrt((2 * power * (1 - power)) / times) + 0.005;
      expect(Math.abs(share - power)).toBeLessThanOrEqual(error);
      expect(Math.abs(median / middle - 1)).toBeLessThan(0.1);
    },
  );

  test('is found while rates drift, and while weights rise', () => {
    expect(alarmsIn(drifting(0.1, 2), { times: 300, seed: 7 }).share).toBeGreaterThan(0.99);
    expect(
      alarmsIn(
        stepping(() => 0.1, 1.5),
        { times: 500, seed: 8 },
      ).share,
    ).toBeGreaterThan(0.9);
  });
});

test('The process that a rollout keeps raises its alarm at the same sessions', () => {
  const phases = stepping(() => 0.04, 2);
  for (let seed = 100; seed < 110; seed += 1) {
    let process: FailureProcess = startFailureProcess();
    let found = Number.POSITIVE_INFINITY;
    for (const { at, weight, ofCanary } of failuresOf(phases, createRandom(seed))) {
      const counts = { canary_failures: ofCanary ? 1 : 0, control_failures: ofCanary ? 0 : 1, weight };
      process = JSON.parse(JSON.stringify(advanceFailureProcess(process, counts)));
      if (process.harm.p > 0.05) continue;
      found = at;
      break;
    }
    expect(found).toBe(firstAlarm(phases, createRandom(seed)));
  }
});
