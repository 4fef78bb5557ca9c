import { useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Choice, TextField } from '../parts/field.tsx';
import { type ListSearch, useListSearch } from '../parts/list.tsx';
import { Pick } from './pick.tsx';

/** What runs and comparisons are filtered by alike. */
export const commonFilters = ['eval', 'agent_id', 'agent_version', 'status', 'order'] as const;

type Field = { readonly value: string; readonly onChange: (value: string) => void };

/** Fields that stand in the address, by what they are called there; a change begins at the first page. */
export function useFields(): (name: string) => Field {
  const search: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  return (name) => ({
    value: search[name] ?? '',
    onChange: (value) => change({ [name]: value, page: undefined }),
  });
}

/** Filters of a list of runs or comparisons, with those that only one of them has. */
export function Filters({ children }: { readonly children: ReactNode }): ReactNode {
  const field = useFields();
  return (
    <>
      <Pick label="Agent" of="agents" none="any" {...field('agent_id')} />
      <TextField label="Version" type="number" {...field('agent_version')} />
      <Pick label="Eval" of="evals" none="any" {...field('eval')} />
      {children}
      <Choice label="Status" {...field('status')} options={statuses} />
      <Choice label="Order" {...field('order')} options={orders} />
    </>
  );
}

const statuses = [
  { value: '', text: 'any' },
  ...['pending', 'running', 'completed', 'failed', 'canceled'].map((value) => ({ value, text: value })),
];
const orders = [
  { value: '', text: 'newest first' },
  { value: 'asc', text: 'oldest first' },
];
