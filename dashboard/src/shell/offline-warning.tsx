import type { ReactNode } from 'react';
import { useRead } from '../http/use-read.ts';

type ServerFacts = { readonly models?: readonly { readonly id: string; readonly offline: boolean }[] };

/** Says on every page that no real model answers, for as long as that is so. */
export function OfflineWarning(): ReactNode {
  const { data } = useRead<ServerFacts>('/pawl/v1/server', { everyMs: 60_000 });
  const offline = (data?.models ?? []).filter((model) => model.offline);
  if (offline.length === 0) return null;
  return (
    <p className="notice notice-warn" role="note">
      No provider is configured for {offline.map(({ id }) => id).join(', ')}: the built-in offline model
      answers, which is for trying things out.
    </p>
  );
}
