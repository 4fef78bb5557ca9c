import { useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { CaseResponse } from '../../../src/api/wire/datasets.ts';
import { useRead } from '../http/use-read.ts';
import { Badge } from '../parts/badge.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { type ListSearch, type ServerPage, useListSearch } from '../parts/list.tsx';
import type { EvalRun } from './answers.ts';
import { CaseSide } from './case-side.tsx';
import type { Finding } from './result-figures.ts';
import './evaluations.css';

/** Opens a case beside the list that it stands in; which one stands in the address. */
export function CaseButton({ id }: { readonly id: string }): ReactNode {
  const change = useListSearch();
  return (
    <button type="button" className="case-button" aria-haspopup="dialog" onClick={() => change({ case: id })}>
      {id}
    </button>
  );
}

export type DrawerSide = {
  readonly title: string;
  readonly run: EvalRun;
  /** Which of several repetitions is shown first. */
  readonly prefers: Finding;
};

type Props = {
  /** One run, or two that are set against each other. */
  readonly sides: readonly DrawerSide[];
  readonly metric: string;
};

/** The case that the address names: what was expected, and on each side what was said and why it scored so. */
export function CaseDrawer({ sides, metric }: Props): ReactNode {
  const { case: id }: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  const run = sides.at(-1)?.run;
  if (id === undefined || run === undefined) return null;
  return (
    <Dialog title={`Case ${id}`} wide onClose={() => change({ case: undefined })}>
      <Expected run={run} id={id} />
      <div className="columns">
        {sides.map((side) => (
          <CaseSide key={`${side.run.id} ${id}`} {...side} metric={metric} caseId={id} />
        ))}
      </div>
    </Dialog>
  );
}

function Expected({ run, id }: { readonly run: EvalRun; readonly id: string }): ReactNode {
  const path = run.plan === null ? null : `/pawl/v1/datasets/${run.plan.dataset.id}/cases`;
  const query = { revision: run.dataset_revision_id, case_id: id };
  const one = useRead<ServerPage<CaseResponse>>(path, { query }).data?.data[0];
  if (one === undefined) return null;
  const { group, must_pass, target } = one;
  return (
    <dl className="facts">
      {group !== null && (
        <>
          <dt>Group</dt>
          <dd>{group}</dd>
        </>
      )}
      <dt>Expected</dt>
      <dd>
        <code>{typeof target === 'string' ? target : JSON.stringify(target)}</code>{' '}
        {must_pass && <Badge tone="note">must pass</Badge>}
      </dd>
    </dl>
  );
}
