import type { Audit } from '../access/audit.ts';
import { type Clock, formatTime, readTime } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Duty } from '../queue/duties.ts';
import { letEnd } from '../queue/let-end.ts';
import type { Store } from '../store/dialect.ts';
import {
  type DeliveryRow,
  listEnabledWebhooks,
  listPendingDeliveries,
  sweepDeliveries,
  type WebhookRow,
} from '../store/webhooks.ts';
import type { Post } from './post.ts';
import { recordAttempt } from './record-attempt.ts';
import { signedHeaders } from './signature.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly audit: Audit;
  readonly post: Post;
  /** Random numbers in [0, 1). */
  readonly random: () => number;
  /** Ends an attempt that takes too long; asked for once for each attempt. */
  readonly deadline: () => AbortSignal;
  readonly pawl_version: string;
  /** Sending. */
  readonly duty: Duty;
};

/** How many requests one webhook gets at a time; with the most webhooks there may be, this bounds them all. */
const lanes = 8;
/** The timer is set no further ahead, so that a clock that was moved does no harm for longer. */
const longestSleepUs = 3_600_000_000;
/** After the database could not be used. */
const repairUs = 30_000_000;
const sweepEveryUs = 3_600_000_000;
/** What was delivered is of use while somebody wonders where it is; what was given up waits for a person. */
const keptUs = { delivered: 3 * 86_400_000_000, dead: 30 * 86_400_000_000 } as const;
const sweptTogether = 1000;
/** After so many it is time to send; sweeping goes on a minute later. */
const mostSweeps = 20;
const sweepOnUs = 60_000_000;

/**
 * Sends what stands in the outbox, at least once: an attempt counts when its outcome is written down, so that after a
 * crash it is made again, with the same event id. It sleeps until something is due or somebody wakes it.
 */
