import type { ReactNode } from 'react';
import type { ServerStatusResponse } from '../../../src/api/wire/server.ts';
import { useRead } from '../http/use-read.ts';

/** Says on every page that no real model answers, for as long as that is so. */
export function OfflineWarning(): ReactNode {
  const { data } = useRead<ServerStatusResponse>('/pawl/v1/server', { everyMs: 60_000 });
  if (data?.falls_back_to_offline !== true) return null;
  return (
    <p className="banner" role="note">
      No provider is configured: the built-in offline model answers for every model. It is for trying things
      out, and knows nothing.
    </p>
  );
}
