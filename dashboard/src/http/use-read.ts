import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import { type Query, read } from './client.ts';

/** The key under which an answer is kept: what was asked, so that everything under a path can be read anew at once. */
export function keyOf(path: string, query: Query = {}): readonly unknown[] {
  return [...path.split('/').slice(1), query];
}

type Options = {
  readonly query?: Query;
  /** How often it is read anew while the page is looked at, in milliseconds; for what has no stream. */
  readonly everyMs?: number | false;
};

/** Reads something and keeps it; while something else is read in its place, the old is shown. A path of null reads nothing. */
export function useRead<T>(path: string | null, { query, everyMs = false }: Options = {}): UseQueryResult<T> {
  return useQuery({
    queryKey: path === null ? [] : keyOf(path, query),
    queryFn: ({ signal }) => read<T>(path ?? '', query, signal),
    enabled: path !== null,
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
}
