import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type {
  ReplayResponse,
  WebhookResponse,
  WebhookSecretResponse,
} from '../../../../src/api/wire/webhooks.ts';
import { remove, send } from '../../http/client.ts';
import { useAction } from '../../http/use-action.ts';
import { Button } from '../../parts/button.tsx';
import { ConfirmedButton } from '../../parts/confirmed-button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { SigningSecret } from './signing-secret.tsx';
import { WebhookDialog } from './webhook-dialog.tsx';

type Props = { readonly of: WebhookResponse };

const changes = ['/pawl/v1/webhooks', '/pawl/v1/webhook_deliveries'];
const disabled = 'It is disabled: nothing is sent';

/** What can be done with a webhook. */
export function WebhookActions({ of }: Props): ReactNode {
  const path = `/pawl/v1/webhooks/${of.id}`;
  const [changing, setChanging] = useState(false);
  const tryIt = useAction(() => send(`${path}/test`), { changes });
  const turn = useAction((state: WebhookResponse['state']) => send(path, { state }), { changes });
  const because = of.state === 'disabled' ? disabled : null;
  return (
    <>
      <div className="row">
        <Button
          look="main"
          busy={tryIt.busy}
          disabledBecause={because}
          onPress={() => void tryIt.run(undefined)}
        >
          Send a test
        </Button>
        <Button onPress={() => setChanging(true)}>Change</Button>
        <Button
          busy={turn.busy}
          onPress={() => void turn.run(of.state === 'enabled' ? 'disabled' : 'enabled')}
        >
          {of.state === 'enabled' ? 'Disable' : 'Enable'}
        </Button>
        <ReplayDead of={of} because={because} />
        <NewSecret of={of} />
        <Delete of={of} />
      </div>
      {tryIt.error === null && !tryIt.busy && because !== null && <p className="faint">{because}.</p>}
      <Failure error={tryIt.error ?? turn.error} />
      {changing && (
        <WebhookDialog<WebhookResponse>
          of={of}
          onClose={() => setChanging(false)}
          onDone={() => setChanging(false)}
        />
      )}
    </>
  );
}

/** Before anything that a webhook can have been told of. */
const everSince = '1970-01-01T00:00:00Z';

function ReplayDead({ of, because }: Props & { readonly because: string | null }): ReactNode {
  const [done, setDone] = useState<ReplayResponse | null>(null);
  const replay = useAction(
    () => send<ReplayResponse>(`/pawl/v1/webhooks/${of.id}/replay`, { since: everSince }),
    { changes, onDone: setDone },
  );
  return (
    <>
      <Button busy={replay.busy} disabledBecause={because} onPress={() => void replay.run(undefined)}>
        Send again what was given up
      </Button>
      {done !== null && (
        <span role="status">
          {done.replayed === 0 ? 'Nothing was given up.' : `${done.replayed} are sent again.`}
          {done.has_more && ' There are more: press again.'}
        </span>
      )}
      <Failure error={replay.error} />
    </>
  );
}

function NewSecret({ of }: Props): ReactNode {
  const [made, setMade] = useState<WebhookSecretResponse | null>(null);
  return (
    <>
      <ConfirmedButton
        does="New signing secret"
        title="Make a new signing secret?"
        because={null}
        work={() => send<WebhookSecretResponse>(`/pawl/v1/webhooks/${of.id}/regenerate_signing_secret`)}
        changes={changes}
        onDone={setMade}
      >
        <p>
          Events are signed with both secrets for a while, so that whoever receives them has time to take up
          the new one.
        </p>
      </ConfirmedButton>
      {made !== null && <SigningSecret of={made} onClose={() => setMade(null)} />}
    </>
  );
}

function Delete({ of }: Props): ReactNode {
  const navigate = useNavigate();
  return (
    <ConfirmedButton
      does="Delete"
      title="Delete this webhook?"
      because={null}
      work={() => remove(`/pawl/v1/webhooks/${of.id}`)}
      changes={[]}
      onDone={() => void navigate({ to: '/operations/webhooks' })}
    >
      <p>
        {of.url} is told of nothing any more, and what was sent to it is forgotten. It cannot be taken back.
      </p>
    </ConfirmedButton>
  );
}
