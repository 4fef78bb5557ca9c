import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { AliasResponse, RollbackResponse } from '../../../src/api/aliases.ts';
import { send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { Choice, TextField } from '../parts/field.tsx';
import { mayActAs, useMe } from '../shell/me.ts';

/** What can become of sessions that run on a version that is taken away. */
export const runningModes = [
  { value: 'drain', text: 'Let them go on' },
  { value: 'stop_new_turns', text: 'Let them end their turn, and take no more messages' },
  { value: 'interrupt', text: 'Interrupt them now' },
] as const;

/** The way back: one press and one confirmation, which says what becomes of running sessions. */
export function RollBack({
  alias,
  explains = false,
}: {
  readonly alias: AliasResponse;
  /** Whether it says beside the button why it may not be pressed; where there are many, pointing at it says so. */
  readonly explains?: boolean;
}): ReactNode {
  const [asking, setAsking] = useState(false);
  const [running, setRunning] = useState<string>('drain');
  const [reason, setReason] = useState('');
  const [done, setDone] = useState<RollbackResponse | null>(null);
  const me = useMe();
  const path = `/pawl/v1/agents/${alias.agent_id}/aliases/${alias.name}`;
  const action = useAction((body: object) => send<RollbackResponse>(`${path}/rollback`, body), {
    changes: [
      `/pawl/v1/agents/${alias.agent_id}`,
      '/pawl/v1/agents',
      '/pawl/v1/rollouts',
      '/pawl/v1/promotions',
    ],
    onDone: (result) => {
      setAsking(false);
      setDone(result);
    },
  });
  const because =
    alias.version === null && alias.rollout === null
      ? 'It serves nothing'
      : mayActAs(me, 'releaser')
        ? null
        : 'Only releasers and admins roll back';

  return (
    <>
      <Button look="danger" disabledBecause={because} onPress={() => setAsking(true)}>
        Roll back<span className="unseen"> {alias.name}</span>
      </Button>
      {explains && because !== null && <span className="faint">{because}</span>}
      {asking && (
        <Confirm
          title={`Roll back ${alias.name}?`}
          does={`Roll back ${alias.name}`}
          danger
          busy={action.busy}
          onClose={() => setAsking(false)}
          onYes={() => void action.run({ running, ...(reason === '' ? {} : { reason }) })}
        >
          <WhatHappens alias={alias} />
          <Choice
            label={`Sessions that run on version ${alias.rollout?.version ?? alias.version}`}
            value={running}
            onChange={setRunning}
            options={runningModes}
          />
          <TextField label="Why (for the history)" value={reason} onChange={setReason} />
          <Failure error={action.error} />
        </Confirm>
      )}
      {done !== null && <Done result={done} onClose={() => setDone(null)} />}
    </>
  );
}

function WhatHappens({ alias: { name, version, rollout } }: { readonly alias: AliasResponse }): ReactNode {
  if (rollout !== null) {
    return (
      <p>
        The canary of version {rollout.version} ends, and all new sessions of {name} get version {version} at
        once. The alias is held there until a releaser lets it go.
      </p>
    );
  }
  return (
    <p>
      New sessions of {name} get the version that was good before version {version}, at once. The alias is
      held there until a releaser lets it go.
    </p>
  );
}

function Done({
  result,
  onClose,
}: {
  readonly result: RollbackResponse;
  readonly onClose: () => void;
}): ReactNode {
  const { from_version, to_version, sessions } = result;
  return (
    <Dialog title="Rolled back" onClose={onClose}>
      <p role="status">
        From version {from_version} to version {to_version}.{' '}
        {sessions.data.length === 0
          ? 'No session was open on the version that was taken away.'
          : `${sessions.data.length}${sessions.has_more ? ' or more' : ''} sessions were open on the version that was taken away:`}
      </p>
      <ul>
        {sessions.data.slice(0, 10).map(({ id, status }) => (
          <li key={id}>
            <Link to={`/sessions/${id}`}>{id}</Link> ({status})
          </li>
        ))}
      </ul>
      <div className="row row-end">
        <Button look="main" onPress={onClose}>
          Close
        </Button>
      </div>
    </Dialog>
  );
}
