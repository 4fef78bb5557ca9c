import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Badge } from '../parts/badge.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Time } from '../parts/time.tsx';
import { RollBack } from '../release/roll-back.tsx';
import { useAliases } from './versions.ts';

type Props = { readonly agentId: string; readonly defaultAlias: string | null };

/** What each alias serves, what is in canary, and the way back. */
export function AliasPanel({ agentId, defaultAlias }: Props): ReactNode {
  const aliases = useAliases(agentId);
  return (
    <Loaded of={aliases}>
      {({ data }) =>
        data.length === 0 ? (
          <p className="faint">
            No alias yet: sessions get the newest version. A promotion to production makes one.
          </p>
        ) : (
          <div className="table-box">
            <table>
              <caption className="unseen">Aliases</caption>
              <thead>
                <tr>
                  <th scope="col">Alias</th>
                  <th scope="col" className="number">
                    Version
                  </th>
                  <th scope="col">Canary</th>
                  <th scope="col">Moved</th>
                  <th scope="col">
                    <span className="unseen">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.map((alias) => (
                  <tr key={alias.name}>
                    <td>
                      <Link to={`/agents/${agentId}/aliases/${alias.name}`}>{alias.name}</Link>{' '}
                      {alias.name === defaultAlias && <Badge tone="calm">default</Badge>}{' '}
                      {alias.hold !== null && <Badge tone="warn">held</Badge>}
                    </td>
                    <td className="number">{alias.version ?? 'none'}</td>
                    <td>
                      {alias.rollout !== null && (
                        <Link to={`/release/rollouts/${alias.rollout.id}`}>
                          version {alias.rollout.version} at {alias.rollout.weight} %
                        </Link>
                      )}
                    </td>
                    <td>
                      <Time at={alias.updated_at} />
                    </td>
                    <td>
                      <RollBack alias={alias} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )
      }
    </Loaded>
  );
}
