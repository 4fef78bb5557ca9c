import type { ReactNode } from 'react';
import type { PromotionResponse } from '../../../../src/api/promotions.ts';
import { Deed } from '../deed.tsx';
import { StartRollout } from './start-rollout.tsx';
import { type SeenPromotion, whyNot } from './why-not.ts';

type Props = { readonly promotion: PromotionResponse; readonly seen: SeenPromotion };

/** What moves a promotion on: a rollout, the move at once, another evaluation; or takes it away. */
export function CarryOut({ promotion, seen }: Props): ReactNode {
  const { id, agent_id, alias, candidate_version, basis } = promotion;
  const path = `/pawl/v1/promotions/${id}`;
  const changes = [path, '/pawl/v1/promotions', `/pawl/v1/agents/${agent_id}`, '/pawl/v1/agents'];
  return (
    <section className="panel" aria-label="Carry out">
      <h2>Carry out</h2>
      <ul className="deeds">
        <li>
          <StartRollout promotion={promotion} because={whyNot('start', seen)} />
        </li>
        <li>
          <Deed
            does="Apply at once"
            title={`Move ${alias} to version ${candidate_version}?`}
            because={whyNot('apply', seen)}
            danger
            path={`${path}/apply`}
            changes={changes}
          >
            <p>
              All new sessions of {alias} get version {candidate_version} at once, without a canary. Sessions
              that run keep version {basis.baseline_version}.
            </p>
          </Deed>
        </li>
        <li>
          <Deed
            does="Evaluate again"
            title="Evaluate again?"
            because={whyNot('evaluate', seen)}
            path={`${path}/evaluate`}
            changes={changes}
            says={false}
          >
            <p>
              It is put on what there is now: what {alias} serves, and the newest revisions of eval and
              dataset. Where anything has changed, approvals are void, and the candidate is measured anew.
            </p>
          </Deed>
        </li>
        <li>
          <Deed
            does="Withdraw"
            title="Withdraw this promotion?"
            because={whyNot('withdraw', seen)}
            danger
            path={`${path}/withdraw`}
            changes={changes}
          >
            <p>The promotion is over then. Nothing is changed; another one can be asked for.</p>
          </Deed>
        </li>
      </ul>
    </section>
  );
}
