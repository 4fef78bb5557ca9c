import type { Audit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import type { Versions } from '../../agent/versions.ts';
import { partsOf } from '../../core/assignment.ts';
import { type Clock, formatTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { RolloutSettings } from '../../core/rollout.ts';
import { noSessionUsage, type SessionUsage } from '../../core/usage.ts';
import type { Handle, Store } from '../../store/dialect.ts';
import { findOpenPromotion, lockPromotion, type PromotionRow } from '../../store/promotions.ts';
import type { RolloutRow } from '../../store/rollouts.ts';
import type { Alias } from '../alias.ts';
import { requireNoRollout } from '../alias-rules.ts';
import type { Aliases } from '../aliases.ts';
import type { PromotionBasis } from '../promotion-basis.ts';
import { requireUnblocked } from '../promotion-move.ts';
import type { PromotionRecords } from '../promotion-records.ts';
import { orWriteDown } from '../refusals.ts';
import { noEvidenceYet } from './evidence.ts';
import type { RolloutRecords } from './records.ts';
import { nextLookAt, type RolloutState, settingsOf } from './rollout.ts';

/** Who does something, and why. */
export type Said = { readonly by: Actor; readonly reason: string | null };

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly audit: Audit;
  readonly aliases: Aliases;
  readonly versions: Versions;
  /** What tokens of a model cost in US dollars; null when no price is known. */
  readonly costOf: (model: string, usage: SessionUsage) => number | null;
  readonly promotions: PromotionRecords;
  readonly records: RolloutRecords;
};

/** How rollouts begin, for the first time and once more. */
export function createRolloutStart(deps: Deps) {
  const { store, clock, ids, audit, aliases, versions, promotions, records } = deps;

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
    const weight = partsOf(first.weight);
    const state: RolloutState = { evidence: noEvidenceYet, accepted: [], noted: 0, paused_us: 0 };
    // Whoever was in the canary before is in it again.
    const salt = before?.salt ?? id;
    const row: RolloutRow = {
      ...{ id, agent_id, alias: name, promotion_id: promotion.id },
      ...{ baseline_version: alias.version, candidate_version, salt, retry_of: before?.id ?? null },
      ...{ settings: JSON.stringify(settings), status: 'running', step: 0, weight, step_since: at },
      ...{ pause: null, state: JSON.stringify(state), decision: null, looks: 0, last_look_at: null },
      ...{ next_look_at: nextLookAt(settings, now), last_traffic_at: at },
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

  /**
   * What costs nothing, as far as is known, cannot be shown to cost no more.
   * @throws PawlError `invalid_request`
   */
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

  return {
    /**
     * Gives a promotion's candidate its first part of the traffic.
     * @throws PawlError `promotion_not_found`, `promotion_over`, `promotion_blocked`, `rollout_running`,
     *   `invalid_request`
     */
    async start(promotionId: string, settings: RolloutSettings, said: Said): Promise<RolloutRow> {
      const attempt = {
        action: 'rollout.started',
        actor: said.by,
        subject: { type: 'promotion', id: promotionId },
      };
      return orWriteDown(audit, attempt, async () => {
        await requirePrices(await promotions.find(store.db, promotionId), settings);
        return store.write(async (tx) => {
          const { agent_id, alias: name } = await promotions.find(tx, promotionId);
          const alias = await aliases.lockOrMake(tx, { agent_id, name });
          requireNoRollout(alias);
          const promotion = await requireLocked(tx, promotionId);
          if (promotion.ended_at !== null) {
            throw new PawlError('promotion_over', `promotion ${promotionId} is ${promotion.status}`);
          }
          requireUnblocked(await promotions.detail(tx, promotion), 'rolled out');
          return begin(tx, { promotion, alias }, { settings, before: null, ...said });
        });
      });
    },

    /**
     * Begins a rollout anew that was aborted or rolled back, with its settings and from its first step; whoever was in
     * the canary is in it again. What was rolled back needs its alias released first.
     * @throws PawlError `rollout_not_found`, `rollout_running`, `rollout_blocked`, `promotion_open`, `promotion_blocked`,
     *   `invalid_request`
     */
    async retry(id: string, said: Said): Promise<RolloutRow> {
      const attempt = { action: 'rollout.started', actor: said.by, subject: { type: 'rollout', id } };
      return orWriteDown(audit, attempt, async () => {
        const last = await records.find(store.db, id);
        await requirePrices(await promotions.find(store.db, last.promotion_id), settingsOf(last));
        return store.write(async (tx) => {
          const { row: before, alias, promotion } = await records.lock(tx, id);
          requireNoRollout(alias);
          requireRetryable(before, promotion);
          const open = await reopen(tx, promotion, said);
          requireUnblocked(await promotions.detail(tx, open), 'rolled out');
          return begin(tx, { promotion: open, alias }, { settings: settingsOf(before), before, ...said });
        });
      });
    },
  };

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

export type RolloutStart = ReturnType<typeof createRolloutStart>;

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
