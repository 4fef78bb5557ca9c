import type { ReactNode } from 'react';
import { StatusBadge } from '../parts/badge.tsx';
import { numberText } from '../parts/quantities.ts';
import type { GateRow } from './answers.ts';
import { pointsText, scopeText } from './words.ts';

type Props = {
  readonly metric: string;
  readonly rows: readonly GateRow[];
  readonly sides: readonly [string, string];
};

/** What the gate found in each group, as figures. */
export function GateTable({ metric, rows, sides }: Props): ReactNode {
  const numbers = [
    `Right in ${sides[0]}`,
    `Right in ${sides[1]}`,
    'Turned wrong',
    'Turned right',
    'Loss',
    'Known within',
    'Tolerated',
    'Can see',
  ];
  return (
    <div className="table-box">
      <table>
        <caption className="unseen">What the gate found by {metric}; losses in points of 100</caption>
        <thead>
          <tr>
            <th scope="col">Group</th>
            <th scope="col">Verdict</th>
            {numbers.map((name) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={`${row.scope} ${row.group}`} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row }: { readonly row: GateRow }): ReactNode {
  const { damage, margin, sees, scored, tier } = row;
  const interval = damage?.interval ?? null;
  const figures = [
    `${numberText(row.baseline.passed)} of ${numberText(scored)}`,
    `${numberText(row.candidate.passed)} of ${numberText(scored)}`,
    numberText(row.lost.total),
    numberText(row.gained.total),
    damage === null ? '' : pointsText(damage.mean),
    interval === null ? '' : `${pointsText(interval.low)} to ${pointsText(interval.high)}`,
    margin === null ? '' : pointsText(margin),
    sees === null ? '' : pointsText(sees),
  ];
  return (
    <tr>
      <th scope="row">
        {scopeText(row)} <span className="faint">({tier})</span>
      </th>
      <td title={row.reason.text}>
        <StatusBadge status={row.verdict} />
      </td>
      {figures.map((figure, place) => (
        // Columns have no name but their place, and never move.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <td key={place} className="number">
          {figure}
        </td>
      ))}
    </tr>
  );
}
