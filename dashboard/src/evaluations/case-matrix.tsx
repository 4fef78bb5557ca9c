import { useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ComparedCaseResponse, ComparisonResponse } from '../../../src/api/comparisons.ts';
import { Badge } from '../parts/badge.tsx';
import { type Column, List, type ListSearch } from '../parts/list.tsx';
import { costText, durationText } from '../parts/quantities.ts';
import type { CaseOutcome, ComparedSide, GateRow } from './answers.ts';
import { CaseButton, CaseDrawer } from './case-drawer.tsx';
import { CaseFilters } from './case-filters.tsx';
import { groupFilters } from './group-choice.tsx';
import { changeText, outcomeWords, pointsText, sideTexts } from './words.ts';

type Props = { readonly comparison: ComparisonResponse; readonly rows: readonly GateRow[] };

/** Every case with what both versions made of it, those that turned first. */
export function CaseMatrix({ comparison, rows }: Props): ReactNode {
  const { baseline, candidate, gate } = comparison;
  const search: ListSearch = useSearch({ strict: false });
  const path = `/pawl/v1/comparisons/${comparison.id}/cases`;
  const [before, after] = sideTexts(comparison);
  const metric = search['metric'] ?? gate.metrics[0] ?? candidate.plan?.scorers[0]?.name ?? '';
  const columns: readonly Column<ComparedCaseResponse>[] = [
    {
      title: 'Case',
      cell: ({ case_id, must_pass }) => (
        <>
          <CaseButton id={case_id} /> {must_pass && <Badge tone="note">must pass</Badge>}
        </>
      ),
    },
    { title: 'Group', cell: ({ group }) => group ?? '' },
    { title: 'What became of it', cell: ({ outcome }) => <Became outcome={outcome} /> },
    { title: titled(before), cell: (one) => <Side side={one.baseline} /> },
    { title: titled(after), cell: (one) => <Side side={one.candidate} /> },
    { title: 'Loss', isNumber: true, cell: ({ damage }) => (damage === null ? '' : pointsText(damage)) },
    { title: 'Change of time', isNumber: true, cell: (one) => changed(one, 'latency_ms', durationText) },
    { title: 'Change of cost', isNumber: true, cell: (one) => changed(one, 'cost_usd', costText) },
  ];
  return (
    <>
      <List
        name="Cases"
        path={path}
        columns={columns}
        keyOf={({ case_id }) => case_id}
        searches="Id of the case"
        filters={['metric', 'outcomes', ...groupFilters]}
        listed={['outcomes']}
        everyMs={60_000}
        empty="No such case."
      >
        <CaseFilters
          path={path}
          rows={rows}
          metrics={candidate.plan?.scorers.map(({ name }) => name) ?? []}
        />
      </List>
      <CaseDrawer
        sides={[
          { title: titled(before), run: baseline, prefers: 'right' },
          { title: titled(after), run: candidate, prefers: 'wrong' },
        ]}
        metric={metric}
      />
    </>
  );
}

function Became({ outcome }: { readonly outcome: CaseOutcome }): ReactNode {
  const { text, tone } = outcomeWords[outcome];
  return <Badge tone={tone}>{text}</Badge>;
}

function Side({ side: { score, passes, epochs, errors } }: { readonly side: ComparedSide }): ReactNode {
  const graded = score !== null && Math.abs(score * epochs - passes) > 1e-6;
  return (
    <>
      <span className="unbroken">{epochs === 0 ? 'no score' : `right in ${passes} of ${epochs}`}</span>
      {graded && <span className="faint"> ({pointsText(score)} of 100)</span>}
      {errors > 0 && <span className="faint"> ({errors} broke)</span>}
    </>
  );
}

type Measured = 'latency_ms' | 'cost_usd';

function changed(
  { baseline, candidate }: ComparedCaseResponse,
  what: Measured,
  format: (value: number) => string,
): string {
  const [before, after] = [baseline[what], candidate[what]];
  return before === null || after === null ? '' : changeText(after - before, format);
}

function titled(side: string): string {
  return side.charAt(0).toUpperCase() + side.slice(1);
}
