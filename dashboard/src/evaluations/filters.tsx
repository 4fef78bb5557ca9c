import type { ReactNode } from 'react';
import { Choice, TextField } from '../parts/field.tsx';
import { orders, useFields } from '../parts/list-fields.ts';
import { Pick } from './pick.tsx';

/** What runs and comparisons are filtered by alike. */
export const commonFilters = ['eval', 'agent_id', 'agent_version', 'status', 'order'] as const;

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
