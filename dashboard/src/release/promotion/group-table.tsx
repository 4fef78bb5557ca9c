import type { ReactNode } from 'react';
import type { GateRow } from '../../../../src/eval/gate-report.ts';
import { StatusBadge } from '../../parts/badge.tsx';
import { percentText } from '../../parts/quantities.ts';
import { pointsText } from '../words.ts';
import { sentence } from './why-not.ts';

/** The verdict on each group by each scorer, with its reason. */
export function GroupTable({ rows }: { readonly rows: readonly GateRow[] }): ReactNode {
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label="Verdicts by group">
      <table>
        <caption className="unseen">Verdicts by group</caption>
        <thead>
          <tr>
            <th scope="col">Group</th>
            <th scope="col">Scorer</th>
            <th scope="col">Verdict</th>
            <th scope="col" className="number">
              Now
            </th>
            <th scope="col" className="number">
              Candidate
            </th>
            <th scope="col" className="number">
              Change
            </th>
            <th scope="col" className="number">
              Lost, gained
            </th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.metric} ${row.scope} ${row.group}`}>
              <th scope="row">
                {row.scope === 'all_cases' ? 'all cases' : (row.group ?? 'without a group')}
              </th>
              <td>{row.metric}</td>
              <td>
                <StatusBadge status={row.verdict} />
              </td>
              <td className="number">{meanText(row.baseline.mean)}</td>
              <td className="number">{meanText(row.candidate.mean)}</td>
              <td className="number">{changeOf(row)}</td>
              <td className="number">
                {row.lost.total}, {row.gained.total}
              </td>
              <td>{sentence(row.reason.text)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function meanText(mean: number | null): string {
  return mean === null ? 'no score' : percentText(mean, 1);
}

/** Damage is what is lost; people read what has changed. */
function changeOf({ damage }: GateRow): string {
  if (damage === null) return '';
  const change = pointsText(0 - damage.mean);
  const { interval } = damage;
  if (interval === null) return change;
  return `${change} [${pointsText(0 - interval.high)}, ${pointsText(0 - interval.low)}]`;
}
