import type { Selectable } from 'kysely';
import type { PageRequest } from '../core/page.ts';
import type { Handle } from './dialect.ts';
import { seekNumber } from './keyset.ts';
import type { SessionScoreTable } from './rollout-tables.ts';

export type ScoreRow = Selectable<SessionScoreTable>;

/** What counts of a session's scores: the last of each name. It has no names but these. */
export type LatestScores = { readonly [name: string]: number };

/** Remembers a score of a session whose row is locked. */
export async function insertScore(tx: Handle, row: ScoreRow): Promise<void> {
  await tx.insertInto('session_scores').values(row).execute();
}

/** The scores of a session by number; one more than the page holds, if there is one. */
export async function listScores(db: Handle, sessionId: string, request: PageRequest): Promise<ScoreRow[]> {
  const query = db.selectFrom('session_scores').selectAll().where('session_id', '=', sessionId);
  return seekNumber(query, 'position', request).execute();
}

/** The scores that count, by session; a session without any has no entry. */
export async function findLatestScores(
  db: Handle,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, LatestScores>> {
  const bySession = new Map<string, { [name: string]: number }>();
  if (sessionIds.length === 0) return bySession;
  const query = db.selectFrom('session_scores').select(['session_id', 'name', 'value']);
  const rows = await query.where('session_id', 'in', sessionIds).orderBy('position').execute();
  for (const { session_id, name, value } of rows) {
    const latest = bySession.get(session_id) ?? noScores();
    latest[name] = value;
    bySession.set(session_id, latest);
  }
  return bySession;
}

/** Without a prototype, whose properties would pass for scores that nobody has given. */
function noScores(): { [name: string]: number } {
  return Object.create(null) as { [name: string]: number };
}
