import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Badge } from '../../parts/badge.tsx';
import { TableBox } from '../../parts/table-box.tsx';
import type { Report, TurnedCase } from './report.ts';

type Props = { readonly flips: Report['flips']; readonly comparisonId: string };

const mostShown = 8;

/** Cases that are right with one version and wrong with the other, lost ones first. */
export function FlipList({ flips, comparisonId }: Props): ReactNode {
  if (flips.total === 0) return <p>None: every case comes out as before.</p>;
  const page = `/evaluations/comparisons/${comparisonId}`;
  return (
    <>
      <TableBox name="Cases that turned">
        <table>
          <caption className="unseen">Cases that turned</caption>
          <thead>
            <tr>
              <th scope="col">Case</th>
              <th scope="col">Turned</th>
              <th scope="col">Message</th>
              <th scope="col">Expected</th>
              <th scope="col">Now</th>
              <th scope="col">Candidate</th>
            </tr>
          </thead>
          <tbody>
            {flips.shown.slice(0, mostShown).map((flip) => (
              <Row key={flip.case_id} flip={flip} page={page} />
            ))}
          </tbody>
        </table>
      </TableBox>
      {flips.total > mostShown && (
        <p>
          <Link to={page}>All {flips.total} cases that turned</Link>
        </p>
      )}
    </>
  );
}

function Row({ flip, page }: { readonly flip: TurnedCase; readonly page: string }): ReactNode {
  const { case_id, group, turned, must_pass, input, target, baseline, candidate } = flip;
  return (
    <tr>
      <th scope="row">
        <Link to={page} search={{ search: case_id } as never}>
          {case_id}
        </Link>
        {group !== null && <div className="faint">{group}</div>}
      </th>
      <td>
        <Badge tone={turned === 'lost' ? 'bad' : 'good'}>{turned}</Badge>
        {must_pass && <div>must pass</div>}
      </td>
      <td>{short(input)}</td>
      <td>{short(target)}</td>
      <td>{short(baseline.reading ?? baseline.reply)}</td>
      <td>{short(candidate.reading ?? candidate.reply)}</td>
    </tr>
  );
}

function short(text: string | null): string {
  if (text === null) return 'not known';
  return text.length <= 140 ? text : `${text.slice(0, 140)}…`;
}
