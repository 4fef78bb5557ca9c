import { expect, test } from 'vitest';
import { comparison } from '../../../test/eval-subjects.ts';
import type { Verdict } from '../../core/evaluation.ts';
import type { CalibrationReport } from '../../eval/gate-report.ts';
import { wilson } from '../../stats/proportion.ts';
import { describeCalibration } from './calibration-text.ts';

function share(splits: number): CalibrationReport['rates'][Verdict] {
  const interval = wilson({ successes: splits, trials: 200 }, 0.95);
  if (interval === null) throw new Error('200 splits have an interval');
  return { splits, rate: splits / 200, interval: { ...interval, confidence: 0.95, method: 'wilson' } };
}

const report: CalibrationReport = {
  ...{ schema: 1, run_id: 'erun_a', policy: comparison().gate, seed: 1, splits: 200, epochs: 5, cases: 20 },
  rates: { pass: share(20), fail: share(3), inconclusive: share(177), error: share(0) },
  sees: {
    total: 5,
    shown: [
      { metric: 'exact', scope: 'all_cases', group: null, cases: 20, damage: 0.1234 },
      { metric: 'exact', scope: 'group', group: 'billing', cases: 5, damage: null },
      { metric: 'exact', scope: 'group', group: null, cases: 1, damage: 1 },
    ],
  },
};

test('A calibration says how often the gate is wrong, and what it can see', () => {
  expect(describeCalibration('triage', 1, report).split('\n')).toEqual([
    'The gate of triage on version 1 against itself: 200 splits, 20 cases × 5 epochs on each side.',
    'Nothing has changed between the halves, so that every fail is a false alarm.',
    '',
    'VERDICT       SPLITS  SHARE   95 % INTERVAL',
    'pass          20      10 %    6.6 % to 14.9 %',
    'fail          3       1.5 %   0.5 % to 4.3 %',
    'inconclusive  177     88.5 %  83.3 % to 92.2 %',
    'error         0       0 %     0 % to 1.9 %',
    '',
    'The smallest loss that such runs tell from none, 4 times out of 5, in points of 100:',
    'METRIC  CASES OF         CASES  LOSS',
    'exact   all cases        20     12.3',
    'exact   billing          5      not known',
    'exact   without a group  1      100.0',
    'and 2 more',
  ]);
});
