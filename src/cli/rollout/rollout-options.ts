import { InvalidArgumentError, Option } from 'commander';
import { runningModes } from '../../core/release.ts';

/** What the first argument of most commands about rollouts is. */
export const rolloutHelp =
  'the id of the rollout; or the agent, or agent@alias, for its rollout under way, or else its last';

/** The steps that are taken when nobody says which. */
export const usualSteps = '5,10,25,50,100';

/** A thing to be watched, as the API takes it. */
export type WatchedMetric = { readonly metric: string; readonly margin?: number };

/** The `--running` of commands that take a candidate back. */
export function runningOption(): Option {
  return new Option('--running <mode>', 'what becomes of open sessions of the canary')
    .choices(runningModes)
    .default('drain');
}

/** Reads percentages, separated by commas. What they have to be besides, the server says. */
export function weights(text: string): number[] {
  return text.split(',').map((part) => amount(part.trim()));
}

/** Reads a number from 0. */
export function amount(text: string): number {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It has to be a number from 0.');
}

/** Reads one more percentage. */
export function oneMoreWeight(text: string, before: readonly number[] = []): number[] {
  return [...before, amount(text)];
}

/** Reads one more thing to be watched: `failures`, or `score:helpful=0.02` with its margin. */
export function oneMoreMetric(text: string, before: readonly WatchedMetric[] = []): WatchedMetric[] {
  const [metric = '', margin, ...rest] = text.split('=');
  if (metric === '' || rest.length > 0) {
    throw new InvalidArgumentError('It has to be what is watched, and may have =margin behind it.');
  }
  return [...before, margin === undefined ? { metric } : { metric, margin: amount(margin) }];
}
