import { QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from './client.ts';

/** What was read is shown at once when it is asked for again, and read anew behind it. */
const freshMs = 2000;

/** The memory of what was read. `onSignedOut` is called when the server asks who is there. */
export function createQueries(onSignedOut: () => Promise<void>): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (isSignedOut(error)) void onSignedOut();
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: freshMs,
        retry: (failures, error) => failures < 2 && isPassing(error),
      },
      // Some are sent a secret or answered with one: it goes with the page that has asked.
      mutations: { retry: false, gcTime: 0 },
    },
  });
}

function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500);
}
