import type { ReactNode } from 'react';
import { numberText, percentText } from '../parts/quantities.ts';
import type { RunRow } from './answers.ts';
import { pointsText, scopeText } from './words.ts';

/** What each group of a run scored by one metric, as figures. */
export function RunTable({
  metric,
  rows,
}: {
  readonly metric: string;
  readonly rows: readonly RunRow[];
}): ReactNode {
  const repeated = rows.some(({ reliability }) => reliability !== null);
  return (
    <div className="table-box">
      <table>
        <caption className="unseen">Groups by {metric}</caption>
        <thead>
          <tr>
            <th scope="col">Group</th>
            <th scope="col" className="number">
              Cases
            </th>
            <th scope="col" className="number">
              Right
            </th>
            <th scope="col" className="number">
              Mean
            </th>
            {repeated && (
              <th
                scope="col"
                className="number"
                title="The chance that two answers to one case are scored differently"
              >
                Unsteady
              </th>
            )}
            <th
              scope="col"
              className="number"
              title="The smallest loss that a comparison would show 4 times out of 5"
            >
              Can see a loss of
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.scope} ${row.group}`}>
              <th scope="row">{scopeText(row)}</th>
              <td className="number">{numberText(row.cases)}</td>
              <td className="number">
                {numberText(row.passed)} of {numberText(row.scored)}
              </td>
              <td className="number">{row.mean === null ? '' : percentText(row.mean, 1)}</td>
              {repeated && (
                <td className="number">
                  {row.reliability === null ? '' : percentText(row.reliability.flake_rate, 1)}
                </td>
              )}
              <td className="number">{row.sees === null ? 'none' : `${pointsText(row.sees)} points`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
