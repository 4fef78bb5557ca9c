import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { EvalRunResponse } from '../../../src/api/eval-runs.ts';
import { Badge } from '../parts/badge.tsx';
import { costText, counted, durationText, numberText } from '../parts/quantities.ts';
import { Time } from '../parts/time.tsx';
import { sightText } from './run-figures.ts';

/** What a run was made of, what it took, and what it can show. */
export function RunFacts({ run }: { readonly run: EvalRunResponse }): ReactNode {
  const { plan, counts } = run;
  const { input_tokens, output_tokens, cache_read_tokens } = counts.usage;
  return (
    <section className="panel" aria-label="What it ran on">
      <h2>What it ran on</h2>
      <dl className="facts">
        <dt>Agent</dt>
        <dd>
          <Link to={`/agents/${run.agent_id}`}>{plan?.agent_name ?? run.agent_id}</Link>,{' '}
          <Link to={`/agents/${run.agent_id}/versions/${run.agent_version}`}>
            version {run.agent_version}
          </Link>
        </dd>
        <dt>Eval</dt>
        <dd>
          {run.eval_name}, revision {run.eval_revision}
        </dd>
        {plan !== null && (
          <>
            <dt>Dataset</dt>
            <dd>
              <Link
                to={`/datasets/${plan.dataset.id}`}
                search={{ revision: run.dataset_revision_id } as never}
              >
                {plan.dataset.name}
              </Link>{' '}
              <code>{plan.dataset.hash.slice(0, 8)}</code>, {counted(plan.dataset.cases, 'case')}
            </dd>
            <dt>Scored by</dt>
            <dd>{plan.scorers.map(({ name }) => name).join(', ')}</dd>
            <dt>Model</dt>
            <dd>{plan.model}</dd>
          </>
        )}
        <dt>Answered by</dt>
        <dd>
          <ServedBy served={counts.served_by} />
        </dd>
        <dt>Asked</dt>
        <dd>
          {run.recorded === null
            ? `each case ${run.epochs === 1 ? 'once' : `${run.epochs} times`}`
            : 'nothing: what users were answered is scored'}
          {run.endpoint !== null && `, at ${run.endpoint}`}
        </dd>
        <dt>Tokens</dt>
        <dd>
          {numberText(input_tokens)} in, {numberText(output_tokens)} out, {numberText(cache_read_tokens)} from
          the cache
        </dd>
        <dt>Cost</dt>
        <dd>{counts.cost_usd === null ? 'no price known' : costText(counts.cost_usd)}</dd>
        <dt>Begun</dt>
        <dd>
          <Time at={run.started_at ?? run.created_at} />
          {run.started_at !== null &&
            run.ended_at !== null &&
            `, took ${tookText(run.started_at, run.ended_at)}`}
        </dd>
        <dt>Can see</dt>
        <dd>{sightText(run.sees)}</dd>
      </dl>
    </section>
  );
}

function ServedBy({ served }: { readonly served: Readonly<Record<string, number>> }): ReactNode {
  const names = Object.keys(served);
  if (names.length === 0) return 'nobody yet';
  return (
    <>
      {names.join(', ')}{' '}
      {names.some((name) => name.startsWith('offline/')) && <Badge tone="warn">offline</Badge>}
    </>
  );
}

function tookText(from: string, to: string): string {
  return durationText(Math.max(0, Date.parse(to) - Date.parse(from)));
}
