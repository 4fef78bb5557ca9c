import { useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ComparedCasesResponse } from '../../../src/api/comparisons.ts';
import { useRead } from '../http/use-read.ts';
import { Choice } from '../parts/field.tsx';
import type { ListSearch } from '../parts/list.tsx';
import { useFields } from '../parts/list-fields.ts';
import type { CaseOutcome, GateRow } from './answers.ts';
import { GroupChoice } from './group-choice.tsx';
import { outcomeWords } from './words.ts';

type Props = {
  readonly path: string;
  readonly rows: readonly GateRow[];
  readonly metrics: readonly string[];
};

/** What the matrix of cases is kept to, with how many cases came out so. */
export function CaseFilters({ path, rows, metrics }: Props): ReactNode {
  const field = useFields();
  const { search, metric, group, ungrouped }: ListSearch = useSearch({ strict: false });
  const query = { search, metric, group, ungrouped, limit: 1 };
  const counts = useRead<ComparedCasesResponse>(path, { query }).data?.outcomes;
  const outcomes = Object.entries(outcomeWords).map(([value, { text }]) => ({
    value,
    text: counts === undefined ? text : `${text} (${counts[value as CaseOutcome]})`,
  }));
  return (
    <>
      <GroupChoice rows={rows} />
      <Choice
        label="What became of it"
        {...field('outcomes')}
        options={[{ value: '', text: 'anything' }, ...outcomes]}
      />
      {metrics.length > 1 && (
        <Choice
          label="By"
          {...field('metric')}
          options={[{ value: '', text: 'what decides' }, ...metrics.map((value) => ({ value, text: value }))]}
        />
      )}
      <Choice label="Order" {...field('sort')} options={orders} />
    </>
  );
}

const orders = [
  { value: '', text: 'those that turned first' },
  { value: 'dataset', text: 'as in the dataset' },
];
