import { useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Choice } from '../parts/field.tsx';
import { type ListSearch, useListSearch } from '../parts/list.tsx';
import type { GateRow } from './answers.ts';
import { groupText } from './words.ts';

/** What the choice of a group stands as in the address, and is handed on to the server. */
export const groupFilters = ['group', 'ungrouped'] as const;

type Row = Pick<GateRow, 'scope' | 'group'>;

/** Keeps to one of the groups that a report has, or to cases without one. */
export function GroupChoice({ rows }: { readonly rows: readonly Row[] }): ReactNode {
  const { group, ungrouped }: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  const groups = new Set(rows.filter(({ scope }) => scope === 'group').map((row) => row.group));
  if (groups.size === 0) return null;
  return (
    <Choice
      label="Group"
      value={ungrouped === 'true' ? '-' : group === undefined ? '' : `=${group}`}
      onChange={(value) =>
        change({
          group: value.startsWith('=') ? value.slice(1) : undefined,
          ungrouped: value === '-' ? 'true' : undefined,
          page: undefined,
        })
      }
      options={[
        { value: '', text: 'all' },
        ...[...groups].map((one) => ({ value: one === null ? '-' : `=${one}`, text: groupText(one) })),
      ]}
    />
  );
}
