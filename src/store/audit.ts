import type { Selectable } from 'kysely';
import { mostExamined, type PageRequest, readsDown } from '../core/page.ts';
import type { AuditEntryTable, AuditHeadTable } from './database.ts';
import type { Dialect, Handle } from './dialect.ts';
import { jsonField } from './json-field.ts';
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

/** Which entries are meant; an absent field does not limit. */
export type AuditFilter = {
  readonly subject_id?: string | undefined;
  readonly action?: string | undefined;
  /** The name or the id of a key. */
  readonly actor?: string | undefined;
  readonly outcome?: AuditRow['outcome'] | undefined;
  /** RFC 3339, as stored. */
  readonly from?: string | undefined;
  readonly before?: string | undefined;
};

/** Entries by number, one more than the page holds, if there is one; and the number of the last that was looked at, if not all were. */
export async function listAudit(
  db: Handle,
  dialect: Dialect,
  { filter, request }: { readonly filter: AuditFilter; readonly request: PageRequest },
): Promise<{ readonly rows: readonly AuditRow[]; readonly edge: number | null }> {
  const { subject_id, action, actor, outcome, from, before } = filter;
  let query = db.selectFrom('audit_entries').selectAll();
  if (subject_id !== undefined) query = query.where('subject_id', '=', subject_id);
  // Times never go back from one entry to the next.
  if (from !== undefined) query = query.where('seq', '>=', await firstSince(db, from));
  if (before !== undefined) query = query.where('seq', '<', await firstSince(db, before));
  if (action !== undefined) query = query.where('action', '=', action);
  if (outcome !== undefined) query = query.where('outcome', '=', outcome);
  if (actor !== undefined) {
    const fields = (['name', 'key_id'] as const).map((name) => jsonField<string>(dialect, 'actor', [name]));
    query = query.where((eb) => eb.or(fields.map((field) => eb(field, '=', actor))));
  }
  const isFound = [action, actor, outcome].every((one) => one === undefined);
  const edge = isFound || subject_id !== undefined ? null : await edgeOf(db, filter, request);
  if (edge !== null) query = query.where('seq', readsDown(request) ? '>=' : '<=', edge);
  return { rows: await seekNumber(query, 'seq', request).execute(), edge };
}

/** The number of the first entry of a time or later; that behind the last when there is none. */
async function firstSince(db: Handle, time: string): Promise<number> {
  const query = db.selectFrom('audit_entries').select('seq').where('at', '>=', time);
  const first = await query.orderBy('at').orderBy('seq').limit(1).executeTakeFirst();
  return first?.seq ?? (await findAuditHead(db)).seq + 1;
}

/** The number of the last entry that a page looks at, as they have no gaps; null when it looks at all that are left. */
async function edgeOf(
  db: Handle,
  { from, before }: AuditFilter,
  request: PageRequest,
): Promise<number | null> {
  const first = from === undefined ? 1 : await firstSince(db, from);
  const last = (before === undefined ? (await findAuditHead(db)).seq + 1 : await firstSince(db, before)) - 1;
  const cursor = request.cursor?.key[0];
  const down = readsDown(request);
  const start = cursor === undefined ? (down ? last : first) : Number(cursor) + (down ? -1 : 1);
  const edge = down ? Math.min(start, last) - mostExamined + 1 : Math.max(start, first) + mostExamined - 1;
  return down ? (edge > first ? edge : null) : edge < last ? edge : null;
}
