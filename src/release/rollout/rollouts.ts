import type { Audit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import { type Clock, formatTime, readTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import { type Page, type PageRequest, pageOf } from '../../core/page.ts';
import type { RunningMode } from '../../core/release.ts';
import type { RolloutSettings } from '../../core/rollout.ts';
import type { Watchers } from '../../eval/watchers.ts';
import type { Handle, Store } from '../../store/dialect.ts';
import {
  listRolloutEvents,
  listRollouts,
  type RolloutFilter,
  type RolloutRow,
  updateRollout,
} from '../../store/rollouts.ts';
import type { Notify } from '../../webhook/notify.ts';
import { requireDecider } from '../decider.ts';
import { requireUnblocked } from '../promotion-move.ts';
import type { PromotionRecords } from '../promotion-records.ts';
import { orWriteDown } from '../refusals.ts';
import { checkAll } from './checks.ts';
import { type EvidenceSeries, readSeries } from './evidence-series.ts';
import type { LockedRollout, RolloutRecords } from './records.ts';
import {
  evidenceOf,
  type Rollout,
  type RolloutDetails,
  type RolloutEvent,
  readDetails,
  readEvent,
  readRollout,
  requireOpen,
  settingsOf,
  stateOf,
} from './rollout.ts';
import type { RolloutStart, Said } from './rollout-start.ts';
import type { Transitions } from './transitions.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly notify: Notify;
  readonly promotions: PromotionRecords;
  readonly records: RolloutRecords;
  readonly transitions: Transitions;
  readonly beginning: RolloutStart;
  readonly watchers: Watchers<RolloutDetails>;
  /** Called when there is another rollout to look at. */
  readonly onStart: () => void;
  /** Called when sessions of a canary are to be stopped. */
  readonly onSweep: () => void;
};

/** Rollouts, as people start them, hold them and end them. What the server does by itself is in `look.ts`. */
export function createRollouts(deps: Deps) {
  const { store, clock, audit, notify, promotions, records, transitions, beginning, watchers } = deps;

  /** Changes a rollout that is under way, in one transaction, or writes down that it was refused. */
  async function change(
    id: string,
    attempt: { readonly verb: string; readonly by: Actor },
    work: (tx: Handle, locked: LockedRollout) => Promise<RolloutRow>,
  ): Promise<RolloutDetails> {
    const subject = { type: 'rollout', id };
    const action = `rollout.${attempt.verb}`;
    const row = await orWriteDown(audit, { action, actor: attempt.by, subject }, () =>
      store.write(async (tx) => {
        const locked = await records.lock(tx, id);
        requireOpen(locked.row);
        const after = await work(tx, locked);
        // What the server would have done is not what was done.
        if (after.decision === null || after === locked.row) return after;
        await updateRollout(tx, id, { decision: null });
        return { ...after, decision: null };
      }),
    );
    return tell(row);
  }

  async function tell(row: RolloutRow): Promise<RolloutDetails> {
    notify.wake();
    const details = await readDetails(store.db, row);
    watchers.tell(row.id, details);
    return details;
  }

  /** A clock that was set back would make a step last for ever, or for no time at all. */
  function requireClock({ id, step_since, last_look_at }: RolloutRow): void {
    const last = [step_since, last_look_at ?? step_since].map(readTime).reduce((a, b) => Math.max(a, b));
    if (clock.now() >= last) return;
    throw new PawlError(
      'rollout_blocked',
      `rollout ${id} was last looked at at ${formatTime(last)}, and the server's clock is behind that; set it right`,
    );
  }

  async function begun(row: RolloutRow): Promise<RolloutDetails> {
    deps.onStart();
    return tell(row);
  }

  return {
    /** Gives a promotion's candidate its first part of the traffic. */
    start: async (promotionId: string, settings: RolloutSettings, said: Said): Promise<RolloutDetails> =>
      begun(await beginning.start(promotionId, settings, said)),

    /** Begins a rollout anew that was aborted or rolled back. */
    retry: async (id: string, said: Said): Promise<RolloutDetails> => begun(await beginning.retry(id, said)),

    /** @throws PawlError `rollout_not_found` */
    async retrieve(id: string): Promise<RolloutDetails> {
      return readDetails(store.db, await records.find(store.db, id));
    },

    /** Rollouts by creation time. */
    async list(filter: RolloutFilter, request: PageRequest): Promise<Page<Rollout>> {
      const rows = await listRollouts(store.db, store.dialect, { filter, request });
      const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
      return { data: page.data.map(readRollout), next_page: page.next_page };
    },

    /** What happened to a rollout, by number. @throws PawlError `rollout_not_found` */
    async events(id: string, request: PageRequest): Promise<Page<RolloutEvent>> {
      await records.find(store.db, id);
      const page = pageOf(await listRolloutEvents(store.db, id, request), request, (row) => [row.seq]);
      return { data: page.data.map(readEvent), next_page: page.next_page };
    },

    /** How the evidence of a rollout came about. @throws PawlError `rollout_not_found` */
    async series(id: string): Promise<EvidenceSeries> {
      return readSeries(store.db, await records.find(store.db, id));
    },

    /** Calls back whenever a rollout has changed, until the function is called that it gives. */
    watch: (id: string, tell: (rollout: RolloutDetails) => void): (() => void) => watchers.add(id, tell),

    /** Holds a rollout where it is; its guardrails go on. One that is paused stays as it is. */
    async pause(id: string, { by, reason }: Said): Promise<RolloutDetails> {
      return change(id, { verb: 'paused', by }, async (tx, locked) => {
        if (locked.row.pause !== null) return locked.row;
        return transitions.pause(tx, locked, 'person', { by, reason, data: evidenceOf(locked.row) });
      });
    },

    /**
     * Lets a paused rollout go on, in spite of what it was paused for. One that is running stays as it is.
     * @throws PawlError `rollout_not_found`, `rollout_over`, `rollout_blocked`
     */
    async resume(id: string, { by, reason }: Said): Promise<RolloutDetails> {
      return change(id, { verb: 'resumed', by }, async (tx, locked) => {
        const { pause } = readRollout(locked.row);
        if (pause === null) return locked.row;
        requireResumable(id, pause.cause);
        requireClock(locked.row);
        const accepted = [
          ...brokenSignals(locked.row),
          ...(pause.cause === 'inconclusive' ? ['inconclusive'] : []),
        ];
        return transitions.resume(tx, locked, accepted, { by, reason, data: { accepted } });
      });
    },

    /**
     * Goes on to the next step at once, whatever it was waiting for; at 100 % the alias moves. Where the step asks for
     * approval, this is it, and it has to come from somebody who neither asked for the promotion nor wrote the version.
     * `step` is what the caller saw it at, so that two who press at once go on by one.
     * @throws PawlError `rollout_not_found`, `rollout_over`, `rollout_moved`, `rollout_blocked`, `promotion_blocked`,
     *   `own_promotion`
     */
    async advance(
      id: string,
      { by, reason, step }: Said & { readonly step?: number | undefined },
    ): Promise<RolloutDetails> {
      return change(id, { verb: 'step', by }, async (tx, locked) => {
        const { row, promotion } = locked;
        const { pause, settings, decision } = readRollout(row);
        requireAt(row, step);
        if (pause?.cause === 'sample_ratio') requireResumable(id, pause.cause);
        requireClock(row);
        if (settings.steps[row.step]?.approval === true) await requireDecider(tx, promotion, by);
        const accepting = brokenSignals(row);
        const details = requireUnblocked(await promotions.detail(tx, promotion), 'rolled out');
        const data = { ...evidenceOf(row), skipped: pause?.reason ?? decision?.reason ?? null };
        return transitions.advance(tx, locked, { details, accepting, by, reason, data });
      });
    },

    /** Ends a rollout: everybody gets what the alias stands for, and the promotion stands as before. */
    async abort(
      id: string,
      { by, reason, running }: Said & { readonly running: RunningMode },
    ): Promise<RolloutDetails> {
      return takeBack(id, { status: 'aborted', by, reason, running });
    },

    /** Ends a rollout because the candidate is bad: its promotion is over as well, and the alias is held. */
    async rollBack(
      id: string,
      { by, reason, running }: Said & { readonly running: RunningMode },
    ): Promise<RolloutDetails> {
      return takeBack(id, { status: 'rolled_back', by, reason, running });
    },
  };

  async function takeBack(
    id: string,
    how: Said & { readonly status: 'aborted' | 'rolled_back'; readonly running: RunningMode },
  ): Promise<RolloutDetails> {
    const details = await change(id, { verb: how.status, by: how.by }, (tx, locked) =>
      transitions.takeBack(tx, locked, {
        ...how,
        data: { ...evidenceOf(locked.row), running: how.running },
      }),
    );
    if (how.running !== 'drain') deps.onSweep();
    return details;
  }
}

export type Rollouts = ReturnType<typeof createRollouts>;

/** @throws PawlError `rollout_moved` when the caller saw it at another step. */
function requireAt(row: RolloutRow, step: number | undefined): void {
  if (step === undefined || step === row.step + 1) return;
  throw new PawlError(
    'rollout_moved',
    `step: rollout ${row.id} is at step ${row.step + 1}, not ${step}; look at it again and repeat`,
  );
}

/** The signals that are broken, for a person who goes on all the same. @throws PawlError `rollout_blocked` */
function brokenSignals(row: RolloutRow): string[] {
  const broken = checkAll(stateOf(row).evidence, settingsOf(row)).filter(({ status }) => status === 'broken');
  const guardrail = broken.find(({ kind }) => kind === 'guardrail');
  if (guardrail !== undefined) {
    throw new PawlError(
      'rollout_blocked',
      `rollout ${row.id}: guardrail ${guardrail.metric} is broken; it is about to be rolled back`,
    );
  }
  return broken.map(({ metric }) => metric);
}

/** @throws PawlError `rollout_blocked` when nothing but another decision helps. */
function requireResumable(id: string, cause: string): void {
  if (cause === 'sample_ratio') {
    throw new PawlError(
      'rollout_blocked',
      `rollout ${id}: the sample ratio does not fit, so nothing can be concluded; abort it, find the cause, and retry`,
    );
  }
  if (cause === 'approval') {
    throw new PawlError('rollout_blocked', `rollout ${id} waits for approval: advance it`);
  }
}
