import { useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { EvalResultResponse, EvalRunResponse } from '../../../src/api/eval-runs.ts';
import { Choice } from '../parts/field.tsx';
import { type Column, List, type ListSearch, useListSearch } from '../parts/list.tsx';
import { costText, durationText, numberText } from '../parts/quantities.ts';
import type { RunRow } from './answers.ts';
import { CaseButton, CaseDrawer } from './case-drawer.tsx';
import { GroupChoice, groupFilters } from './group-choice.tsx';
import { ResultBadge } from './result-badge.tsx';
import { answerText, reasonOf, tokensOf } from './result-figures.ts';
import { isOver } from './words.ts';

type Props = { readonly run: EvalRunResponse; readonly rows: readonly RunRow[] };

/** Every answer of a run, by case and repetition. */
export function RunResults({ run, rows }: Props): ReactNode {
  const metric = run.plan?.scorers[0]?.name ?? '';
  const columns: readonly Column<EvalResultResponse>[] = [
    { title: 'Case', cell: ({ case_id }) => <CaseButton id={case_id} /> },
    { title: 'Group', cell: ({ group }) => group ?? '' },
    ...(run.epochs > 1
      ? [{ title: 'Repetition', isNumber: true, cell: ({ epoch }: EvalResultResponse) => epoch }]
      : []),
    { title: 'Result', cell: (result) => <ResultBadge result={result} metric={metric} /> },
    { title: 'Answer', cell: (result) => <span className="answer-cell">{answerText(result)}</span> },
    { title: 'Why', cell: (result) => <span className="answer-cell">{reasonOf(result, metric) ?? ''}</span> },
    {
      title: 'Tokens',
      isNumber: true,
      cell: ({ outcome }) => (outcome === null ? '' : numberText(tokensOf(outcome.usage))),
    },
    {
      title: 'Cost',
      isNumber: true,
      cell: ({ outcome }) => (outcome?.cost_usd == null ? '' : costText(outcome.cost_usd)),
    },
    {
      title: 'Time',
      isNumber: true,
      cell: ({ outcome }) => (outcome === null ? '' : durationText(outcome.latency_ms)),
    },
  ];
  return (
    <>
      <List
        name="Results"
        path={`/pawl/v1/eval_runs/${run.id}/results`}
        columns={columns}
        keyOf={({ case_id, epoch }) => `${epoch} ${case_id}`}
        searches="Id of the case"
        filters={['found', 'errors', ...groupFilters]}
        everyMs={isOver(run.status) ? 60_000 : 3000}
        empty={
          isOver(run.status) ? 'No such result.' : 'No result yet; they appear as soon as they are there.'
        }
      >
        <GroupChoice rows={rows} />
        <FoundChoice />
      </List>
      <CaseDrawer
        sides={[{ title: `Version ${run.agent_version}`, run, prefers: 'wrong' }]}
        metric={metric}
      />
    </>
  );
}

function FoundChoice(): ReactNode {
  const { found, errors }: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  return (
    <Choice
      label="Result"
      value={errors === 'true' ? 'broken' : (found ?? '')}
      onChange={(value) =>
        change({
          found: value === 'broken' ? undefined : value,
          errors: value === 'broken' ? 'true' : undefined,
          page: undefined,
        })
      }
      options={[
        { value: '', text: 'all' },
        { value: 'wrong', text: 'wrong' },
        { value: 'right', text: 'right' },
        { value: 'unscored', text: 'not scored' },
        { value: 'broken', text: 'session broke' },
      ]}
    />
  );
}
