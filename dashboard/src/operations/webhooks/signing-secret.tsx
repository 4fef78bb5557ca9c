import type { ReactNode } from 'react';
import type { WebhookSecretResponse } from '../../../../src/api/wire/webhooks.ts';
import { ShownOnce } from '../shown-once.tsx';

type Props = { readonly of: WebhookSecretResponse; readonly onClose: () => void };

/** The secret that a webhook checks signatures with, once. */
export function SigningSecret({ of, onClose }: Props): ReactNode {
  return (
    <ShownOnce title="The signing secret" name="Signing secret" secret={of.signing_secret} onClose={onClose}>
      <p>Whoever receives events at {of.url} checks with it that they come from here.</p>
    </ShownOnce>
  );
}
