import { setTimeout as wait } from 'node:timers/promises';
import { placeOf, wholeWeight } from '../../core/assignment.ts';
import { type Clock, formatTime, readTime } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { findAgent } from '../../store/agents.ts';
import { findAlias } from '../../store/aliases.ts';
import type { Store } from '../../store/dialect.ts';
import {
  type Copyable,
  countShadowPairs,
  findShadow,
  insertShadowPairs,
  listCopyable,
  listDuePairs,
  listRunningShadows,
  type ShadowPairRow,
  type ShadowRow,
  updateShadow,
} from '../../store/shadows.ts';
import { isOwn } from '../recorded/window.ts';
import type { Copier } from './copier.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly copier: Copier;
};

/** How many sessions are copied at a time, so that users do not wait for it. */
const atOnce = 2;
/** How many are copied for one shadow before it is the next one's turn. */
const inOneGo = 10;
const pauseMs = 1000;
const longestPauseMs = 30_000;
const sessionsPerPage = 500;
/** Sampled sessions that may wait for their first turn. */
const mostWaiting = 5000;
/** Sessions are found in the order in which they were made, and may be committed so much later. */
const overlapUs = 10_000_000;

/** Whether a shadow takes a session. The same everywhere and for ever: no session is in by chance. */
export function takes({ id, sample }: Pick<ShadowRow, 'id' | 'sample'>, sessionId: string): boolean {
  return placeOf(id, sessionId).bucket < sample * wholeWeight;
}

/** Carries shadows out, as long as any is running. */
export function createMirror({ store, clock, log, copier }: Deps) {
  const closing = new AbortController();
  const { signal } = closing;
  let underway: Promise<void> | null = null;
  let isWoken = false;

  async function end(
    { id }: ShadowRow,
    status: 'completed' | 'stopped',
    ended_reason: string,
  ): Promise<void> {
    const now = formatTime(clock.now());
    const over = { status, ended_reason, ended_at: now, updated_at: now };
    await store.write((tx) => updateShadow(tx, id, over));
  }

  /** Remembers new sessions that are to be copied. */
  async function discover(shadow: ShadowRow): Promise<void> {
    const earliest = readTime(shadow.seen_until) - overlapUs;
    const since = formatTime(Math.max(earliest, readTime(shadow.created_at)));
    const of = { agent_id: shadow.agent_id, alias: shadow.alias, version: shadow.baseline_version, since };
    let after: Copyable | undefined;
    do {
      const found: Copyable[] = await listCopyable(store.db, { ...of, after, limit: sessionsPerPage });
      const rows = found
        .filter((session) => !isOwn(session) && takes(shadow, session.id))
        .map(({ id, created_at }) => pairOf(shadow, id, created_at));
      after = found.length < sessionsPerPage ? undefined : found.at(-1);
      const seen_until = found.at(-1)?.created_at ?? shadow.seen_until;
      if (rows.length === 0 && seen_until === shadow.seen_until) continue;
      await store.write(async (tx) => {
        await insertShadowPairs(tx, rows);
        await updateShadow(tx, shadow.id, { seen_until });
      });
    } while (after !== undefined && !signal.aborted);
  }

  /** Does for a shadow what is to be done now; whether anything was. */
  async function advance(shadow: ShadowRow): Promise<boolean> {
    const over = await reasonToStop(store, shadow);
    if (over !== null) {
      await end(shadow, 'stopped', over);
      return false;
    }
    const { begun, waiting } = await countShadowPairs(store.db, shadow.id);
    const isFull = begun >= shadow.max_sessions;
    if (!isFull && waiting < mostWaiting) await discover(shadow);
    const room = Math.max(0, shadow.max_sessions - begun);
    const found = await listDuePairs(store.db, shadow.id, inOneGo);
    const fresh = found.filter(({ shadow_session_id }) => shadow_session_id === null);
    const due = found.filter((pair) => pair.shadow_session_id !== null).concat(fresh.slice(0, room));
    if (due.length === 0) {
      if (isFull) await end(shadow, 'completed', `${begun} sessions were copied, as many as it was to be`);
      return false;
    }
    const queue = [...due];
    const work = async (): Promise<void> => {
      for (let pair = queue.shift(); pair !== undefined; pair = queue.shift()) {
        const now = signal.aborted ? null : await findShadow(store.db, shadow.id);
        if (now?.status !== 'running') return;
        await copier.copy(shadow, pair, signal);
      }
    };
    // Where one fails, the others are waited for: nobody else may be at work on them.
    const ended = await Promise.allSettled(Array.from({ length: atOnce }, work));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    return true;
  }

  /** Goes on until no shadow is running any more. */
  async function run(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      let isIdle = true;
      try {
        const shadows = await listRunningShadows(store.db);
        if (shadows.length === 0) return;
        for (const shadow of shadows) if (!signal.aborted && (await advance(shadow))) isIdle = false;
        failures = 0;
      } catch (err) {
        failures++;
        log.error({ err }, 'A shadow could not go on; trying again');
      }
      const ms = Math.min(pauseMs * 2 ** failures, longestPauseMs);
      if (isIdle) await wait(ms, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  async function runWhileWoken(): Promise<void> {
    while (isWoken && !signal.aborted) {
      isWoken = false;
      await run();
    }
    underway = null;
  }

  return {
    /** Sees to the shadows that are running. */
    wake(): void {
      isWoken = true;
      underway ??= runWhileWoken();
    },

    /** Leaves the rest for the next start. */
    async stop(): Promise<void> {
      closing.abort();
      await underway;
    },
  };
}

/** Why a shadow has nothing more to copy; null while it may have. */
async function reasonToStop({ db }: Store, shadow: ShadowRow): Promise<string | null> {
  const { agent_id, alias, baseline_version } = shadow;
  const agent = await findAgent(db, agent_id);
  if (agent === null || agent.archived_at !== null) return 'the agent was archived';
  const now = await findAlias(db, { agent_id, name: alias });
  if (now?.version === baseline_version) return null;
  const stands = now === null || now.version === null ? 'no version' : `version ${now.version}`;
  return `the alias ${alias} stands for ${stands} now, not for version ${baseline_version}`;
}

function pairOf(shadow: ShadowRow, session_id: string, created_at: string): ShadowPairRow {
  return {
    ...{ shadow_id: shadow.id, session_id, shadow_session_id: null, status: 'open' },
    ...{ seen_turns: 0, turns: 0, tally: null, reason: null, created_at },
  };
}
