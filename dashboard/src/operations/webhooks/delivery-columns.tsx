import type { ReactNode } from 'react';
import type { DeliveryResponse } from '../../../../src/api/wire/webhooks.ts';
import { send } from '../../http/client.ts';
import { useAction } from '../../http/use-action.ts';
import { Badge, type Tone } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import type { Column } from '../../parts/list.tsx';
import { Time } from '../../parts/time.tsx';

const tones: Readonly<Record<DeliveryResponse['status'], Tone>> = {
  pending: 'busy',
  delivered: 'good',
  dead: 'bad',
};
const words: Readonly<Record<DeliveryResponse['status'], string>> = {
  pending: 'pending',
  delivered: 'delivered',
  dead: 'given up',
};

/** What is shown of a delivery wherever some are listed. */
export const deliveryColumns: readonly Column<DeliveryResponse>[] = [
  { title: 'Event', cell: ({ event_type }) => event_type },
  { title: 'Status', cell: ({ status }) => <Badge tone={tones[status]}>{words[status]}</Badge> },
  { title: 'Attempts', isNumber: true, cell: ({ attempts }) => attempts },
  { title: 'Last answer', cell: LastAnswer },
  { title: 'Last attempt', cell: ({ last_attempt_at }) => <Time at={last_attempt_at} /> },
  {
    title: 'Next attempt',
    cell: ({ next_attempt_at }) =>
      next_attempt_at === null ? <span className="faint">none</span> : <Time at={next_attempt_at} />,
  },
  { title: 'Happened', cell: ({ created_at }) => <Time at={created_at} /> },
  { title: 'Actions', cell: (delivery) => <SendAgain of={delivery} /> },
];

function LastAnswer({ response_status, error }: DeliveryResponse): ReactNode {
  if (error !== null) return error.replaceAll('_', ' ');
  return response_status ?? <span className="faint">none yet</span>;
}

function SendAgain({ of: { id, event_type, status } }: { readonly of: DeliveryResponse }): ReactNode {
  const replay = useAction(() => send(`/pawl/v1/webhook_deliveries/${id}/replay`), {
    changes: ['/pawl/v1/webhooks', '/pawl/v1/webhook_deliveries'],
  });
  return (
    <>
      <Button
        busy={replay.busy}
        disabledBecause={status === 'pending' ? 'It is tried again by itself' : null}
        onPress={() => void replay.run(undefined)}
      >
        Send again<span className="unseen"> {event_type}</span>
      </Button>
      <Failure error={replay.error} />
    </>
  );
}
