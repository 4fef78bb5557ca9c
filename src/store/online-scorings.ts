import type { Selectable } from 'kysely';
import type { Handle } from './dialect.ts';
import type { OnlineScoringTable } from './rollout-tables.ts';

export type OnlineScoringRow = Selectable<OnlineScoringTable>;
/** A scoring that something is to be done about. */
export type DueScoring = OnlineScoringRow & { readonly due_at: string };

/** A scorer of a rollout, by the name of its scores. */
export type RolloutScorer = Pick<OnlineScoringRow, 'rollout_id' | 'name'>;

/** How a scorer of a rollout gets on. Sessions that were deleted are not counted any more, but what they cost is. */
export type ScoringCounts = {
  readonly name: string;
  /** Sessions that it is still to score, those included that it is to be asked about again. */
  readonly waiting: number;
  /** Sessions that have an answer to score, and that it will not be asked about again until they have another turn. */
  readonly given_up: number;
  /** What it has cost so far in US dollars; null when the price of something is not known. */
  readonly cost_usd: number | null;
};

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
    .map(({ session_id, turns }) => ({
      ...scorer,
      session_id,
      turns,
      attempts: 0,
      error: null,
      given_up: 0,
    }));
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
            given_up: 0,
          }))
          .whereRef('online_scorings.turns', '<', 'excluded.turns'),
      )
      .execute();
  }
}

/**
 * The scorers that have something to do, due or not, in the order of their rollouts and names: those behind `after`, or
 * from the first one on.
 */
export async function listWaitingScorers(
  db: Handle,
  { after, limit }: { readonly after: RolloutScorer | null; readonly limit: number },
): Promise<RolloutScorer[]> {
  const found: RolloutScorer[] = [];
  // One look into the index for each scorer, however many sessions wait for it.
  for (let last = after; found.length < limit; ) {
    let query = db.selectFrom('online_scorings').select(['rollout_id', 'name']);
    query = query.where('due_at', 'is not', null).orderBy('rollout_id').orderBy('name').limit(1);
    if (last !== null) {
      const { rollout_id, name } = last;
      query = query.where((eb) => eb(eb.refTuple('rollout_id', 'name'), '>', eb.tuple(rollout_id, name)));
    }
    const next = await query.executeTakeFirst();
    if (next === undefined) return found;
    found.push(next);
    last = next;
  }
  return found;
}

/** What a scorer is to do next, due or not, in order of time. */
export async function listPendingScorings(
  db: Handle,
  { rollout_id, name }: RolloutScorer,
  limit: number,
): Promise<DueScoring[]> {
  const all = db.selectFrom('online_scorings').selectAll().where('rollout_id', '=', rollout_id);
  const query = all.where('name', '=', name).where('due_at', 'is not', null);
  const sorted = query.orderBy('due_at').orderBy('session_id');
  return sorted.$narrowType<{ due_at: string }>().limit(limit).execute();
}

/** Writes what has become of an attempt. Gives whether it is still what was asked for; if not, nothing is changed. */
export async function changeScoring(
  tx: Handle,
  { session_id, name, turns, attempts }: DueScoring,
  changes: Partial<Pick<OnlineScoringRow, 'turns' | 'attempts' | 'due_at' | 'error' | 'given_up'>>,
): Promise<boolean> {
  const one = tx.updateTable('online_scorings').set(changes).where('session_id', '=', session_id);
  const same = one.where('name', '=', name).where('turns', '=', turns).where('attempts', '=', attempts);
  const { numUpdatedRows } = await same.where('due_at', 'is not', null).executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Adds to what a scorer has cost, in US dollars; null, for a price that is not known, makes the sum unknown for good. */
export async function addScoringCost(
  tx: Handle,
  { rollout_id, name }: RolloutScorer,
  cost_usd: number | null,
): Promise<void> {
  await tx
    .insertInto('online_costs')
    .values({ rollout_id, name, cost_usd })
    .onConflict((conflict) =>
      conflict.columns(['rollout_id', 'name']).doUpdateSet((eb) => ({
        cost_usd: eb('online_costs.cost_usd', '+', eb.ref('excluded.cost_usd')),
      })),
    )
    .execute();
}

/** How the scorers of a rollout get on, in the order of the names that are given. */
export async function readScoringCounts(
  db: Handle,
  rolloutId: string,
  names: readonly string[],
): Promise<ScoringCounts[]> {
  if (names.length === 0) return [];
  const all = db.selectFrom('online_scorings').where('rollout_id', '=', rolloutId).groupBy('name');
  const counted = all.select((eb) => ['name', eb.fn.countAll().as('sessions')] as const);
  // Both read nothing but an index that holds little else.
  const waiting = await counted.where('due_at', 'is not', null).execute();
  const givenUp = await counted.where('given_up', '=', 1).execute();
  const costs = await db.selectFrom('online_costs').selectAll().where('rollout_id', '=', rolloutId).execute();
  const sessionsIn = (counts: typeof waiting, name: string): number =>
    Number(counts.find((one) => one.name === name)?.sessions ?? 0);
  return names.map((name) => {
    const cost = costs.find((one) => one.name === name);
    return {
      name,
      waiting: sessionsIn(waiting, name),
      given_up: sessionsIn(givenUp, name),
      cost_usd: cost === undefined ? 0 : cost.cost_usd,
    };
  });
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
