import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import type { Arm } from '../../../../src/core/rollout.ts';
import { Badge } from '../../parts/badge.tsx';
import { costText, numberText } from '../../parts/quantities.ts';
import { chanceText } from '../words.ts';

/** Below this, what got which version does not fit the shares that it should have had. */
const sampleRatioAlpha = 0.001;

/** How many sessions each version had, whether that fits, and what was left out. */
export function ArmTable({ rollout }: { readonly rollout: RolloutResponse }): ReactNode {
  const { id, baseline_version, candidate_version, evidence, scoring } = rollout;
  const { sessions, units, excluded, sample_ratio } = evidence;
  const sum = (arm: Arm): number => sessions.reduce((total, counts) => total + counts[arm], 0);
  const fits = sample_ratio.p >= sampleRatioAlpha;
  return (
    <>
      <div className="table-box">
        <table>
          <caption className="unseen">Sessions of each version</caption>
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col" className="number">
                Version
              </th>
              <th scope="col" className="number">
                Sessions with an answer
              </th>
              <th scope="col" className="number">
                Users, or sessions without one
              </th>
              <th scope="col" className="number">
                Left out
              </th>
              <th scope="col">
                <span className="unseen">Sessions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {(['control', 'canary'] as const).map((arm) => (
              <tr key={arm}>
                <th scope="row">{arm === 'control' ? 'control' : 'candidate (canary)'}</th>
                <td className="number">{arm === 'control' ? baseline_version : candidate_version}</td>
                <td className="number">{numberText(sum(arm))}</td>
                <td className="number">{numberText(units[arm])}</td>
                <td className="number">{numberText(excluded[arm])}</td>
                <td>
                  <Link to="/sessions" search={{ rollout_id: id, arm } as never}>
                    Sessions of the {arm}
                  </Link>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p>
        Parts of the traffic:{' '}
        <Badge tone={fits ? 'good' : 'bad'}>{fits ? 'as they should be' : 'not as they should be'}</Badge> (p{' '}
        {chanceText(sample_ratio.p)}; below {sampleRatioAlpha}, nothing can be concluded).
      </p>
      <p className="hint">
        Left out are sessions with a draft or other changes of their own: they do not run what the version is.
      </p>
      {scoring.map(({ name, waiting, given_up, cost_usd }) => (
        <p key={name}>
          Scorer {name}: {numberText(waiting)} sessions wait for it, {numberText(given_up)} could not be
          scored
          {cost_usd !== null && `, and it has cost ${costText(cost_usd)}`}.
        </p>
      ))}
    </>
  );
}
