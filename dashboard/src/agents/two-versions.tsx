import type { ReactNode } from 'react';
import { Loaded } from '../parts/loaded.tsx';
import { VersionDiff } from './version-diff.tsx';
import { useAgent } from './versions.ts';

type Props = {
  readonly agentId: string;
  readonly from: string | number;
  readonly to: string | number;
};

/** What differs between two versions of an agent, once both are there. */
export function TwoVersions({ agentId, from, to }: Props): ReactNode {
  const before = useAgent(agentId, from);
  const after = useAgent(agentId, to);
  return (
    <Loaded of={before}>
      {(old) => (
        <Loaded of={after}>
          {(fresh) => (
            <VersionDiff
              before={old}
              after={fresh}
              titles={[`version ${old.version}`, `version ${fresh.version}`]}
            />
          )}
        </Loaded>
      )}
    </Loaded>
  );
}
