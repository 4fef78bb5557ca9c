import { Link, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { WebhookResponse, WebhookSecretResponse } from '../../../../src/api/wire/webhooks.ts';
import { Button } from '../../parts/button.tsx';
import { Choice } from '../../parts/field.tsx';
import { type Column, List, type ListSearch, useListSearch } from '../../parts/list.tsx';
import { Time } from '../../parts/time.tsx';
import { AdminsOnly, useWhyNoAdmin } from '../admins-only.tsx';
import { OperationsPage } from '../operations-page.tsx';
import { wantedText } from './event-types.ts';
import { SigningSecret } from './signing-secret.tsx';
import { WebhookDialog } from './webhook-dialog.tsx';
import { WebhookState } from './webhook-state.tsx';

const columns: readonly Column<WebhookResponse>[] = [
  {
    title: 'Where to',
    cell: ({ id, url }) => (
      <Link to={`/operations/webhooks/${id}`} className="broken">
        {url}
      </Link>
    ),
  },
  { title: 'What for', cell: ({ description }) => description ?? <span className="faint">not said</span> },
  { title: 'Is told of', cell: ({ enabled_events }) => wantedText(enabled_events) },
  { title: 'State', cell: (webhook) => <WebhookState of={webhook} /> },
  { title: 'Made', cell: ({ created_at }) => <Time at={created_at} /> },
];

const states = [
  { value: '', text: 'any' },
  { value: 'enabled', text: 'enabled' },
  { value: 'disabled', text: 'disabled' },
];

/** The places that are told what happens here. */
export function WebhookList(): ReactNode {
  const search: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  const [asking, setAsking] = useState(false);
  const [made, setMade] = useState<WebhookSecretResponse | null>(null);
  const because = useWhyNoAdmin();
  return (
    <OperationsPage
      title="Webhooks"
      actions={
        <Button look="main" disabledBecause={because} onPress={() => setAsking(true)}>
          New webhook
        </Button>
      }
    >
      <p>
        A webhook is a place elsewhere that is told when something happens here, in a request that is signed.
      </p>
      <AdminsOnly what="webhooks">
        <List
          name="Webhooks"
          path="/pawl/v1/webhooks"
          columns={columns}
          keyOf={({ id }) => id}
          searches="A part of the address, or of what it is for"
          filters={['state']}
          empty="No webhook here: nobody elsewhere is told of anything."
        >
          <Choice
            label="State"
            value={search['state'] ?? ''}
            onChange={(state) => change({ state, page: undefined })}
            options={states}
          />
        </List>
      </AdminsOnly>
      {asking && (
        <WebhookDialog<WebhookSecretResponse>
          of={null}
          onClose={() => setAsking(false)}
          onDone={(webhook) => {
            setAsking(false);
            setMade(webhook);
          }}
        />
      )}
      {made !== null && <SigningSecret of={made} onClose={() => setMade(null)} />}
    </OperationsPage>
  );
}
