import type { ReactNode } from 'react';
import { StatusBadge } from '../../parts/badge.tsx';
import { percentText } from '../../parts/quantities.ts';
import { TableBox } from '../../parts/table-box.tsx';
import { pointsText } from '../words.ts';
import type { ReportRow } from './report.ts';
import { sentence } from './why-not.ts';

/** The verdict on each group by each scorer, with its reason. */
export function GroupTable({ rows }: { readonly rows: readonly ReportRow[] }): ReactNode {
  return (
    <TableBox name="Verdicts by group">
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
              <td className="number">
                <Change damage={row.damage} />
              </td>
              <td className="number">
                {row.lost.total}, {row.gained.total}
              </td>
              <td>{sentence(row.reason.text)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function meanText(mean: number | null): string {
  return mean === null ? 'no score' : percentText(mean, 1);
}

/** Damage is what is lost; people read what has changed. */
function Change({ damage }: Pick<ReportRow, 'damage'>): ReactNode {
  if (damage === null) return null;
  const { mean, interval } = damage;
  return (
    <>
      {pointsText(0 - mean)}
      {interval !== null && (
        <div className="faint">
          {pointsText(0 - interval.high)} to {pointsText(0 - interval.low)}
        </div>
      )}
    </>
  );
}
