import { type Clock, formatTime, readTime } from '../../core/clock.ts';
import type { Store } from '../../store/dialect.ts';
import {
  type Copyable,
  countWaitingPairs,
  findPairedSessions,
  insertShadowPairs,
  listCopyable,
  type ShadowPairRow,
  type ShadowRow,
  updateShadow,
} from '../../store/shadows.ts';
import { isOwn } from '../recorded/window.ts';
import { takes } from './takes.ts';

const sessionsPerPage = 500;
/** Sampled sessions that may wait for their first turn. */
const mostWaiting = 5000;
/** Sessions are found in the order in which they were made, and may be committed so much later. */
const overlapUs = 10_000_000;

/** Remembers new sessions that a shadow is to copy; for each shadow there is one of these. Without any, nothing is written. */
export function createDiscovery({ store, clock }: { readonly store: Store; readonly clock: Clock }) {
  /** Microseconds; null until this process has looked. */
  let lookedUntil: number | null = null;

  /** Remembers those that are to be copied; false when enough are waiting already. */
  async function keep(shadow: ShadowRow, found: readonly Copyable[]): Promise<boolean> {
    const taken = found.filter((session) => !isOwn(session) && takes(shadow, session.id));
    const ids = taken.map(({ id }) => id);
    const known = await findPairedSessions(store.db, shadow.id, ids);
    const rows = taken.filter(({ id }) => !known.has(id)).map((session) => pairOf(shadow, session));
    const seen_until = found.at(-1)?.created_at;
    if (rows.length === 0 || seen_until === undefined) return true;
    if ((await countWaitingPairs(store.db, shadow.id)) >= mostWaiting) return false;
    await store.write(async (tx) => {
      await insertShadowPairs(tx, rows);
      await updateShadow(tx, shadow.id, { seen_until });
    });
    return true;
  }

  return async function discover(shadow: ShadowRow, signal: AbortSignal): Promise<void> {
    const now = clock.now();
    const earliest = (lookedUntil ?? readTime(shadow.seen_until)) - overlapUs;
    const since = formatTime(Math.max(earliest, readTime(shadow.created_at)));
    const of = { agent_id: shadow.agent_id, alias: shadow.alias, version: shadow.baseline_version, since };
    let after: Copyable | undefined;
    do {
      const found: Copyable[] = await listCopyable(store.db, { ...of, after, limit: sessionsPerPage });
      if (!(await keep(shadow, found))) return;
      after = found.length < sessionsPerPage ? undefined : found.at(-1);
      lookedUntil = after === undefined ? now : readTime(after.created_at);
    } while (after !== undefined && !signal.aborted);
  };
}

function pairOf(shadow: ShadowRow, { id, created_at }: Copyable): ShadowPairRow {
  return {
    ...{ shadow_id: shadow.id, session_id: id, shadow_session_id: null, status: 'open' },
    ...{ seen_turns: 0, turns: 0, tally: null, reason: null, created_at },
  };
}
