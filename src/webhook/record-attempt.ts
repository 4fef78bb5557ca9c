import type { Audit } from '../access/audit.ts';
import { serverActor } from '../access/keys.ts';
import { formatTime, readTime } from '../core/clock.ts';
import type { Handle } from '../store/dialect.ts';
import {
  type DeliveryChanges,
  type DeliveryRow,
  findWebhook,
  updatePendingDelivery,
  updateWebhook,
} from '../store/webhooks.ts';
import { type AfterAttempt, afterAttempt } from './after-attempt.ts';
import type { PostResult } from './post.ts';

/** An attempt that has ended. */
export type Attempt = {
  /** As it was when the attempt began. */
  readonly delivery: DeliveryRow;
  readonly result: PostResult;
  /** Microseconds since 1970. */
  readonly now: number;
  /** A random number in [0, 1). */
  readonly jitter: number;
};

/**
 * Writes down what became of a delivery and what that says of its webhook. Null when that is gone, or when somebody
 * asked for the delivery again meanwhile, so that this attempt counts no more.
 */
export async function recordAttempt(
  tx: Handle,
  audit: Audit,
  attempt: Attempt,
): Promise<AfterAttempt | null> {
  const { delivery, result, now, jitter } = attempt;
  const webhook = await findWebhook(tx, delivery.webhook_id);
  if (webhook === null) return null;
  const at = formatTime(now);
  const since = webhook.failing_since ?? at;
  const after = afterAttempt({
    ...{ result, attempts: delivery.attempts + 1, jitter },
    ...{ failing_us: now - readTime(since), now_ms: Math.floor(now / 1000) },
  });
  if (!(await updatePendingDelivery(tx, delivery, changesOf(after, attempt)))) return null;
  const failing_since = after.kind === 'delivered' ? null : since;
  if (after.kind === 'dead' && after.disables !== null && webhook.state === 'enabled') {
    const disabled_reason = after.disables;
    await audit.append(tx, {
      ...{ action: 'webhook.disabled', outcome: 'done', actor: serverActor, reason: disabled_reason },
      subject: { type: 'webhook', id: webhook.id },
      ...{ before: { state: 'enabled' }, after: { state: 'disabled' } },
    });
    const changes = { state: 'disabled', disabled_reason, failing_since, updated_at: at } as const;
    await updateWebhook(tx, webhook.id, changes);
  } else if (failing_since !== webhook.failing_since) {
    await updateWebhook(tx, webhook.id, { failing_since });
  }
  return after;
}

function changesOf(after: AfterAttempt, { delivery, result, now }: Attempt): DeliveryChanges {
  const at = formatTime(now);
  const told = {
    attempts: delivery.attempts + 1,
    response_status: result.kind === 'answered' ? result.status : null,
    error: result.kind === 'failed' ? result.error : null,
    last_attempt_at: at,
  };
  if (after.kind === 'again') return { ...told, due_at: formatTime(now + after.delay_ms * 1000) };
  return { ...told, status: after.kind, due_at: null, ended_at: at };
}
