import type { ReactNode } from 'react';
import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import './rollout.css';

/** Who gets what at this moment, as a bar and in words. */
export function TrafficBar({ rollout }: { readonly rollout: RolloutResponse }): ReactNode {
  const { weight, baseline_version, candidate_version, status } = rollout;
  const rest = Number((100 - weight).toFixed(2));
  return (
    <section aria-label="Traffic now" className="traffic">
      <h2>Who gets what now</h2>
      <div className="traffic-bar" aria-hidden="true">
        <div className="traffic-canary" style={{ width: `${weight}%` }} />
      </div>
      <p role="status">
        {status === 'completed' ? (
          <>All new sessions get version {candidate_version}: the rollout came to its end.</>
        ) : weight === 0 ? (
          <>All new sessions get version {baseline_version}; the candidate gets none.</>
        ) : (
          <>
            <span className="traffic-key traffic-canary" aria-hidden="true" /> {weight} % of new sessions get
            the candidate, version {candidate_version}. <span className="traffic-key" aria-hidden="true" />{' '}
            {rest} % get version {baseline_version}.
          </>
        )}
      </p>
    </section>
  );
}
