import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { EvalRunResponse } from '../../../src/api/eval-runs.ts';
import { StatusBadge } from '../parts/badge.tsx';
import { type Column, List } from '../parts/list.tsx';
import { useFields } from '../parts/list-fields.ts';
import { Page } from '../parts/page.tsx';
import { costText } from '../parts/quantities.ts';
import { Time } from '../parts/time.tsx';
import { CompareTwo } from './compare-two.tsx';
import { commonFilters, Filters } from './filters.tsx';
import { Pick } from './pick.tsx';
import { EvaluationPlaces } from './places.tsx';
import { Progress } from './progress.tsx';
import { meanText } from './run-figures.ts';
import { StartLink } from './start-link.tsx';

const columns: readonly Column<EvalRunResponse>[] = [
  { title: 'Run of', cell: ({ id, eval_name }) => <Link to={`/evaluations/runs/${id}`}>{eval_name}</Link> },
  {
    title: 'Agent',
    cell: ({ agent_id, plan }) => <Link to={`/agents/${agent_id}`}>{plan?.agent_name ?? agent_id}</Link>,
  },
  { title: 'Version', isNumber: true, cell: ({ agent_version }) => agent_version },
  { title: 'Dataset', cell: ({ plan }) => plan?.dataset.name ?? '' },
  { title: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
  { title: 'Answers', cell: (run) => <Progress run={run} /> },
  { title: 'Mean score', isNumber: true, cell: meanText },
  {
    title: 'Cost',
    isNumber: true,
    cell: ({ counts: { cost_usd } }) => (cost_usd === null ? 'no price known' : costText(cost_usd)),
  },
  { title: 'Begun', cell: ({ created_at }) => <Time at={created_at} /> },
];

/** All eval runs, with how far they have come; any two that are over can be compared. */
export function RunList(): ReactNode {
  const field = useFields();
  const [chosen, setChosen] = useState<readonly EvalRunResponse[]>([]);

  function toggle(run: EvalRunResponse): void {
    const others = chosen.filter(({ id }) => id !== run.id);
    setChosen(others.length < chosen.length ? others : [...others.slice(-1), run]);
  }

  const choosing: Column<EvalRunResponse> = {
    title: 'Compare',
    cell: (run) =>
      run.status === 'completed' && (
        <label className="tick">
          <input
            type="checkbox"
            checked={chosen.some(({ id }) => id === run.id)}
            onChange={() => toggle(run)}
          />
          <span className="unseen">
            Compare the run of {run.eval_name} with version {run.agent_version}
          </span>
        </label>
      ),
  };
  return (
    <Page title="Evaluations" actions={<StartLink />}>
      <EvaluationPlaces />
      {chosen.length > 0 && <CompareTwo runs={chosen} />}
      <List
        name="Eval runs"
        path="/pawl/v1/eval_runs"
        columns={[...columns, choosing]}
        keyOf={({ id }) => id}
        filters={[...commonFilters, 'dataset']}
        everyMs={2000}
        empty={
          <>
            No run here. A run asks one version every case of a dataset, and scores the answers.{' '}
            <Link to="/evaluations/new">Start one</Link>, or <Link to="/welcome">load the example</Link>.
          </>
        }
      >
        <Filters>
          <Pick label="Dataset" of="datasets" none="any" {...field('dataset')} />
        </Filters>
      </List>
    </Page>
  );
}
