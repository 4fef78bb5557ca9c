import { counted } from '../../core/quantities.ts';
import type { RunCounts } from '../../eval/result.ts';
import { duration, money } from './quantities.ts';

/** How far a run has come, and what it was like when the watching began. */
export type RunProgress = {
  readonly version: number;
  readonly counts: RunCounts;
  /** Milliseconds since it was first seen. */
  readonly elapsed_ms: number;
  /** How many had been settled by sessions of its own then. */
  readonly settled_before: number;
};

const barWidth = 20;
/** Fewer than this say nothing about how long the rest takes. */
const fewestForEstimate = 3;

/** A run on one line: how much is settled, running means, and what it has taken. */
export function progressLine(progress: RunProgress, width: number): string {
  const { version, counts } = progress;
  const settled = counts.done + counts.errors;
  const filled = counts.total === 0 ? 0 : Math.round((settled / counts.total) * barWidth);
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`;
  const left = millisecondsLeft(progress);
  const parts = [
    `v${version} ${bar} ${settled}/${counts.total}`,
    ...figures(counts),
    duration(progress.elapsed_ms),
    ...(left === null || left === 0 ? [] : [`about ${duration(left)} left`]),
  ];
  // A line that wraps cannot be drawn over.
  return parts.join('  ').slice(0, Math.max(0, width));
}

/** The same for a log, where lines stay. */
export function progressSentence({ version, counts }: Pick<RunProgress, 'version' | 'counts'>): string {
  const settled = `Version ${version}: ${counts.done + counts.errors} of ${counts.total}`;
  return [settled, ...figures(counts)].join(', ');
}

/** What sessions of the run's own have settled: reused results come at once and say nothing about time. */
export function settledItself({ done, reused, errors }: RunCounts): number {
  return done - reused + errors;
}

function figures({ scores, reused, errors, cost_usd }: RunCounts): string[] {
  const means = Object.entries(scores).flatMap(([name, { sum, count }]) =>
    count === 0 ? [] : [`${name} ${(sum / count).toFixed(2)}`],
  );
  return [
    ...means,
    ...(reused === 0 ? [] : [`${reused} reused`]),
    ...(errors === 0 ? [] : [counted(errors, 'error')]),
    ...(cost_usd === null || cost_usd === 0 ? [] : [money(cost_usd)]),
  ];
}

/** If it goes on as it did since the watching began; null when that is too little to tell. */
function millisecondsLeft({ counts, elapsed_ms, settled_before }: RunProgress): number | null {
  const settled = settledItself(counts) - settled_before;
  if (settled < fewestForEstimate) return null;
  return ((counts.total - counts.done - counts.errors) / settled) * elapsed_ms;
}
