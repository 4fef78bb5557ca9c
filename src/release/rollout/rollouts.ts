import type { Audit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import type { Versions } from '../../agent/versions.ts';
import { type Clock, formatTime, readTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../../core/page.ts';
import type { RunningMode } from '../../core/release.ts';
import type { RolloutSettings } from '../../core/rollout.ts';
import { noSessionUsage, type SessionUsage } from '../../core/usage.ts';
import type { Watchers } from '../../eval/watchers.ts';
import type { Handle, Store } from '../../store/dialect.ts';
import { findOpenPromotion, lockPromotion, type PromotionRow } from '../../store/promotions.ts';
import {
  listRolloutEvents,
  listRollouts,
  type RolloutFilter,
  type RolloutRow,
  updateRollout,
} from '../../store/rollouts.ts';
import type { Alias } from '../alias.ts';
import { requireNoRollout } from '../alias-rules.ts';
import type { Aliases } from '../aliases.ts';
import { requireDecider } from '../decider.ts';
import type { Notify } from '../notify.ts';
import type { PromotionBasis } from '../promotion-basis.ts';
import { requireUnblocked } from '../promotion-move.ts';
import type { PromotionRecords } from '../promotion-records.ts';
import { orWriteDown } from '../refusals.ts';
import { checkAll } from './checks.ts';
import { noEvidenceYet } from './evidence.ts';
import type { LockedRollout, RolloutRecords } from './records.ts';
import {
  type Rollout,
  type RolloutDetails,
  type RolloutEvent,
  type RolloutState,
  readDetails,
  readEvent,
  readRollout,
  requireOpen,
  settingsOf,
  stateOf,
  summarise,
} from './rollout.ts';
import type { Transitions } from './transitions.ts';

/** Who does something, and why. */
export type Said = { readonly by: Actor; readonly reason: string | null };

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly audit: Audit;
  readonly notify: Notify;
  readonly aliases: Aliases;
  readonly versions: Versions;
  /** What tokens of a model cost in US dollars; null when no price is known. */
  readonly costOf: (model: string, usage: SessionUsage) => number | null;
  readonly promotions: PromotionRecords;
  readonly records: RolloutRecords;
  readonly transitions: Transitions;
  readonly watchers: Watchers<RolloutDetails>;
  /** Called when there is another rollout to look at. */
  readonly onStart: () => void;
  /** Called when sessions of a canary are to be stopped. */
  readonly onSweep: () => void;
};

/** Rollouts, as people start them, hold them and end them. What the server does by itself is in `looks.ts`. */
export function createRollouts(deps: Deps) {
  const { store, clock, ids, audit, notify, aliases, versions, promotions, records } = deps;
  const { transitions, watchers } = deps;

  /** Puts a canary under an alias. The promotion is locked, and lacks nothing. */
  async function begin(
    tx: Handle,
    { promotion, alias }: { readonly promotion: PromotionRow; readonly alias: Alias },
    plan: Said & { readonly settings: RolloutSettings; readonly before: RolloutRow | null },
  ): Promise<RolloutRow> {
    const { settings, before, by, reason } = plan;
    const { agent_id, alias: name, candidate_version } = promotion;
    const first = settings.steps[0];
    if (first === undefined || alias.version === null) throw new Error(`Nothing to roll out under ${name}`);
    const id = ids.next('rollout');
    const now = clock.now();
    const at = formatTime(now);
    const weight = Math.round(first.weight * 100);
    const state: RolloutState = { evidence: noEvidenceYet, accepted: [], noted: 0 };
    // Whoever was in the canary before is in it again.
    const salt = before?.salt ?? id;
    const row: RolloutRow = {
      ...{ id, agent_id, alias: name, promotion_id: promotion.id },
      ...{ baseline_version: alias.version, candidate_version, salt, retry_of: before?.id ?? null },
      ...{ settings: JSON.stringify(settings), status: 'running', step: 0, weight, step_since: at },
      ...{ pause: null, state: JSON.stringify(state), decision: null, looks: 0, last_look_at: null },
      ...{
        next_look_at: formatTime(now + Math.round(settings.look_seconds * 1_000_000)),
        last_traffic_at: at,
      },
      ...{ events: 0, actor: JSON.stringify(by), reason, created_at: at, updated_at: at },
      ...{ ended_at: null, ended_by: null, end_reason: null },
    };
    const data = { weight: first.weight, baseline_version: alias.version, candidate_version };
    const made = await records.insert(tx, row, { type: 'started', by, reason, data });
    await aliases.setCanary(tx, alias, { rollout_id: id, salt, version: candidate_version, weight });
    await promotions.write(
      tx,
      promotion,
      { rollout_id: id },
      { action: 'promotion.rollout_started', by, reason },
    );
    return made;
  }

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

  function tell(row: RolloutRow): RolloutDetails {
    notify.wake();
    const details = readDetails(row);
    watchers.tell(row.id, details);
    return details;
  }

  /** What costs nothing, as far as is known, cannot be shown to cost no more. */
  async function requirePrices(
    { agent_id, candidate_version, basis }: PromotionRow,
    { guardrails }: RolloutSettings,
  ): Promise<void> {
    const place = guardrails.findIndex(({ metric }) => metric === 'cost');
    if (place === -1) return;
    const { baseline_version } = JSON.parse(basis) as PromotionBasis;
    for (const number of [baseline_version, candidate_version]) {
      const { model } = (await versions.require(agent_id, number)).config;
      const cost = deps.costOf(model.id, { ...noSessionUsage, input_tokens: 1_000_000 });
      if (cost !== null && cost > 0) continue;
      throw new PawlError(
        'invalid_request',
        `guardrails.${place}.metric: no price is known for ${model.id}, which version ${number} has; set one, or watch something else`,
      );
    }
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

  return {
    /**
     * Gives a promotion's candidate its first part of the traffic.
     * @throws PawlError `promotion_not_found`, `promotion_over`, `promotion_blocked`, `rollout_running`
     */
    async start(promotionId: string, settings: RolloutSettings, said: Said): Promise<RolloutDetails> {
      const attempt = {
        action: 'rollout.started',
        actor: said.by,
        subject: { type: 'promotion', id: promotionId },
      };
      const row = await orWriteDown(audit, attempt, async () => {
        await requirePrices(await promotions.find(store.db, promotionId), settings);
        return store.write(async (tx) => {
          const { agent_id, alias: name } = await promotions.find(tx, promotionId);
          const alias = await aliases.lockOrMake(tx, { agent_id, name });
          requireNoRollout(alias);
          const promotion = await requireLocked(tx, promotionId);
          if (promotion.ended_at !== null) {
            throw new PawlError('promotion_over', `promotion ${promotionId} is ${promotion.status}`);
          }
          requireUnblocked(await promotions.detail(tx, promotion));
          return begin(tx, { promotion, alias }, { settings, before: null, ...said });
        });
      });
      deps.onStart();
      return tell(row);
    },

    /** @throws PawlError `rollout_not_found` */
    async retrieve(id: string): Promise<RolloutDetails> {
      return readDetails(await records.find(store.db, id));
    },

    /** Rollouts by creation time. */
    async list(filter: RolloutFilter, request: PageRequest): Promise<Page<Rollout>> {
      const page = pageOf(await listRollouts(store.db, filter, request), request, (row) => [
        row.created_at,
        row.id,
      ]);
      return { data: page.data.map(readRollout), next_page: page.next_page };
    },

    /** What happened to a rollout, by number. @throws PawlError `rollout_not_found` */
    async events(id: string, request: PageRequest): Promise<Page<RolloutEvent>> {
      await records.find(store.db, id);
      const page = pageOf(await listRolloutEvents(store.db, id, request), request, (row) => [row.seq]);
      return { data: page.data.map(readEvent), next_page: page.next_page };
    },

    /** Calls back whenever a rollout has changed, until the function is called that it gives. */
    watch: (id: string, tell: (rollout: RolloutDetails) => void): (() => void) => watchers.add(id, tell),

    /** Holds a rollout where it is; its guardrails go on. One that is paused stays as it is. */
    async pause(id: string, { by, reason }: Said): Promise<RolloutDetails> {
      return change(id, { verb: 'paused', by }, async (tx, locked) => {
        if (locked.row.pause !== null) return locked.row;
        return transitions.pause(tx, locked, 'person', { by, reason, data: numbersOf(locked.row) });
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
     * approval, this is it, and it has to come from somebody else than who asked for the promotion.
     * @throws PawlError `rollout_not_found`, `rollout_over`, `rollout_blocked`, `promotion_blocked`, `own_promotion`
     */
    async advance(id: string, { by, reason }: Said): Promise<RolloutDetails> {
      return change(id, { verb: 'step', by }, async (tx, locked) => {
        const { row, promotion } = locked;
        const { pause, settings, decision } = readRollout(row);
        if (pause?.cause === 'sample_ratio') requireResumable(id, pause.cause);
        requireClock(row);
        if (settings.steps[row.step]?.approval === true) await requireDecider(tx, promotion, by);
        const accepting = brokenSignals(row);
        const details = requireUnblocked(await promotions.detail(tx, promotion));
        const data = { ...numbersOf(row), skipped: pause?.reason ?? decision?.reason ?? null };
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

    /**
     * Begins a rollout anew that was aborted or rolled back, with its settings and from its first step; whoever was in
     * the canary is in it again. What was rolled back needs its alias released first.
     * @throws PawlError `rollout_not_found`, `rollout_running`, `rollout_blocked`, `promotion_open`, `promotion_blocked`
     */
    async retry(id: string, said: Said): Promise<RolloutDetails> {
      const attempt = { action: 'rollout.started', actor: said.by, subject: { type: 'rollout', id } };
      const row = await orWriteDown(audit, attempt, () =>
        store.write(async (tx) => {
          const { row: before, alias, promotion } = await records.lock(tx, id);
          requireNoRollout(alias);
          requireRetryable(before, promotion);
          const open = await reopen(tx, promotion, said);
          requireUnblocked(await promotions.detail(tx, open));
          return begin(tx, { promotion: open, alias }, { settings: settingsOf(before), before, ...said });
        }),
      );
      deps.onStart();
      return tell(row);
    },
  };

  async function takeBack(
    id: string,
    how: Said & { readonly status: 'aborted' | 'rolled_back'; readonly running: RunningMode },
  ): Promise<RolloutDetails> {
    const details = await change(id, { verb: how.status, by: how.by }, (tx, locked) =>
      transitions.takeBack(tx, locked, {
        ...how,
        data: { ...numbersOf(locked.row), running: how.running },
      }),
    );
    if (how.running !== 'drain') deps.onSweep();
    return details;
  }

  async function requireLocked(tx: Handle, promotionId: string): Promise<PromotionRow> {
    const row = await lockPromotion(tx, store.dialect, promotionId);
    if (row === null) throw new Error(`Promotion ${promotionId} is gone`);
    return row;
  }

  /** A promotion whose canary was rolled back may be tried once more, unless the same is asked for already. */
  async function reopen(tx: Handle, promotion: PromotionRow, { by, reason }: Said): Promise<PromotionRow> {
    if (promotion.ended_at === null) return promotion;
    const other = await findOpenPromotion(tx, promotion);
    if (other !== null) {
      throw new PawlError('promotion_open', `promotion ${other.id} asks for the same; roll that out`);
    }
    const changes = { status: 'approved', ended_at: null } as const;
    return promotions.write(tx, promotion, changes, { action: 'promotion.reopened', by, reason });
  }
}

export type Rollouts = ReturnType<typeof createRollouts>;

/** The numbers that a person had before them, as the event keeps them. */
function numbersOf(row: RolloutRow) {
  const { evidence } = stateOf(row);
  return summarise(evidence, checkAll(evidence, settingsOf(row)));
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

/** @throws PawlError `rollout_running`, `rollout_blocked` */
function requireRetryable(row: RolloutRow, promotion: PromotionRow): void {
  const { id, status } = row;
  if (row.ended_at === null) throw new PawlError('rollout_running', `rollout ${id} is ${status}`);
  // One that was carried out and rolled back afterwards has moved the alias, and does so once.
  const isOver =
    promotion.ended_at !== null && (promotion.status !== 'rolled_back' || promotion.move !== null);
  if (status === 'completed' || isOver) {
    throw new PawlError(
      'rollout_blocked',
      `rollout ${id} is ${status}, and its promotion ${promotion.status}; ask for a new promotion`,
    );
  }
}
