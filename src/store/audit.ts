import type { Selectable } from 'kysely';
import type { PageRequest } from '../core/page.ts';
import type { AuditEntryTable, AuditHeadTable } from './database.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seekNumber } from './keyset.ts';

export type AuditRow = Selectable<AuditEntryTable>;
export type AuditHeadRow = Omit<Selectable<AuditHeadTable>, 'one'>;

/** Where the audit log ends, locked until the transaction does: one entry is appended after the other. */
export async function lockAuditHead(tx: Handle, dialect: Dialect): Promise<AuditHeadRow> {
  return dialect.lock(tx.selectFrom('audit_head').select(['seq', 'at', 'hash'])).executeTakeFirstOrThrow();
}

export async function findAuditHead(db: Handle): Promise<AuditHeadRow> {
  return db.selectFrom('audit_head').select(['seq', 'at', 'hash']).executeTakeFirstOrThrow();
}

/** Appends an entry behind the locked head, which moves on to it. */
export async function insertAuditEntry(tx: Handle, row: AuditRow): Promise<void> {
  await tx.insertInto('audit_entries').values(row).execute();
  await tx.updateTable('audit_head').set({ seq: row.seq, at: row.at, hash: row.hash }).execute();
}

/** Entries after a place in the log, in its order. */
export async function readAudit(db: Handle, after: number, limit: number): Promise<AuditRow[]> {
  const query = db.selectFrom('audit_entries').selectAll().where('seq', '>', after);
  return query.orderBy('seq').limit(limit).execute();
}

/** Entries by number; one more than the page holds, if there is one. */
export async function listAudit(
  db: Handle,
  filter: { readonly subject_id?: string | undefined },
  request: PageRequest,
): Promise<AuditRow[]> {
  let query = db.selectFrom('audit_entries').selectAll();
  if (filter.subject_id !== undefined) query = query.where('subject_id', '=', filter.subject_id);
  return seekNumber(query, 'seq', request).execute();
}
