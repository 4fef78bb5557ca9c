import { useSearch } from '@tanstack/react-router';
import { type ListSearch, useListSearch } from './list.tsx';

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

/** The orders that lists by time have. */
export const orders = [
  { value: '', text: 'newest first' },
  { value: 'asc', text: 'oldest first' },
] as const;
