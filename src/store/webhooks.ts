import { type Selectable, sql } from 'kysely';
import type { PageRequest } from '../core/page.ts';
import type { WebhookDeliveryTable, WebhookTable } from './database.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seek } from './keyset.ts';
import { prepare } from './prepared.ts';
import { oneHolds } from './search.ts';

export type WebhookRow = Selectable<WebhookTable>;
export type DeliveryRow = Selectable<WebhookDeliveryTable>;
export type DeliveryChanges = Partial<Omit<DeliveryRow, 'id' | 'webhook_id'>>;

/**
 * For a statement to give back along with what it writes: the lists of types that all enabled webhooks want, with
 * commas between; null when there are none. It costs next to nothing where a query of its own would be a round trip.
 */
export const wantedEvents = sql<string | null>`(
  select string_agg(enabled_events, ',') from webhooks where state = 'enabled'
)`.as('wanted');

export async function insertWebhook(tx: Handle, row: WebhookRow): Promise<void> {
  await tx.insertInto('webhooks').values(row).execute();
}

export async function countWebhooks(db: Handle): Promise<number> {
  return (await db.selectFrom('webhooks').select('id').execute()).length;
}

export async function findWebhook(db: Handle, id: string): Promise<WebhookRow | null> {
  return (await db.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

/**
 * A webhook that nobody else changes before the transaction ends; null when there is none. Others may leave something
 * for it meanwhile: they would have to wait for every attempt otherwise.
 */
export async function lockWebhook(tx: Handle, dialect: Dialect, id: string): Promise<WebhookRow | null> {
  const query = tx.selectFrom('webhooks').selectAll().where('id', '=', id);
  return (await (dialect.name === 'sqlite' ? query : query.forNoKeyUpdate()).executeTakeFirst()) ?? null;
}

/** A webhook that is not deleted before the transaction ends; null when there is none. */
export async function keepWebhook(tx: Handle, dialect: Dialect, id: string): Promise<WebhookRow | null> {
  const query = dialect.keep(tx.selectFrom('webhooks').selectAll().where('id', '=', id));
  return (await query.executeTakeFirst()) ?? null;
}

export async function updateWebhook(
  tx: Handle,
  id: string,
  changes: Partial<Omit<WebhookRow, 'id'>>,
): Promise<void> {
  await tx.updateTable('webhooks').set(changes).where('id', '=', id).execute();
}

/** Deletes a webhook with all its deliveries. */
export async function deleteWebhook(tx: Handle, id: string): Promise<void> {
  await tx.deleteFrom('webhooks').where('id', '=', id).execute();
}

/** Which webhooks are meant; an absent field does not limit. */
export type WebhookFilter = {
  /** A part of the URL or of the description. */
  readonly search?: string | undefined;
  readonly state?: WebhookRow['state'] | undefined;
};

/** Webhooks by creation time; one more than the page holds, if there is one. */
export async function listWebhooks(
  db: Handle,
  request: PageRequest,
  { search, state }: WebhookFilter = {},
): Promise<WebhookRow[]> {
  let query = db.selectFrom('webhooks').selectAll();
  if (search !== undefined) query = query.where(oneHolds(['url', 'description'], search));
  if (state !== undefined) query = query.where('state', '=', state);
  return seek(query, 'webhooks', request).execute();
}

/** All webhooks that are enabled, secrets included. */
export async function listEnabledWebhooks(db: Handle): Promise<WebhookRow[]> {
  return db.selectFrom('webhooks').selectAll().where('state', '=', 'enabled').orderBy('id').execute();
}

const selectEnabled = (db: Handle) =>
  db.selectFrom('webhooks').select(['id', 'enabled_events']).where('state', '=', 'enabled').orderBy('id');

const selectKept = {
  sqlite: prepare([], selectEnabled),
  postgres: prepare([], (db) => selectEnabled(db).forKeyShare()),
};

/** All webhooks that are enabled; none of them is deleted before the transaction ends. */
export async function keepEnabledWebhooks(
  tx: Handle,
  dialect: Dialect,
): Promise<Pick<WebhookRow, 'id' | 'enabled_events'>[]> {
  return selectKept[dialect.name](tx, {});
}

export async function insertDeliveries(tx: Handle, rows: readonly DeliveryRow[]): Promise<void> {
  await tx.insertInto('webhook_deliveries').values(rows).execute();
}

export async function findDelivery(db: Handle, id: string): Promise<DeliveryRow | null> {
  const query = db.selectFrom('webhook_deliveries').selectAll().where('id', '=', id);
  return (await query.executeTakeFirst()) ?? null;
}

/** Changes a delivery if it is still pending after so many attempts; whether it was. */
export async function updatePendingDelivery(
  tx: Handle,
  { id, attempts }: Pick<DeliveryRow, 'id' | 'attempts'>,
  changes: DeliveryChanges,
): Promise<boolean> {
  const query = tx.updateTable('webhook_deliveries').set(changes).where('id', '=', id);
  const pending = query.where('status', '=', 'pending').where('attempts', '=', attempts);
  return (await pending.executeTakeFirstOrThrow()).numUpdatedRows > 0;
}

/** Changes a delivery, however it stands. */
export async function updateDelivery(tx: Handle, id: string, changes: DeliveryChanges): Promise<void> {
  await tx.updateTable('webhook_deliveries').set(changes).where('id', '=', id).execute();
}

// Spelled out in the text of a query, so that both databases see that the small indexes of dead deliveries fit.
const isDead = sql<boolean>`status = 'dead'`;

/** The deliveries of one webhook by creation time; one more than the page holds, if there is one. */
export async function listDeliveries(
  db: Handle,
  filter: { readonly webhook_id: string; readonly status?: DeliveryRow['status'] | undefined },
  request: PageRequest,
): Promise<DeliveryRow[]> {
  let query = db.selectFrom('webhook_deliveries').selectAll().where('webhook_id', '=', filter.webhook_id);
  if (filter.status === 'dead') query = query.where(isDead);
  else if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  return seek(query, 'webhook_deliveries', request).execute();
}

/** Which dead deliveries are meant; an absent field does not limit. */
export type DeadFilter = {
  readonly webhook_id?: string | undefined;
  readonly event_type?: string | undefined;
  /** Only events that happened then or later, as stored. */
  readonly since?: string | undefined;
};

/** Deliveries that were given up, by creation time; one more than the page holds, if there is one. */
export async function listDeadDeliveries(
  db: Handle,
  { webhook_id, event_type, since }: DeadFilter,
  request: PageRequest,
): Promise<DeliveryRow[]> {
  let query = db.selectFrom('webhook_deliveries').selectAll().where(isDead);
  if (webhook_id !== undefined) query = query.where('webhook_id', '=', webhook_id);
  if (event_type !== undefined) query = query.where('event_type', '=', event_type);
  if (since !== undefined) query = query.where('created_at', '>=', since);
  return seek(query, 'webhook_deliveries', request).execute();
}

/** Makes at most so many dead deliveries of a webhook pending again, due at `at`, the oldest first; how many. */
export async function reviveDeliveries(
  tx: Handle,
  { webhook_id, since, at }: Pick<DeadFilter, 'since'> & { readonly webhook_id: string; readonly at: string },
  limit: number,
): Promise<number> {
  let dead = tx.selectFrom('webhook_deliveries').select('id').where('webhook_id', '=', webhook_id);
  if (since !== undefined) dead = dead.where('created_at', '>=', since);
  const some = dead.where(isDead).orderBy('created_at').orderBy('id').limit(limit);
  const pending = { status: 'pending', attempts: 0, due_at: at, ended_at: null } as const;
  const query = tx.updateTable('webhook_deliveries').set(pending).where('id', 'in', some);
  // Said again, because whoever was quicker may have revived some of them.
  return Number((await query.where(isDead).executeTakeFirstOrThrow()).numUpdatedRows);
}

/** How many deliveries are pending. More than so many are not counted: whoever asks would have to wait. */
export async function countPendingDeliveries(db: Handle): Promise<number> {
  const some = db
    .selectFrom('webhook_deliveries')
    .select('id')
    .where('due_at', 'is not', null)
    .limit(mostCounted);
  const { count } = await db
    .selectFrom(some.as('pending'))
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

const mostCounted = 10_000;

/** The pending deliveries of one webhook that are due first, due or not. */
export async function listPendingDeliveries(
  db: Handle,
  webhookId: string,
  limit: number,
): Promise<DeliveryRow[]> {
  const query = db.selectFrom('webhook_deliveries').selectAll().where('webhook_id', '=', webhookId);
  return query.where('due_at', 'is not', null).orderBy('due_at').orderBy('id').limit(limit).execute();
}

/** Forgets at most so many deliveries that ended so before a time; how many. */
export async function sweepDeliveries(
  tx: Handle,
  { status, before }: { readonly status: 'delivered' | 'dead'; readonly before: string },
  limit: number,
): Promise<number> {
  const old = tx.selectFrom('webhook_deliveries').select('id').where('status', '=', status);
  const some = old.where('ended_at', '<', before).orderBy('ended_at').limit(limit);
  const query = tx.deleteFrom('webhook_deliveries').where('id', 'in', some);
  return Number((await query.executeTakeFirstOrThrow()).numDeletedRows);
}
