import type { ReactNode } from 'react';
import type { AliasResponse } from '../../../../src/api/aliases.ts';
import { mayActAs, useMe } from '../../shell/me.ts';
import { Deed } from '../deed.tsx';

type Props = {
  readonly alias: AliasResponse;
  /** The alias that decides now; null when none does. */
  readonly current: string | null;
};

/** Which alias decides for sessions that name the agent alone. */
export function DefaultAlias({ alias: { agent_id, name, version }, current }: Props): ReactNode {
  const me = useMe();
  const isDefault = current === name;
  const because = !mayActAs(me, 'releaser')
    ? 'Only releasers and admins change it'
    : !isDefault && version === null
      ? 'It stands for nothing yet'
      : null;
  return (
    <section className="panel" aria-label="Default">
      <h2>Default</h2>
      <p>
        Sessions that name the agent alone get{' '}
        {current === null ? 'its newest version, whatever that is' : `what ${current} serves`}.
      </p>
      <div className="row">
        <Deed
          does={isDefault ? 'Make it the default no longer' : `Make ${name} the default`}
          title="Change the default?"
          because={because}
          danger
          path={`/pawl/v1/agents/${agent_id}/settings`}
          body={{ default_alias: isDefault ? null : name }}
          changes={[`/v1/agents/${agent_id}`, `/pawl/v1/agents/${agent_id}`, '/pawl/v1/agents']}
        >
          <p>
            {isDefault
              ? 'New sessions that name the agent alone get its newest version, as soon as somebody saves one.'
              : `New sessions that name the agent alone get what ${name} serves.`}
          </p>
        </Deed>
      </div>
    </section>
  );
}
