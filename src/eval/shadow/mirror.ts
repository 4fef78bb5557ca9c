import { setTimeout as wait } from 'node:timers/promises';
import { type Clock, formatTime } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { Duty } from '../../queue/duties.ts';
import type { Sessions } from '../../session/sessions.ts';
import { findAgent } from '../../store/agents.ts';
import { findAlias } from '../../store/aliases.ts';
import type { Store } from '../../store/dialect.ts';
import {
  findShadow,
  listDuePairs,
  listUnfinishedShadows,
  type ShadowPairRow,
  type ShadowRow,
  updateShadow,
} from '../../store/shadows.ts';
import { archiveCopies } from './archive-copies.ts';
import type { Copier } from './copier.ts';
import { createDiscovery } from './discovery.ts';
import { createSlots } from './slots.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly sessions: Pick<Sessions, 'archive'>;
  readonly copier: Copier;
  readonly duty: Pick<Duty, 'isMine'>;
  /** How long a shadow rests that has nothing to do, in milliseconds; twice as long each time, up to ten seconds. */
  readonly pause_ms: number;
};

/** How many sessions are copied at a time, of all shadows together, so that users do not wait for it. */
const atOnce = 2;
/** How many are copied before it is looked again what there is to be done. */
const inOneGo = 10;
const longestPauseMs = 10_000;

/** What came of a step: there may be more to be done at once, later, or never again. */
type Step = 'busy' | 'idle' | 'over';

/** Carries shadows out, side by side: one that fails, or whose candidate hangs, leaves the others alone. */
export function createMirror({ store, clock, log, sessions, copier, duty, pause_ms }: Deps) {
  const closing = new AbortController();
  const { signal } = closing;
  let alarm = new AbortController();
  const slots = createSlots(atOnce);
  const followed = new Map<string, Promise<void>>();
  let attending: Promise<void> | null = null;
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

  async function copyAll(shadow: ShadowRow, due: readonly ShadowPairRow[]): Promise<void> {
    const queue = [...due];
    const work = async (_: unknown, worker: number): Promise<void> => {
      // A shadow has both slots only while there is no other.
      while (queue.length > 0 && (worker === 0 || followed.size === 1)) {
        await slots.run(async () => {
          const pair = signal.aborted ? undefined : queue.shift();
          if (pair === undefined) queue.length = 0;
          else await copier.copy(shadow, pair, signal);
        });
      }
    };
    // Where one fails, the others are waited for: nobody else may be at work on them.
    const ended = await Promise.allSettled(Array.from({ length: atOnce }, work));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  /** Does for a shadow what is to be done now. */
  async function advance(id: string, discover: ReturnType<typeof createDiscovery>): Promise<Step> {
    const shadow = await findShadow(store.db, id);
    if (shadow === null || shadow.copies_archived === 1) return 'over';
    if (shadow.status !== 'running') {
      return (await archiveCopies({ store, sessions }, id, signal)) ? 'over' : 'idle';
    }
    const over = await reasonToStop(store, shadow);
    if (over !== null) {
      await end(shadow, 'stopped', over);
      return 'busy';
    }
    const room = shadow.max_sessions - shadow.begun;
    if (room > 0) await discover(shadow, signal);
    const begun = await listDuePairs(store.db, id, { which: 'begun', limit: inOneGo });
    const limit = Math.min(room, inOneGo - begun.length);
    const due = begun.concat(await listDuePairs(store.db, id, { which: 'waiting', limit }));
    if (due.length > 0) {
      await copyAll(shadow, due);
      return 'busy';
    }
    if (room > 0) return 'idle';
    await end(shadow, 'completed', `${shadow.begun} sessions were copied, as many as it was to be`);
    return 'busy';
  }

  /** Rests until it is woken, longer each time. */
  async function rest(times: number): Promise<void> {
    if (signal.aborted) return;
    const ms = Math.min(pause_ms * 2 ** times, longestPauseMs);
    await wait(ms, undefined, { signal: alarm.signal, ref: false }).catch(() => {});
  }

  /** Goes on with a shadow until nothing is left to be done for it. */
  async function follow(id: string): Promise<void> {
    const discover = createDiscovery({ store, clock });
    for (let rests = 0; !signal.aborted && duty.isMine(); ) {
      const step = await advance(id, discover).catch((err: unknown): Step => {
        log.error({ shadow_id: id, err }, 'A shadow could not go on; trying again');
        return 'idle';
      });
      if (step === 'over') return;
      if (step === 'busy') rests = 0;
      else await rest(rests++);
    }
  }

  /** Follows all shadows that are not yet followed. */
  async function attend(): Promise<void> {
    for (let failures = 0; isWoken && !signal.aborted && duty.isMine(); ) {
      isWoken = false;
      try {
        for (const id of await listUnfinishedShadows(store.db)) {
          if (!followed.has(id))
            followed.set(
              id,
              follow(id).finally(() => followed.delete(id)),
            );
        }
      } catch (err) {
        log.error({ err }, 'The shadows could not be found; trying again');
        isWoken = true;
        await rest(failures++);
      }
    }
    attending = null;
  }

  return {
    /** Sees at once to the shadows that are running, and to those that have come to their end. */
    wake(): void {
      isWoken = true;
      alarm.abort();
      alarm = new AbortController();
      if (duty.isMine()) attending ??= attend();
    },

    /** Leaves the rest for the next start. */
    async stop(): Promise<void> {
      closing.abort();
      alarm.abort();
      await attending;
      await Promise.all(followed.values());
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
