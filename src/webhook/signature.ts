import { createHmac } from 'node:crypto';

const prefix = 'whsec_';
const secretBytes = 32;

/** What is signed: the id of the event, when it is sent (whole seconds since 1970), and the body as it is sent. */
export type Signed = { readonly id: string; readonly timestamp: number; readonly body: string };

/** A new secret in the form of Standard Webhooks. */
export function newSigningSecret(randomBytes: (size: number) => Uint8Array): string {
  return prefix + Buffer.from(randomBytes(secretBytes)).toString('base64');
}

/**
 * The headers of one attempt, signed with each secret: a receiver that knows one of them is content. Source: Standard
 * Webhooks specification 1.0, "Signature scheme" (symmetric, `v1`).
 */
export function signedHeaders(signed: Signed, secrets: readonly string[]): Record<string, string> {
  return {
    'webhook-id': signed.id,
    'webhook-timestamp': String(signed.timestamp),
    'webhook-signature': secrets.map((secret) => signatureOf(signed, secret)).join(' '),
  };
}

function signatureOf({ id, timestamp, body }: Signed, secret: string): string {
  const key = Buffer.from(secret.slice(prefix.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
