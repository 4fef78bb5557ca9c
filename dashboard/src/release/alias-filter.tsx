import { useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type ListSearch, useListSearch } from '../parts/list.tsx';
import { SearchBox } from '../parts/search-box.tsx';

/** What lists of this place are filtered by, besides what they search in. */
export const aliasFilters = ['status', 'agent_id', 'alias', 'order'] as const;

/** Keeps to one agent, and then to one of its aliases. */
export function AliasFilter(): ReactNode {
  const search: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  const agent = search['agent_id'] ?? '';
  return (
    <>
      <SearchBox
        label="Agent id"
        value={agent}
        onSearch={(agent_id) =>
          change({ agent_id, page: undefined, ...(agent_id === '' ? { alias: undefined } : {}) })
        }
      />
      {agent !== '' && (
        <SearchBox
          label="Alias"
          value={search['alias'] ?? ''}
          onSearch={(alias) => change({ alias, page: undefined })}
        />
      )}
    </>
  );
}
