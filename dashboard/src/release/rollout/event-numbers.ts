import type { RolloutEventResponse, RolloutResponse } from '../../../../src/api/rollouts.ts';
import { numberText } from '../../parts/quantities.ts';
import { chanceText } from '../words.ts';
import { meanText, metricName } from './metric-words.ts';

/** The numbers that an event was decided on, each in a sentence; none where it has none. */
export function eventNumbers({ data }: Pick<RolloutEventResponse, 'data'>): string[] {
  if (!hasEvidence(data)) return [];
  const { sessions, checks } = data;
  const sum = (arm: 'control' | 'canary'): number =>
    sessions.reduce((total, counts) => total + counts[arm], 0);
  const counted = `${numberText(sum('canary'))} sessions of the candidate, ${numberText(sum('control'))} of control`;
  const said = checks
    .filter(({ canary, control }) => canary.mean !== null && control.mean !== null)
    .map(({ metric, canary, control, p }) => {
      const chance = p === null ? '' : ` (p ${chanceText(p)})`;
      return `${metricName(metric)}: ${meanText(metric, canary.mean)} against ${meanText(metric, control.mean)}${chance}`;
    });
  return [counted, ...said];
}

function hasEvidence(data: unknown): data is RolloutResponse['evidence'] {
  return typeof data === 'object' && data !== null && 'checks' in data && 'sessions' in data;
}
