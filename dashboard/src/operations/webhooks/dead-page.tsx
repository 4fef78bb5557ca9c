import { Link, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { DeliveryResponse } from '../../../../src/api/wire/webhooks.ts';
import { Choice } from '../../parts/field.tsx';
import { type Column, List, type ListSearch, useListSearch } from '../../parts/list.tsx';
import { AdminsOnly } from '../admins-only.tsx';
import { OperationsPage } from '../operations-page.tsx';
import { deliveryColumns } from './delivery-columns.tsx';
import { eventTypes } from './event-types.ts';

const columns: readonly Column<DeliveryResponse>[] = [
  {
    title: 'Webhook',
    cell: ({ webhook_id }) => (
      <Link to={`/operations/webhooks/${webhook_id}`}>
        <code>{webhook_id}</code>
      </Link>
    ),
  },
  ...deliveryColumns,
];

const types = [
  { value: '', text: 'any' },
  ...eventTypes.flatMap((group) => group.types).map((type) => ({ value: type, text: type })),
];

/** Deliveries that were given up after all their attempts, of every webhook. */
export function DeadDeliveriesPage(): ReactNode {
  const search: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  return (
    <OperationsPage title="Deliveries that were given up">
      <p>
        What could not be delivered in all its attempts is kept here. All of one webhook are sent again from
        its own page.
      </p>
      <AdminsOnly what="webhooks">
        <List
          name="Deliveries that were given up"
          path="/pawl/v1/webhook_deliveries/dead"
          columns={columns}
          keyOf={({ id }) => id}
          filters={['event_type', 'webhook_id']}
          empty="Nothing was given up."
        >
          <Choice
            label="Event"
            value={search['event_type'] ?? ''}
            onChange={(event_type) => change({ event_type, page: undefined })}
            options={types}
          />
        </List>
      </AdminsOnly>
    </OperationsPage>
  );
}
