import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ComparisonListed } from '../../../src/api/comparisons.ts';
import { StatusBadge } from '../parts/badge.tsx';
import { Choice } from '../parts/field.tsx';
import { type Column, List } from '../parts/list.tsx';
import { useFields } from '../parts/list-fields.ts';
import { Page } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { commonFilters, Filters } from './filters.tsx';
import { EvaluationPlaces } from './places.tsx';
import { Progress } from './progress.tsx';
import { meanText } from './run-figures.ts';
import { StartLink } from './start-link.tsx';
import { isOver } from './words.ts';

const columns: readonly Column<ComparisonListed>[] = [
  {
    title: 'Comparison',
    cell: ({ id, baseline, candidate }) => (
      <Link to={`/evaluations/comparisons/${id}`}>
        {candidate.plan?.agent_name ?? candidate.eval_name}: {candidate.agent_version} against{' '}
        {baseline.agent_version}
      </Link>
    ),
  },
  { title: 'Verdict', cell: Verdict },
  { title: 'Baseline', isNumber: true, cell: ({ baseline }) => meanText(baseline) },
  { title: 'Candidate', isNumber: true, cell: ({ candidate }) => meanText(candidate) },
  { title: 'Eval', cell: ({ candidate }) => candidate.eval_name },
  { title: 'Dataset', cell: Dataset },
  { title: 'Begun', cell: ({ created_at }) => <Time at={created_at} /> },
];

const verdicts = [
  { value: '', text: 'any' },
  ...['pass', 'fail', 'inconclusive', 'error'].map((value) => ({ value, text: value })),
];

/** All comparisons, with what the gate said. */
export function ComparisonList(): ReactNode {
  const field = useFields();
  return (
    <Page title="Evaluations" actions={<StartLink />}>
      <EvaluationPlaces />
      <List
        name="Comparisons"
        path="/pawl/v1/comparisons"
        columns={columns}
        keyOf={({ id }) => id}
        filters={[...commonFilters, 'verdict']}
        everyMs={2000}
        empty={
          <>
            No comparison here. A comparison asks two versions the same cases and says whether the new one may
            take the place of the old one. <Link to="/evaluations/new">Start one</Link>, or{' '}
            <Link to="/welcome">load the example</Link>.
          </>
        }
      >
        <Filters>
          <Choice label="Verdict" {...field('verdict')} options={verdicts} />
        </Filters>
      </List>
    </Page>
  );
}

function Verdict({ verdict, status, candidate }: ComparisonListed): ReactNode {
  return (
    <>
      <StatusBadge status={verdict ?? status} /> {!isOver(status) && <Progress run={candidate} />}
    </>
  );
}

function Dataset({ origin, candidate }: ComparisonListed): ReactNode {
  if (origin !== null) return <span className="faint">what users said</span>;
  return candidate.plan?.dataset.name ?? '';
}
