import type { ReactNode } from 'react';
import type { WebhookResponse } from '../../../../src/api/wire/webhooks.ts';
import { Badge } from '../../parts/badge.tsx';
import { Time } from '../../parts/time.tsx';

const reasons = {
  gone: 'because the place said that it is gone',
  failing: 'because nothing has arrived there for days',
} as const;

/** Whether a webhook is sent anything, and why not. */
export function WebhookState({ of }: { readonly of: WebhookResponse }): ReactNode {
  const { state, disabled_reason, failing_since } = of;
  return (
    <>
      <Badge tone={state === 'enabled' ? 'good' : 'calm'}>{state}</Badge>{' '}
      {disabled_reason !== null && reasons[disabled_reason]}{' '}
      {failing_since !== null && (
        <>
          <Badge tone="bad">failing</Badge> since <Time at={failing_since} />
        </>
      )}
    </>
  );
}
