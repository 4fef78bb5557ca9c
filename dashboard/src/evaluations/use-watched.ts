import { type UseQueryResult, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { JobStatus } from '../../../src/core/evaluation.ts';
import { type Liveness, useFollow } from '../http/follow.ts';
import { keyOf, useRead } from '../http/use-read.ts';
import { isOver } from './words.ts';

type Watched<T> = {
  readonly query: UseQueryResult<T>;
  /** As it was told last; undefined until anything is known. */
  readonly now: T | undefined;
  readonly liveness: Liveness;
  /** Takes over an answer that is newer than what the stream has told. */
  readonly tell: (value: T) => void;
};

/** A run or a comparison as it goes on: read once, and then followed on its stream until it is over. */
export function useWatched<T extends { readonly status: JobStatus }>(path: string): Watched<T> {
  const queries = useQueryClient();
  const query = useRead<T>(path);
  const [told, setTold] = useState<T | null>(null);
  const now = told ?? query.data;
  const goesOn = now !== undefined && !isOver(now.status);
  const liveness = useFollow(goesOn ? `${path}/stream` : null, {
    onEvent: (data) => {
      setTold(data as T);
      // What stands below it, such as results, is complete only now.
      if (isOver((data as T).status)) void queries.invalidateQueries({ queryKey: keyOf(path).slice(0, -1) });
    },
    isOver: (data) => isOver((data as T).status),
  });
  return { query, now, liveness, tell: setTold };
}
