import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { PromotionResponse } from '../../../../src/api/promotions.ts';
import { TwoVersions } from '../../agents/two-versions.tsx';
import { useAgent } from '../../agents/versions.ts';
import { useRead } from '../../http/use-read.ts';
import { Badge, StatusBadge } from '../../parts/badge.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Page } from '../../parts/page.tsx';
import { Time } from '../../parts/time.tsx';
import { useMe } from '../../shell/me.ts';
import { AgentName } from '../agent-name.tsx';
import { AliasRollBack } from '../alias-roll-back.tsx';
import { CarryOut } from './carry-out.tsx';
import { DecidePanel } from './decide-panel.tsx';
import { EvidencePanel } from './evidence-panel.tsx';
import { SaidPanel } from './said-panel.tsx';
import { type SeenPromotion, sentence } from './why-not.ts';

/** A promotion for whoever decides on it: what would change, how it was measured, what was said, and what to do. */
export function PromotionPage(): ReactNode {
  const { promotionId } = useParams({ strict: false }) as { promotionId: string };
  const promotion = useRead<PromotionResponse>(`/pawl/v1/promotions/${promotionId}`, { everyMs: 3000 });
  return <Loaded of={promotion}>{(known) => <Known key={known.id} promotion={known} />}</Loaded>;
}

function Known({ promotion }: { readonly promotion: PromotionResponse }): ReactNode {
  const { agent_id, alias, candidate_version, basis } = promotion;
  const me = useMe();
  const candidate = useAgent(agent_id, candidate_version);
  const seen: SeenPromotion = { promotion, me, writer: candidate.data?.pawl.author ?? null };
  return (
    <Page
      title={`Version ${candidate_version} to ${alias}`}
      under={[{ text: 'Release', to: '/release' }]}
      actions={<AliasRollBack agent_id={agent_id} name={alias} />}
    >
      <Facts promotion={promotion} />
      <Standing promotion={promotion} />
      <EvidencePanel promotion={promotion} />
      <div className="columns">
        <DecidePanel promotion={promotion} seen={seen} />
        <div>
          <SaidPanel reviews={promotion.reviews} basisHash={promotion.basis_hash} />
          <CarryOut promotion={promotion} seen={seen} />
        </div>
      </div>
      <h2>
        What would change, from version {basis.baseline_version} to version {candidate_version}
      </h2>
      <TwoVersions agentId={agent_id} from={basis.baseline_version} to={candidate_version} />
    </Page>
  );
}

function Facts({ promotion }: { readonly promotion: PromotionResponse }): ReactNode {
  const { agent_id, alias, candidate_version, basis, status, override, author, reason, created_at } =
    promotion;
  return (
    <dl className="facts">
      <dt>Status</dt>
      <dd>
        <StatusBadge status={status} /> {override !== null && <Badge tone="note">overridden</Badge>}
      </dd>
      <dt>Candidate</dt>
      <dd>
        <Link to={`/agents/${agent_id}/versions/${candidate_version}`}>version {candidate_version}</Link> of{' '}
        <AgentName id={agent_id} />, in place of{' '}
        <Link to={`/agents/${agent_id}/versions/${basis.baseline_version}`}>
          version {basis.baseline_version}
        </Link>{' '}
        as <Link to={`/agents/${agent_id}/aliases/${alias}`}>{alias}</Link>
      </dd>
      <dt>Asked by</dt>
      <dd>
        {author.name}, <Time at={created_at} />
        {reason !== null && `: ${reason}`}
      </dd>
      <dt>Measured by</dt>
      <dd>
        {basis.eval_name}, revision {basis.eval_revision}
      </dd>
      {override !== null && (
        <>
          <dt>Overridden</dt>
          <dd>
            by {override.by.name}, <Time at={override.at} />: {override.reason}
          </dd>
        </>
      )}
    </dl>
  );
}

function Standing({ promotion }: { readonly promotion: PromotionResponse }): ReactNode {
  const { blockers, ended_at, rollout_id } = promotion;
  if (rollout_id !== null && ended_at === null) {
    return (
      <div className="notice" role="status">
        It is being <Link to={`/release/rollouts/${rollout_id}`}>rolled out</Link>.
      </div>
    );
  }
  if (ended_at !== null) {
    return (
      <p>
        It is over since <Time at={ended_at} />.{' '}
        {rollout_id !== null && <Link to={`/release/rollouts/${rollout_id}`}>How it was rolled out</Link>}
      </p>
    );
  }
  if (blockers.length === 0) {
    return (
      <div className="notice notice-good" role="status">
        It lacks nothing: a releaser can start a rollout, or move the alias at once.
      </div>
    );
  }
  return (
    <section className="notice notice-warn" aria-labelledby="lacks">
      <h2 id="lacks">What stands in the way</h2>
      <ul>
        {blockers.map(({ code, text }) => (
          <li key={code}>{sentence(text)}</li>
        ))}
      </ul>
    </section>
  );
}
