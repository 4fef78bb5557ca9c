import type { ReactNode } from 'react';
import type { AliasResponse } from '../../../../src/api/aliases.ts';
import type { AliasHold } from '../../../../src/core/release.ts';
import { Time } from '../../parts/time.tsx';
import { mayActAs, useMe } from '../../shell/me.ts';
import { Deed } from '../deed.tsx';

type Props = { readonly alias: AliasResponse; readonly hold: AliasHold };

/** Says that an alias was rolled back and is held, and lets it go. */
export function HoldPanel({ alias, hold }: Props): ReactNode {
  const me = useMe();
  const path = `/pawl/v1/agents/${alias.agent_id}/aliases/${alias.name}`;
  return (
    <section className="notice notice-warn" aria-labelledby="held">
      <h2 id="held">It is held</h2>
      <p>
        {hold.by === 'pawl' ? 'The server' : hold.by} rolled it back, <Time at={hold.since} />: {hold.reason}.
        Nothing moves it before a releaser has let it go, so that the bad version does not come back by
        itself.
      </p>
      <div className="row">
        <Deed
          does="Release it"
          title={`Let ${alias.name} go?`}
          because={mayActAs(me, 'releaser') ? null : 'Only releasers and admins let it go'}
          path={`${path}/release`}
          changes={[`/pawl/v1/agents/${alias.agent_id}`, '/pawl/v1/agents', '/pawl/v1/promotions']}
        >
          <p>It stays at version {alias.version}. Promotions can move it again.</p>
        </Deed>
      </div>
    </section>
  );
}
