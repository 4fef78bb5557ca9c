import { setImmediate as nextTick } from 'node:timers/promises';
import { PawlError } from '../core/errors.ts';
import type { Verdict } from '../core/evaluation.ts';
import { wilson } from '../stats/proportion.ts';
import { createRandom, type Random, randomBelow } from '../stats/random.ts';
import { requireNumber } from '../stats/requirements.ts';
import { compareRuns } from './compare.ts';
import { capped, type Runs } from './comparison/pairing.ts';
import type { GatePolicy } from './gate-policy.ts';
import type { CalibrationReport, GateRow } from './gate-report.ts';
import type { ScoredCase, ScoredRun } from './result.ts';
import type { Score } from './score.ts';

/** How a gate is calibrated. */
export type CalibrationOptions = {
  readonly seed: number;
  /** How often the epochs are split, from 20 to 10 000; 200 unless stated. */
  readonly splits?: number;
  /** Hears how many splits are done. */
  readonly onSplit?: (done: number) => void;
  readonly signal?: AbortSignal;
};

/** The level of the limits around a rate. */
const confidence = 0.95;

/**
 * Measures how a gate decides when nothing changed: the epochs of one run are dealt out at random into two halves,
 * the gate compares the halves, and its verdicts are counted, over and over. What it finds holds for this dataset,
 * these scorers, this policy and half the epochs. An odd epoch is left over each time, another one for each case.
 * @throws PawlError `invalid_request` for a run of one epoch, and the reason of the signal when it is aborted.
 */
export async function calibrate(
  scored: ScoredRun,
  policy: GatePolicy,
  { seed, splits = 200, onSplit, signal }: CalibrationOptions,
): Promise<CalibrationReport> {
  requireNumber('splits', splits, { least: 20, most: 10_000, whole: true });
  const epochs = Math.floor(scored.run.epochs / 2);
  if (epochs < 1) throw new PawlError('invalid_request', 'epochs: a calibration needs a run of at least 2');
  const random = createRandom(seed);
  const tally: { [V in Verdict]: number } = { pass: 0, fail: 0, inconclusive: 0, error: 0 };
  const sights = new Map<string, Sight>();
  for (let split = 0; split < splits; split += 1) {
    signal?.throwIfAborted();
    const halves = halvesOf(scored, { epochs, random });
    const report = await compareRuns(halves, { policy, seed, sign_flips: false });
    tally[report.verdict] += 1;
    for (const row of report.rows.shown) noteSight(sights, row);
    onSplit?.(split + 1);
    await nextTick();
  }
  return {
    schema: 1,
    run_id: scored.run.id,
    policy,
    seed,
    splits,
    epochs,
    cases: scored.cases.length,
    rates: ratesOf(tally, splits),
    sees: capped([...sights.values()].map(meanSight)),
  };
}

/** A row over the splits so far: how often it saw anything, and the sum of what it saw. */
type Sight = { readonly row: GateRow; known: number; sum: number };

function noteSight(sights: Map<string, Sight>, row: GateRow): void {
  const key = JSON.stringify([row.metric, row.scope, row.group]);
  const sight = sights.get(key) ?? { row, known: 0, sum: 0 };
  if (row.sees !== null) {
    sight.known += 1;
    sight.sum += row.sees;
  }
  sights.set(key, sight);
}

function meanSight({ row, known, sum }: Sight): CalibrationReport['sees']['shown'][number] {
  const { metric, scope, group, cases } = row;
  return { metric, scope, group, cases, damage: known === 0 ? null : sum / known };
}

function ratesOf(tally: { readonly [V in Verdict]: number }, splits: number): CalibrationReport['rates'] {
  const rateOf = (verdict: Verdict): CalibrationReport['rates'][Verdict] => {
    const successes = tally[verdict];
    const { low, high } = wilson({ successes, trials: splits }, confidence) ?? { low: 0, high: 1 };
    return {
      splits: successes,
      rate: successes / splits,
      interval: { low, high, confidence, method: 'wilson' },
    };
  };
  return {
    pass: rateOf('pass'),
    fail: rateOf('fail'),
    inconclusive: rateOf('inconclusive'),
    error: rateOf('error'),
  };
}

type Deal = { readonly epochs: number; readonly random: Random };

function halvesOf({ run, cases }: ScoredRun, { epochs, random }: Deal): Runs {
  const half = { ...run, epochs };
  const dealt = cases.map((entry) => deal(entry, { epochs, random, all: run.epochs }));
  return {
    baseline: { run: half, cases: dealt.map(([first]) => first) },
    candidate: { run: half, cases: dealt.map(([, second]) => second) },
  };
}

/** Deals a case's epochs out. Those that broke are dealt like the others, so that neither half is favoured. */
function deal(
  entry: ScoredCase,
  { epochs, random, all }: Deal & { readonly all: number },
): [ScoredCase, ScoredCase] {
  const order = Array.from({ length: all }, (_, i) => i);
  for (let i = 0; i < 2 * epochs; i += 1) {
    const other = i + randomBelow(random, all - i);
    [order[i], order[other]] = [order[other] ?? 0, order[i] ?? 0];
  }
  return [pick(entry, order.slice(0, epochs)), pick(entry, order.slice(epochs, 2 * epochs))];
}

function pick(entry: ScoredCase, chosen: readonly number[]): ScoredCase {
  const picked = Object.entries(entry.scores).map(([name, list]): [string, readonly Score[]] => [
    name,
    chosen.flatMap((epoch) => list[epoch] ?? []),
  ]);
  const most = picked.reduce((sum, [, list]) => Math.max(sum, list.length), 0);
  return { ...entry, scores: Object.fromEntries(picked), errors: chosen.length - most };
}
