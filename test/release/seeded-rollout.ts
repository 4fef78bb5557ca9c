import type { OnlineScorer, RolloutSettings } from '../../src/core/rollout.ts';
import { insertAlias } from '../../src/store/aliases.ts';
import type { Store } from '../../src/store/dialect.ts';
import { insertPromotion } from '../../src/store/promotions.ts';
import { insertRollout, type RolloutRow } from '../../src/store/rollouts.ts';
import { at } from '../../src/store/store.testsuite.ts';

const actor = JSON.stringify({ key_id: null, name: 'ann', role: 'admin' });

/** A rollout that is running, of an agent that is there. */
export async function seedRollout(
  store: Store,
  { agent_id, scorers }: { readonly agent_id: string; readonly scorers: readonly OnlineScorer[] },
): Promise<RolloutRow> {
  const id = `roll_of_${agent_id}`;
  const settings: RolloutSettings = {
    ...{ steps: [], guardrails: [], signals: [], scorers, alpha: 0.05, look_seconds: 10 },
    ...{ patience_seconds: 60, on_rollback: 'drain' },
  };
  const times = { created_at: at(1), updated_at: at(1) };
  const none = { rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null };
  const rollout: RolloutRow = {
    ...{ id, agent_id, alias: 'production', promotion_id: `promo_of_${agent_id}`, salt: 'salt' },
    ...{ baseline_version: 1, candidate_version: 1, retry_of: null, settings: JSON.stringify(settings) },
    ...{ status: 'running', step: 0, weight: 500, step_since: at(1), pause: null, state: '{}' },
    ...{ decision: null, looks: 0, last_look_at: null, next_look_at: at(1), last_traffic_at: at(1) },
    ...{ events: 0, actor, reason: null, ended_at: null, ended_by: null, end_reason: null },
    ...times,
  };
  await store.write(async (tx) => {
    const alias = { agent_id, name: 'production', version: 1, move: 0, hold: null, policy: '{}' };
    await insertAlias(tx, { ...alias, ...none, ...times });
    await insertPromotion(tx, {
      ...{ id: `promo_of_${agent_id}`, agent_id, alias: 'production', candidate_version: 1 },
      ...{ status: 'approved', author: actor, reason: null, basis: '{}', basis_hash: 'hash' },
      ...{ comparison_id: null, override: null, move: null, reviews: 0, ended_at: null, rollout_id: null },
      ...times,
    });
    await insertRollout(tx, rollout);
  });
  return rollout;
}
