import type { ReactNode } from 'react';
import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import { Badge } from '../../parts/badge.tsx';
import { numberText } from '../../parts/quantities.ts';
import { TableBox } from '../../parts/table-box.tsx';
import { chanceText } from '../words.ts';
import { harmText, meanText, metricName } from './metric-words.ts';

type Check = RolloutResponse['evidence']['checks'][number];

const found = {
  broken: ['worse', 'bad'],
  safe: ['no worse', 'good'],
  open: ['not known yet', 'calm'],
} as const;

/** Everything that is watched, with its numbers against its bound. */
export function CheckTable({ checks }: { readonly checks: readonly Check[] }): ReactNode {
  return (
    <>
      <TableBox name="What is watched">
        <table>
          <caption className="unseen">What is watched</caption>
          <thead>
            <tr>
              <th scope="col">Watched</th>
              <th scope="col">The candidate is</th>
              <th scope="col" className="number">
                Control
              </th>
              <th scope="col" className="number">
                Candidate
              </th>
              <th scope="col" className="number">
                Worse by
              </th>
              <th scope="col" className="number">
                Surely between
              </th>
              <th scope="col">Its bound</th>
              <th scope="col">If worse</th>
            </tr>
          </thead>
          <tbody>
            {checks.map((check) => (
              <Row key={check.metric} check={check} />
            ))}
          </tbody>
        </table>
      </TableBox>
      <p className="hint">
        “Worse by” is below 0 where the candidate is better. The bounds hold however often they are looked at;
        p is the chance of such numbers, or worse ones, if the candidate were no worse.
      </p>
    </>
  );
}

function Row({ check }: { readonly check: Check }): ReactNode {
  const { metric, kind, status, margin, alpha, p, harm, control, canary } = check;
  const [word, tone] = found[status];
  return (
    <tr>
      <th scope="row">{metricName(metric)}</th>
      <td>
        <Badge tone={tone}>{word}</Badge>
      </td>
      <td className="number">
        {meanText(metric, control.mean)}
        <div className="faint">of {numberText(control.units)}</div>
      </td>
      <td className="number">
        {meanText(metric, canary.mean)}
        <div className="faint">of {numberText(canary.units)}</div>
      </td>
      <td className="number">{harmText(metric, harm.estimate)}</td>
      <td className="number">
        {harm.low === null && harm.high === null
          ? 'not known'
          : `${harmText(metric, harm.low)} and ${harmText(metric, harm.high)}`}
      </td>
      <td>
        {metric === 'failures' || metric === 'refusals'
          ? `breaks at p ${chanceText(alpha)}, `
          : `breaks above ${harmText(metric, margin)}, `}
        {p === null ? 'p not known' : `p is ${chanceText(p)}`}
      </td>
      <td>{kind === 'guardrail' ? 'takes it back' : 'pauses it'}</td>
    </tr>
  );
}
