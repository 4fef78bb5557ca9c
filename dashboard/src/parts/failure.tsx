import type { ReactNode } from 'react';
import { ApiError } from '../http/client.ts';

/** Says what went wrong, read out at once; nothing when nothing did. */
export function Failure({
  error,
  onRetry,
}: {
  readonly error: Error | null;
  readonly onRetry?: () => void;
}): ReactNode {
  if (error === null) return null;
  const id = error instanceof ApiError ? error.request_id : null;
  return (
    <div className="failure" role="alert">
      <p>{error.message}</p>
      {id !== null && <p className="faint">Request {id}</p>}
      {onRetry !== undefined && (
        <button type="button" className="button button-plain" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
