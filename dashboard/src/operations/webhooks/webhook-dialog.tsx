import { type ReactNode, useState } from 'react';
import type { WebhookResponse } from '../../../../src/api/wire/webhooks.ts';
import { send } from '../../http/client.ts';
import { useAction } from '../../http/use-action.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Failure } from '../../parts/failure.tsx';
import { TextField } from '../../parts/field.tsx';
import { EventTypeFields } from './event-type-fields.tsx';

type Props<Result> = {
  /** The webhook to change; null makes one. */
  readonly of: WebhookResponse | null;
  readonly onDone: (result: Result) => void;
  readonly onClose: () => void;
};

const path = '/pawl/v1/webhooks';

/** Makes a webhook, or changes one. */
export function WebhookDialog<Result>({ of, onDone, onClose }: Props<Result>): ReactNode {
  const [url, setUrl] = useState(of?.url ?? 'https://');
  const [description, setDescription] = useState(of?.description ?? '');
  const [events, setEvents] = useState<readonly string[]>(of?.enabled_events ?? ['*']);
  const save = useAction((body: object) => send<Result>(of === null ? path : `${path}/${of.id}`, body), {
    changes: [path],
    onDone,
  });
  return (
    <Dialog title={of === null ? 'New webhook' : 'Change this webhook'} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save.run({ url: url.trim(), description: description.trim() || null, enabled_events: events });
        }}
      >
        <TextField
          label="Where events are posted to"
          type="url"
          hint="By HTTPS, and out in the internet, unless the server is set to allow others."
          value={url}
          onChange={setUrl}
          required
        />
        <TextField label="What it is for" value={description} onChange={setDescription} />
        <EventTypeFields value={events} onChange={setEvents} />
        <Failure error={save.error} />
        <div className="row row-end">
          <Button onPress={onClose}>Cancel</Button>
          <Button
            look="main"
            submits
            busy={save.busy}
            disabledBecause={events.length === 0 ? 'Choose what it is told of first' : null}
          >
            {of === null ? 'Make the webhook' : 'Save'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