export function createSender(deps: Deps) {
  const { store, clock, log, telemetry, audit, post, random, deadline, pawl_version, duty } = deps;
  /** The webhook of each delivery that is being sent, or has been since the store was last looked at. */
  const inHand = new Map<string, string>();
  const finished = new Set<string>();
  const tasks = new Set<Promise<void>>();
  const stopping = new AbortController();
  let isAwake = false;
  let looking: Promise<void> | null = null;
  let lookAgain = false;
  let timer: NodeJS.Timeout | undefined;
  let alarm = Number.POSITIVE_INFINITY;
  let sweptAt = 0;

  /** Sends all that is due and for which there is room, and sets the timer for what comes next. */
  async function look(): Promise<void> {
    clearTimeout(timer);
    alarm = Number.POSITIVE_INFINITY;
    if (!duty.isMine()) return;
    // Not earlier: what was read from the store a moment ago may show them as they were before.
    for (const id of finished) inHand.delete(id);
    finished.clear();
    await sweep();
    const now = clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const webhook of await listEnabledWebhooks(store.db)) {
      // The end of any of its attempts looks again.
      if (!hasRoom(webhook.id)) continue;
      for (const delivery of await listPendingDeliveries(store.db, webhook.id, lanes + 1)) {
        if (inHand.has(delivery.id)) continue;
        const due = readTime(delivery.due_at ?? delivery.created_at);
        if (due > now) next = Math.min(next, due);
        else if (!stopping.signal.aborted && hasRoom(webhook.id)) launch(webhook, delivery);
      }
    }
    if (next < Number.POSITIVE_INFINITY) wakeIn(next - now);
  }

  function hasRoom(webhookId: string): boolean {
    return [...inHand.values()].filter((id) => id === webhookId).length < lanes;
  }

  function launch(webhook: WebhookRow, delivery: DeliveryRow): void {
    inHand.set(delivery.id, webhook.id);
    const task = attempt(webhook, delivery)
      .then(
        () => wake,
        (error: unknown) => {
          log.error(
            { delivery_id: delivery.id, err: error },
            'A delivery could not be recorded; trying again',
          );
          return () => wakeIn(repairUs);
        },
      )
      .then((goOn) => {
        tasks.delete(task);
        finished.add(delivery.id);
        goOn();
      });
    tasks.add(task);
  }

  async function attempt(webhook: WebhookRow, delivery: DeliveryRow): Promise<void> {
    const { event_id: id, body, webhook_id } = delivery;
    const began = clock.now();
    const timestamp = Math.floor(began / 1_000_000);
    const result = await post({
      url: webhook.url,
      headers: {
        'content-type': 'application/json',
        'user-agent': `pawl/${pawl_version}`,
        ...signedHeaders({ id, timestamp, body }, secretsOf(webhook, formatTime(began))),
      },
      body,
      signal: AbortSignal.any([deadline(), stopping.signal]),
    });
    // Broken off by ourselves: the next start sends it again, and it counts as no failure.
    if (result.kind === 'failed' && stopping.signal.aborted) return;
    const ended = { webhook, delivery, result, now: clock.now(), jitter: random() };
    const room = { audit, dialect: store.dialect };
    const after = await store.write((tx) => recordAttempt(tx, room, ended));
    if (after !== null) telemetry.metrics.deliveryTried(after.kind);
    if (after === null || after.kind === 'delivered') return;
    const answer = result.kind === 'answered' ? result.status : result.error;
    log.debug({ webhook_id, delivery_id: delivery.id, answer }, 'A delivery failed');
    if (after.kind === 'dead' && after.disables !== null) {
      log.warn({ webhook_id, reason: after.disables }, 'A webhook was disabled');
    }
  }

  /** Forgets, now and then, what ended long ago. */
  async function sweep(): Promise<void> {
    const now = clock.now();
    if (now - sweptAt < sweepEveryUs) return;
    sweptAt = now;
    const ended = [await sweepOut('delivered', now), await sweepOut('dead', now)];
    if (ended.includes(false)) sweptAt = now - sweepEveryUs + sweepOnUs;
  }

  /** Whether nothing is left to forget. */
  async function sweepOut(status: keyof typeof keptUs, now: number): Promise<boolean> {
    const old = { status, before: formatTime(now - keptUs[status]) };
    for (let round = 0; round < mostSweeps; round++) {
      const swept = await store.write((tx) => sweepDeliveries(tx, old, sweptTogether));
      if (swept < sweptTogether) return true;
    }
    return false;
  }

  function wake(): void {
    if (!isAwake) return;
    if (looking !== null) {
      lookAgain = true;
      return;
    }
    looking = look()
      .catch((error: unknown) => {
        log.error({ err: error }, 'The outbox could not be read; trying again');
        wakeIn(repairUs);
      })
      .finally(() => {
        looking = null;
        const again = lookAgain;
        lookAgain = false;
        if (again) wake();
      });
  }

  /** Sets the timer, unless it goes off earlier anyway. */
  function wakeIn(us: number): void {
    const at = clock.now() + us;
    if (!isAwake || at >= alarm) return;
    clearTimeout(timer);
    alarm = at;
    timer = setTimeout(wake, Math.ceil(Math.min(us, longestSleepUs) / 1000)).unref();
  }

  return {
    /** Tells whoever sends that something new may stand in the outbox. */
    wake: duty.wake,

    /** Begins to send, what an earlier process has left first. */
    start(): void {
      isAwake = true;
      duty.onWake(wake);
      wake();
    },

    /** Looks once and waits for what it sent. */
    async tick(): Promise<void> {
      await look();
      await Promise.all(tasks);
    },

    /** Lets running attempts end for as long as `graceMs`, then leaves the rest for the next start. */
    async stop(graceMs: number): Promise<void> {
      isAwake = false;
      clearTimeout(timer);
      await looking;
      await letEnd(tasks, graceMs, () => stopping.abort());
    },
  };
}

/** What a webhook's deliveries are signed with now: the secret, and the one before while it is still good. */
function secretsOf({ signing_secret, old_secret, old_secret_until }: WebhookRow, now: string): string[] {
  const old = old_secret !== null && old_secret_until !== null && old_secret_until > now ? [old_secret] : [];
  return [signing_secret, ...old];
}
