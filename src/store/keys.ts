import type { Selectable } from 'kysely';
import type { PageRequest } from '../core/page.ts';
import type { ApiKeyTable } from './database.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seek } from './keyset.ts';
import { oneHolds } from './search.ts';

export type KeyRow = Selectable<ApiKeyTable>;

export async function insertKey(tx: Handle, row: KeyRow): Promise<void> {
  await tx.insertInto('api_keys').values(row).execute();
}

/** The key with this hash, revoked ones included; null when there is none. */
export async function findKeyByHash(db: Handle, hash: string): Promise<KeyRow | null> {
  return (await db.selectFrom('api_keys').selectAll().where('hash', '=', hash).executeTakeFirst()) ?? null;
}

export async function findKey(db: Handle, id: string): Promise<KeyRow | null> {
  return (await db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

/** Which of these keys were revoked; those whose time ran out are not among them. */
export async function listRevoked(db: Handle, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const query = db.selectFrom('api_keys').select('id').where('id', 'in', ids);
  const revoked = query.where((eb) =>
    eb.and([
      eb('revoked_at', 'is not', null),
      eb.or([eb('expires_at', 'is', null), eb('revoked_at', '!=', eb.ref('expires_at'))]),
    ]),
  );
  return (await revoked.execute()).map(({ id }) => id);
}

/** Revokes a key, unless that was done before: the first time stays. Whether it was done now. */
export async function revokeKey(tx: Handle, id: string, at: string): Promise<boolean> {
  const query = tx.updateTable('api_keys').set({ revoked_at: at }).where('id', '=', id);
  const open = query.where('revoked_at', 'is', null);
  return (await open.executeTakeFirstOrThrow()).numUpdatedRows > 0;
}

/** The key, which nobody else can change before the end of the transaction; null when there is none. */
export async function lockKey(tx: Handle, dialect: Dialect, id: string): Promise<KeyRow | null> {
  const query = dialect.lock(tx.selectFrom('api_keys').selectAll().where('id', '=', id));
  return (await query.executeTakeFirst()) ?? null;
}

/** Sets how many requests a minute a key may make; null leaves that to the server. */
export async function setKeyLimit(tx: Handle, id: string, limit: number | null): Promise<void> {
  await tx.updateTable('api_keys').set({ rate_limit_per_minute: limit }).where('id', '=', id).execute();
}

/** Whether there is a key that opens the door to everything at this moment, RFC 3339. */
export async function hasAdminKey(db: Handle, now: string): Promise<boolean> {
  const query = db
    .selectFrom('api_keys')
    .select('id')
    .where('role', '=', 'admin')
    .where('revoked_at', 'is', null)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]));
  return (await query.limit(1).executeTakeFirst()) !== undefined;
}

/** Which keys are meant; an absent field does not limit. */
export type KeyFilter = {
  /** A part of the name. */
  readonly search?: string | undefined;
  readonly role?: KeyRow['role'] | undefined;
};

/** Keys by creation time; one more than the page holds, if there is one. */
export async function listKeys(
  db: Handle,
  request: PageRequest,
  { search, role }: KeyFilter = {},
): Promise<KeyRow[]> {
  let query = db.selectFrom('api_keys').selectAll();
  if (search !== undefined) query = query.where(oneHolds(['name'], search));
  if (role !== undefined) query = query.where('role', '=', role);
  return seek(query, 'api_keys', request).execute();
}
