import type { Audit } from '../access/audit.ts';
import { serverActor } from '../access/keys.ts';
import { formatTime, readTime } from '../core/clock.ts';
import { lockAuditHead } from '../store/audit.ts';
import type { Dialect, Handle } from '../store/dialect.ts';
import {
  type DeliveryChanges,
  type DeliveryRow,
  lockWebhook,
  updatePendingDelivery,
  updateWebhook,
  type WebhookRow,
} from '../store/webhooks.ts';
import { type AfterAttempt, afterAttempt } from './after-attempt.ts';
import type { PostResult } from './post.ts';

/** An attempt that has ended. */
export type Attempt = {
  /** Both as they were when the attempt began. */
  readonly webhook: WebhookRow;
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
  { audit, dialect }: { readonly audit: Audit; readonly dialect: Dialect },
  attempt: Attempt,
): Promise<AfterAttempt | null> {
  const { delivery, result, now, jitter } = attempt;
  const judge = (about: { readonly failing_us: number; readonly outdated: boolean }): AfterAttempt =>
    afterAttempt({
      ...{ result, attempts: delivery.attempts + 1, jitter, now_ms: Math.floor(now / 1000) },
      ...about,
    });
  // Everywhere, the end of the audit log is locked before webhooks, and those before their deliveries; otherwise this
  // and a release that tells of itself could wait for each other.
  const worst = judge({ failing_us: Number.POSITIVE_INFINITY, outdated: false });
  if (worst.kind === 'dead') await lockAuditHead(tx, dialect);
  const webhook = await lockWebhook(tx, dialect, attempt.webhook.id);
  if (webhook === null) return null;
  const outdated = webhook.updated_at !== attempt.webhook.updated_at;
  const at = formatTime(now);
  const since = webhook.failing_since ?? at;
  const after = judge({ failing_us: now - readTime(since), outdated });
  if (!(await updatePendingDelivery(tx, delivery, changesOf(after, attempt)))) return null;
  if (outdated) return after;
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
