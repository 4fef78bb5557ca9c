import type { Selectable } from 'kysely';
import { type PageRequest, readsDown } from '../core/page.ts';
import type { FileTable, LooseBlobTable } from './database.ts';
import type { Dialect, Handle } from './dialect.ts';

export type FileRow = Selectable<FileTable>;
export type LooseBlobRow = Selectable<LooseBlobTable>;

export async function insertFile(tx: Handle, row: FileRow): Promise<void> {
  await tx.insertInto('files').values(row).execute();
}

/** Those of these files that are there, expired ones included, in no order. */
export async function findFiles(db: Handle, ids: readonly string[]): Promise<FileRow[]> {
  if (ids.length === 0) return [];
  return db.selectFrom('files').selectAll().where('id', 'in', ids).execute();
}

/** Files by id, which is by the time of their upload; one more than the page holds, if there is one. */
export async function listFiles(db: Handle, request: PageRequest): Promise<FileRow[]> {
  const down = readsDown(request);
  const query = db
    .selectFrom('files')
    .selectAll()
    .orderBy('id', down ? 'desc' : 'asc');
  const from = request.cursor?.key[0];
  const rest = from === undefined ? query : query.where('id', down ? '<' : '>', String(from));
  return rest.limit(request.limit + 1).execute();
}

/** Locks a file until the transaction ends; whether there is one. */
export async function lockFile(tx: Handle, dialect: Dialect, id: string): Promise<boolean> {
  const query = tx.selectFrom('files').select('id').where('id', '=', id);
  return (await dialect.lock(query).executeTakeFirst()) !== undefined;
}

/** Deletes a file; what it was, or null when there is none. */
export async function deleteFile(tx: Handle, id: string): Promise<FileRow | null> {
  return (await tx.deleteFrom('files').where('id', '=', id).returningAll().executeTakeFirst()) ?? null;
}

/** Marks at most so many files as expired whose time had come by `now`, and leaves their bytes to be removed; how many. */
export async function expireFiles(tx: Handle, now: string, limit: number): Promise<number> {
  const due = tx.selectFrom('files').select('id').where('expires_at', '<=', now).where('expired', '=', 0);
  const rows = await due.orderBy('expires_at').limit(limit).execute();
  if (rows.length === 0) return 0;
  const ids = rows.map(({ id }) => id);
  await tx.updateTable('files').set({ expired: 1 }).where('id', 'in', ids).execute();
  for (const id of ids) await insertLooseBlob(tx, { id, due_at: now });
  return ids.length;
}

/** Says that bytes belong to no file, or to none yet. Says nothing new of those that do so already. */
export async function insertLooseBlob(tx: Handle, row: LooseBlobRow): Promise<void> {
  await tx
    .insertInto('loose_blobs')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** Has bytes that belong to no file removed later. */
export async function putOffLooseBlob(tx: Handle, { id, due_at }: LooseBlobRow): Promise<void> {
  await tx.updateTable('loose_blobs').set({ due_at }).where('id', '=', id).execute();
}

/** Forgets that bytes belong to no file; whether that was known. */
export async function deleteLooseBlob(tx: Handle, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('loose_blobs')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0;
}

/** At most so many of the bytes that belong to no file and were to be removed by `now`, the longest due first. */
export async function listDueBlobs(db: Handle, now: string, limit: number): Promise<LooseBlobRow[]> {
  const query = db.selectFrom('loose_blobs').selectAll().where('due_at', '<=', now);
  return query.orderBy('due_at').orderBy('id').limit(limit).execute();
}
