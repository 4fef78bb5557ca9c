import { percent, points } from '../../core/quantities.ts';
import type { Capped, GateRow, Interval } from '../gate-report.ts';

/** How many cases a sentence names. */
const mostNamed = 10;

/** Some names in brackets, with a space before; nothing for none. */
export function named(list: Capped<string>): string {
  if (list.total === 0) return '';
  const shown = list.shown.slice(0, mostNamed);
  const rest = list.total - shown.length;
  return ` (${shown.join(', ')}${rest === 0 ? '' : ` and ${rest} more`})`;
}

/** What a row is about, to begin a sentence with: `billing`, or `billing (exact)` where there are several metrics. */
export function subjectOf(
  { scope, group, metric }: Pick<GateRow, 'scope' | 'group' | 'metric'>,
  metrics: readonly string[],
): string {
  const subject = scope === 'all_cases' ? 'The whole dataset' : (group ?? 'The rest without a group');
  return metrics.length > 1 ? `${subject} (${metric})` : subject;
}

/** What became of a mean, with its interval: `fell by 4 points (90 % interval 1 to 7)`. */
export function changeOf(mean: number, { low, high, confidence }: Interval): string {
  const limits = mean < 0 ? [-high, -low] : [low, high];
  const within = `(${percent(confidence)} interval ${limits.map(points).join(' to ')})`;
  if (mean === 0) return `did not change ${within}`;
  const amount = points(Math.abs(mean));
  return `${mean > 0 ? 'fell' : 'rose'} by ${amount} ${amount === '1' ? 'point' : 'points'} ${within}`;
}
