import { verdicts } from '../../core/evaluation.ts';
import { counted, percent } from '../../core/quantities.ts';
import type { CalibrationReport } from '../../eval/gate-report.ts';
import { columns } from '../output.ts';

/** A calibration for people. */
export function describeCalibration(evalName: string, version: number, report: CalibrationReport): string {
  const { splits, cases, epochs, rates, sees } = report;
  const halves = `${counted(cases, 'case')} × ${counted(epochs, 'epoch')} on each side`;
  const confidence = percent(rates.fail.interval.confidence);
  const verdictRows = verdicts.map((verdict) => {
    const { splits: number, rate, interval } = rates[verdict];
    return [verdict, String(number), percent(rate), `${percent(interval.low)} to ${percent(interval.high)}`];
  });
  const seesRows = sees.shown.map(({ metric, scope, group, cases: own, damage }) => [
    metric,
    scope === 'all_cases' ? 'all cases' : (group ?? 'without a group'),
    String(own),
    damage === null ? 'not known' : (damage * 100).toFixed(1),
  ]);
  return [
    `The gate of ${evalName} on version ${version} against itself: ${splits} splits, ${halves}.`,
    `Nothing has changed between the halves, so that every fail is a false alarm.`,
    '',
    ...columns([['VERDICT', 'SPLITS', 'SHARE', `${confidence} INTERVAL`], ...verdictRows]),
    '',
    'The smallest loss that such runs tell from none, 4 times out of 5, in points of 100:',
    ...columns([['METRIC', 'CASES OF', 'CASES', 'LOSS'], ...seesRows]),
    ...(sees.total > sees.shown.length ? [`and ${sees.total - sees.shown.length} more`] : []),
  ].join('\n');
}
