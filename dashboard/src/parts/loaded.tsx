import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Failure } from './failure.tsx';

type Props<T> = {
  readonly of: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
};

/** What was read, once it is there; until then that it is coming, or why it is not. */
export function Loaded<T>({ of, children }: Props<T>): ReactNode {
  if (of.data !== undefined) {
    return (
      <>
        {of.isError && <Failure error={of.error} onRetry={() => void of.refetch()} />}
        {children(of.data)}
      </>
    );
  }
  if (of.isError) return <Failure error={of.error} onRetry={() => void of.refetch()} />;
  return (
    <p className="loading" role="status">
      Loading…
    </p>
  );
}
