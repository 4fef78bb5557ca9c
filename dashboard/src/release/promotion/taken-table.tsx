import type { ReactNode } from 'react';
import type { ResourceRow } from '../../../../src/eval/gate-report.ts';
import { costText, durationText, numberText } from '../../parts/quantities.ts';
import { changeText, signedText } from '../words.ts';

const kinds = {
  latency_ms: { name: 'Time for a case', say: durationText },
  tokens: { name: 'Tokens for a case', say: (tokens: number) => numberText(Math.round(tokens)) },
  cost_usd: { name: 'Cost of a case', say: costText },
} as const satisfies Record<ResourceRow['resource'], { name: string; say: (value: number) => string }>;

/** How much more or less the candidate takes; it decides nothing. */
export function TakenTable({ rows }: { readonly rows: readonly ResourceRow[] }): ReactNode {
  return (
    <div className="table-box">
      <table>
        <caption className="unseen">What a case takes, on average</caption>
        <thead>
          <tr>
            <th scope="col">On average</th>
            <th scope="col" className="number">
              Now
            </th>
            <th scope="col" className="number">
              Candidate
            </th>
            <th scope="col" className="number">
              Change
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const { name, say } = kinds[row.resource];
            return (
              <tr key={row.resource}>
                <th scope="row">{name}</th>
                <td className="number">{row.baseline === null ? 'not known' : say(row.baseline)}</td>
                <td className="number">{row.candidate === null ? 'not known' : say(row.candidate)}</td>
                <td className="number">{changeOf(row, say)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function changeOf({ baseline, difference, interval }: ResourceRow, say: (value: number) => string): string {
  if (difference === null) return '';
  const share = baseline === null || baseline === 0 ? '' : ` (${changeText(difference / baseline)})`;
  const unsure = interval !== null && interval.low < 0 && interval.high > 0 ? ', may be chance' : '';
  return `${signedText(difference, say)}${share}${unsure}`;
}
