import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FreshDatabase, migratedDatabase } from '../../test/postgres.ts';
import { createAudit } from '../access/audit.ts';
import { serverActor } from '../access/keys.ts';
import { createClock, formatTime } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import type { Handle, Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import {
  type DeliveryRow,
  findWebhook,
  insertWebhook,
  updateWebhook,
  type WebhookRow,
} from '../store/webhooks.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { type Attempt, recordAttempt } from './record-attempt.ts';

/*
 * The goal: of attempts that end at once, and of one that ends while a release tells of itself, each finds what the
 * other has left, and none waits for ever. The method: transactions on PostgreSQL, one of which stays open until the
 * other waits for it. They are not run again after a deadlock, as the store's own would be.
 */

const mostLooks = 10_000;
const lockWaits = sql`
  select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;

describe('On PostgreSQL', () => {
  let database: FreshDatabase;
  let store: Store;
  let outbox: Outbox;
  let audit: ReturnType<typeof createAudit>;
  let webhook: WebhookRow;
  const clock = createClock(() => 1_800_000_000_000);
  const ids = createIds(clock, randomBytes);

  beforeAll(async () => {
    database = await migratedDatabase();
    store = await openStore({ kind: 'postgres', url: database.url });
    audit = createAudit({ store, clock, ids });
    outbox = createOutbox({ dialect: store.dialect, ids });
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });
  beforeEach(async () => {
    const at = formatTime(clock.now());
    webhook = {
      ...{ id: ids.next('webhook'), url: 'https://hooks.example.com/', description: null },
      ...{ enabled_events: '["*"]', state: 'enabled', disabled_reason: null, failing_since: at },
      ...{ signing_secret: 'whsec_', old_secret: null, old_secret_until: null },
      ...{ created_at: at, updated_at: at },
    };
    await store.write((tx) => insertWebhook(tx, webhook));
  });

  const once = <T>(work: (tx: Handle) => Promise<T>): Promise<T> => store.db.transaction().execute(work);

  const delivery = (): Promise<DeliveryRow> =>
    store.write((tx) => outbox.enqueueTest(tx, webhook.id, formatTime(clock.now())));

  /** An attempt that was answered so. */
  async function attempt(status: number): Promise<Attempt> {
    const result = { kind: 'answered', status, retry_after: null } as const;
    return { webhook, delivery: await delivery(), result, now: clock.now(), jitter: 0 };
  }

  const record = (tx: Handle, ended: Attempt) => recordAttempt(tx, { audit, dialect: store.dialect }, ended);

  /** Starts a transaction and goes on when it waits for another one, or is over. */
  async function startBeside(work: (tx: Handle) => Promise<unknown>): Promise<Promise<unknown>[]> {
    let isOver = false;
    const running = once(work).finally(() => {
      isOver = true;
    });
    for (let looks = 0; !isOver; looks++) {
      if (looks === mostLooks) throw new Error('It neither ends nor waits');
      const waiting = await lockWaits.execute(store.db);
      if (waiting.rows.length > 0) break;
    }
    // In a list, so that it is not waited for here.
    return [running];
  }

  test('a failure after a success at the same moment is the first one', async () => {
    const [success, failure] = [await attempt(200), await attempt(500)];
    let beside: Promise<unknown>[] = [];
    await once(async (tx) => {
      await record(tx, success);
      beside = await startBeside((other) => record(other, failure));
    });
    await Promise.all(beside);
    const { failing_since } = (await findWebhook(store.db, webhook.id)) ?? {};
    expect(failing_since).toBe(formatTime(failure.now));
  });

  test('an attempt that ends while somebody changes its webhook finds it changed', async () => {
    const gone = await attempt(410);
    let beside: Promise<unknown>[] = [];
    await once(async (tx) => {
      const changes = { url: 'https://new.example.com/', updated_at: formatTime(clock.now()) };
      await updateWebhook(tx, webhook.id, changes);
      beside = await startBeside((other) => record(other, gone));
    });
    expect(await Promise.all(beside)).toEqual([{ kind: 'again', delay_ms: 5000 }]);
    expect(await findWebhook(store.db, webhook.id)).toMatchObject({ state: 'enabled' });
  });

  test('a webhook can be disabled while a release tells of itself, and neither waits for ever', async () => {
    const gone = await attempt(410);
    let beside: Promise<unknown>[] = [];
    await once(async (tx) => {
      await audit.append(tx, {
        ...{ action: 'alias.rolled_back', outcome: 'done', actor: serverActor, reason: null },
        ...{ subject: { type: 'alias', id: 'agent_1@production' }, before: null, after: null },
      });
      beside = await startBeside((other) => record(other, gone));
      const at = formatTime(clock.now());
      await outbox.enqueue(tx, { type: 'alias.rolled_back', data: { id: 'agent_1' }, at });
    });
    expect(await Promise.all(beside)).toEqual([{ kind: 'dead', disables: 'gone' }]);
    expect(await findWebhook(store.db, webhook.id)).toMatchObject({ state: 'disabled' });
  });
});
