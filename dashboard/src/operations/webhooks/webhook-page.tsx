import { useParams, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { WebhookResponse } from '../../../../src/api/wire/webhooks.ts';
import { useRead } from '../../http/use-read.ts';
import { Choice } from '../../parts/field.tsx';
import { List, type ListSearch, useListSearch } from '../../parts/list.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Time } from '../../parts/time.tsx';
import { AdminsOnly } from '../admins-only.tsx';
import { OperationsPage } from '../operations-page.tsx';
import { deliveryColumns } from './delivery-columns.tsx';
import { wantedText } from './event-types.ts';
import { WebhookActions } from './webhook-actions.tsx';
import { WebhookState } from './webhook-state.tsx';

/** One webhook, and what became of everything that it was told. */
export function WebhookPage(): ReactNode {
  const { webhookId } = useParams({ strict: false }) as { webhookId: string };
  return (
    <OperationsPage title="Webhook" under={[{ text: 'Webhooks', to: '/operations/webhooks' }]}>
      <AdminsOnly what="webhooks">
        <Webhook id={webhookId} />
      </AdminsOnly>
    </OperationsPage>
  );
}

const statuses = [
  { value: '', text: 'any' },
  { value: 'pending', text: 'pending' },
  { value: 'delivered', text: 'delivered' },
  { value: 'dead', text: 'given up' },
];

function Webhook({ id }: { readonly id: string }): ReactNode {
  const path = `/pawl/v1/webhooks/${id}`;
  const search: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  const webhook = useRead<WebhookResponse>(path, { everyMs: 5000 });
  return (
    <Loaded of={webhook}>
      {(one) => (
        <>
          <dl className="facts">
            <dt>Where to</dt>
            <dd>{one.url}</dd>
            {one.description !== null && (
              <>
                <dt>What for</dt>
                <dd>{one.description}</dd>
              </>
            )}
            <dt>Is told of</dt>
            <dd title={one.enabled_events.join(', ')}>{wantedText(one.enabled_events)}</dd>
            <dt>State</dt>
            <dd>
              <WebhookState of={one} />
            </dd>
            {one.old_secret_until !== null && (
              <>
                <dt>Secret before</dt>
                <dd>
                  signs as well until <Time at={one.old_secret_until} />
                </dd>
              </>
            )}
          </dl>
          <WebhookActions of={one} />
          <h2>Deliveries</h2>
          <List
            name="Deliveries"
            path={`${path}/deliveries`}
            columns={deliveryColumns}
            keyOf={({ id: delivery }) => delivery}
            filters={['status']}
            everyMs={3000}
            empty="Nothing was sent yet. A test sends something now."
          >
            <Choice
              label="Status"
              value={search['status'] ?? ''}
              onChange={(status) => change({ status, page: undefined })}
              options={statuses}
            />
          </List>
        </>
      )}
    </Loaded>
  );
}
