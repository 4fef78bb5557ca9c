import type { RolloutResponse } from '../../api/rollouts.ts';
import { percent, points } from '../../core/quantities.ts';
import type { LiveMetric } from '../../core/rollout.ts';
import { money } from '../eval/quantities.ts';

/** Something that a rollout watches, and how it stands. */
export type Check = RolloutResponse['evidence']['checks'][number];

/** The heads over {@link checkCells}. */
export const checkHeads: readonly string[] = [
  ...['WATCHED', 'KIND', 'STATUS', 'CANARY', 'CONTROL', 'WORSE BY', 'AT MOST', 'ALLOWED'],
];

/** How something stands, for a table; how many users or sessions have a value is in brackets. */
export function checkCells(check: Check): string[] {
  const { metric, margin, kind, status, harm, canary, control } = check;
  return [
    ...[metric, kind, status === 'broken' ? 'BROKEN' : status],
    ...[canary, control].map((arm) => `${meanText(metric, arm.mean)} (${arm.units})`),
    ...[harm.estimate, harm.high, margin].map((value) => harmText(metric, value)),
  ];
}

/** The heads over {@link limitCells}. */
export const limitHeads: readonly string[] = ['WATCHED', 'P', 'BROKEN FROM P', 'WORSE BY AT LEAST'];

/** What decides whether something is broken, for a table. */
export function limitCells({ metric, p, alpha, harm }: Check): string[] {
  return [metric, short(p), short(alpha), harmText(metric, harm.low)];
}

/** That something stands otherwise than before, in one sentence without its full stop. */
export function checkSentence({ metric, status, harm, canary, control, p, alpha }: Check): string {
  const means = `canary ${meanText(metric, canary.mean)} of ${canary.units}, control ${meanText(metric, control.mean)} of ${control.units}`;
  const why =
    status === 'broken'
      ? `p ${short(p)}, limit ${short(alpha)}`
      : `worse by ${harmText(metric, harm.high)} at most`;
  return status === 'open' ? `${metric} is open again: ${means}` : `${metric} is ${status}: ${means}; ${why}`;
}

/** Three digits of a number, or the word for none. */
export function short(value: number | null): string {
  return value === null ? 'unknown' : String(Number(value.toPrecision(3)));
}

/** A mean in the unit of what it is of. */
function meanText(metric: LiveMetric, mean: number | null): string {
  if (mean === null) return 'unknown';
  switch (metric) {
    case 'failures':
    case 'refusals':
      return percent(mean);
    case 'cost':
      return money(mean);
    case 'tokens':
      return String(Math.round(mean));
    case 'latency':
      return `${short(mean)} s`;
    default:
      return short(mean);
  }
}

/** Differences are in points, a hundred to the whole; where the control's mean is the measure, they are shares of it. */
function harmText(metric: LiveMetric, value: number | null): string {
  if (value === null) return 'unknown';
  return metric === 'cost' || metric === 'tokens' || metric === 'latency'
    ? percent(value)
    : `${points(value)} points`;
}
