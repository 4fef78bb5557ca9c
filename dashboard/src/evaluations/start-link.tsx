import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** Leads to where a run or a comparison is started. */
export function StartLink({
  agent,
  version,
}: {
  readonly agent?: string;
  readonly version?: number;
}): ReactNode {
  return (
    <Link
      className="button button-main"
      to="/evaluations/new"
      search={{ agent, version: version === undefined ? undefined : String(version) } as never}
    >
      Start an evaluation
    </Link>
  );
}
