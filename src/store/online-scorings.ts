import type { Selectable } from 'kysely';
import type { Handle } from './dialect.ts';
import type { OnlineScoringTable } from './rollout-tables.ts';

export type OnlineScoringRow = Selectable<OnlineScoringTable>;
/** A scoring that something is to be done about. */
export type DueScoring = OnlineScoringRow & { readonly due_at: string };

/** A session, and how many turns it has ended. */
type SessionTurns = { readonly session_id: string; readonly turns: number };

/** Both databases bound the number of values in one statement. */
const maxRows = 500;

/**
 * Asks that a scorer of a rollout score sessions. One that was asked for, or has been scored, with as many turns is left
 * as it is; a session that is gone is passed over.
 */
export async function enqueueScorings(
  tx: Handle,
  asked: {
    readonly rollout_id: string;
    readonly name: string;
    readonly sessions: readonly SessionTurns[];
    readonly due_at: string;
  },
): Promise<void> {
  const { sessions, ...scorer } = asked;
  const here = await existing(
    tx,
    sessions.map(({ session_id }) => session_id),
  );
  const rows = sessions
    .filter(({ session_id }) => here.has(session_id))
    .map(({ session_id, turns }) => ({ ...scorer, session_id, turns, attempts: 0, error: null }));
  for (let from = 0; from < rows.length; from += maxRows) {
    await tx
      .insertInto('online_scorings')
      .values(rows.slice(from, from + maxRows))
      .onConflict((conflict) =>
        conflict
          .columns(['session_id', 'name'])
          .doUpdateSet((eb) => ({
            rollout_id: eb.ref('excluded.rollout_id'),
            turns: eb.ref('excluded.turns'),
            attempts: 0,
            due_at: eb.ref('excluded.due_at'),
          }))
          .whereRef('online_scorings.turns', '<', 'excluded.turns'),
      )
      .execute();
  }
}

/** What is to be done next, due or not, in order of time. */
export async function listPendingScorings(db: Handle, limit: number): Promise<DueScoring[]> {
  const query = db.selectFrom('online_scorings').selectAll().where('due_at', 'is not', null);
  const sorted = query.orderBy('due_at').orderBy('session_id').orderBy('name');
  return sorted.$narrowType<{ due_at: string }>().limit(limit).execute();
}

/** Writes what has become of an attempt. Gives whether it is still what was asked for; if not, nothing is changed. */
export async function changeScoring(
  tx: Handle,
  { session_id, name, turns, attempts }: DueScoring,
  changes: Partial<Pick<OnlineScoringRow, 'turns' | 'attempts' | 'due_at' | 'error'>>,
): Promise<boolean> {
  const one = tx.updateTable('online_scorings').set(changes).where('session_id', '=', session_id);
  const same = one.where('name', '=', name).where('turns', '=', turns).where('attempts', '=', attempts);
  const { numUpdatedRows } = await same.where('due_at', 'is not', null).executeTakeFirst();
  return numUpdatedRows > 0n;
}

async function existing(tx: Handle, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let from = 0; from < ids.length; from += maxRows) {
    const query = tx.selectFrom('sessions').select('id');
    const rows = await query.where('id', 'in', ids.slice(from, from + maxRows)).execute();
    for (const { id } of rows) found.add(id);
  }
  return found;
}
