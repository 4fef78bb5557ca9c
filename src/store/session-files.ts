import { sql } from 'kysely';
import type { Handle } from './dialect.ts';

/** What is written down of a session: an event as it goes over the wire. */
type Written = { readonly session_id: string; readonly data: string };

const mark = '"file_id":"file_';

/**
 * Remembers which files events name, in the transaction that writes them. Files that are not there are passed over; one
 * that is cannot be deleted before the transaction ends.
 */
export async function noteFiles(tx: Handle, rows: readonly Written[]): Promise<void> {
  // Nearly no event names one, and this is asked of all.
  const naming = rows.filter(({ data }) => data.includes(mark));
  for (const [session_id, group] of Map.groupBy(naming, (row) => row.session_id)) {
    const ids = new Set(group.flatMap(({ data }) => fileIdsIn(data)));
    const known = tx
      .selectFrom('files')
      .select((eb) => [eb.val(session_id).as('session_id'), 'id as file_id'] as const)
      .where('id', 'in', [...ids]);
    if (ids.size === 0) continue;
    await tx
      .insertInto('session_files')
      .columns(['session_id', 'file_id'])
      .expression(known)
      .onConflict((conflict) => conflict.columns(['session_id', 'file_id']).doNothing())
      .execute();
  }
}

/** Whether a session that is not archived names a file. */
export async function isNamedInSession(tx: Handle, fileId: string): Promise<boolean> {
  return (await namingSessions(tx).where('file_id', '=', fileId).executeTakeFirst()) !== undefined;
}

/** At most so many ids of files that were uploaded before a moment, that no open session names, behind `after`. */
export async function listUnnamedFiles(
  db: Handle,
  { before, after, limit }: { readonly before: string; readonly after: string; readonly limit: number },
): Promise<string[]> {
  const query = db.selectFrom('files').select('id').where('id', '>', after).where('created_at', '<', before);
  const unnamed = query.where((eb) =>
    eb.not(eb.exists(namingSessions(db).where('file_id', '=', sql.ref<string>('files.id')))),
  );
  return (await unnamed.orderBy('id').limit(limit).execute()).map(({ id }) => id);
}

function namingSessions(db: Handle) {
  return db
    .selectFrom('session_files')
    .innerJoin('sessions', 'sessions.id', 'session_files.session_id')
    .where('sessions.archived_at', 'is', null)
    .select('session_files.session_id')
    .limit(1);
}

function fileIdsIn(data: string): string[] {
  return [...data.matchAll(/"file_id":"(file_\w+)"/g)].flatMap(([, id]) => (id === undefined ? [] : [id]));
}
