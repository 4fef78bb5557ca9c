import type { LiveMetric, RolloutSettings } from '../../core/rollout.ts';
import { allTokens, type SessionUsage } from '../../core/usage.ts';
import type { Dialect, Handle } from '../../store/dialect.ts';
import {
  findCounted,
  findUnits,
  type RolloutRow,
  saveCounted,
  saveUnits,
  takeUnseen,
  type UnseenSession,
  updateRollout,
} from '../../store/rollouts.ts';
import { type CountedSession, countSession, type SessionOutcome, type UnitState } from './evidence.ts';
import { settingsOf, stateOf } from './rollout.ts';

/** What tokens of a version cost in US dollars, where no request was priced when it was made; null when no price is known. */
export type CostOf = (version: number, usage: SessionUsage) => number | null;

/** How many sessions are counted in one transaction, so that nobody waits long for theirs. */
export const countedTogether = 200;

/**
 * Counts sessions of a locked rollout that have come to something since they were last counted. Gives them, and the row
 * as it is then; fewer than {@link countedTogether} means that these were all.
 */
export async function countUnseen(
  tx: Handle,
  row: RolloutRow,
  { dialect, costOf }: { readonly dialect: Dialect; readonly costOf: CostOf },
): Promise<{ readonly row: RolloutRow; readonly seen: readonly UnseenSession[] }> {
  const seen = await takeUnseen(tx, dialect, { rollout_id: row.id, limit: countedTogether });
  if (seen.length === 0) return { row, seen };
  const settings = settingsOf(row);
  const outcomes = new Map(seen.map((session) => [session.id, outcomeOf(session, settings, costOf)]));
  const before = await findCounted(tx, [...outcomes.keys()]);
  const known = await findUnits(tx, row.id, [...new Set([...outcomes.values()].map(({ unit }) => unit))]);
  const counted = new Map<string, string>();
  const units = new Map<string, UnitState>();
  const state = stateOf(row);
  let { evidence } = state;
  for (const [id, outcome] of outcomes) {
    const { unit: key } = outcome;
    const last = before.get(id);
    const after = countSession(
      {
        evidence,
        unit: units.get(key) ?? parsed<UnitState>(known.get(key)),
        counted: parsed<CountedSession>(last),
      },
      outcome,
    );
    evidence = after.evidence;
    units.set(key, after.unit);
    counted.set(id, JSON.stringify(after.counted));
  }
  await saveCounted(tx, row.id, counted);
  await saveUnits(tx, row.id, new Map([...units].map(([key, unit]) => [key, JSON.stringify(unit)])));
  const canary = seen
    .filter(({ arm, overrides }) => arm === 'canary' && overrides === null)
    .map(({ created_at }) => created_at);
  const changes = {
    state: JSON.stringify({ ...state, evidence }),
    last_traffic_at: [row.last_traffic_at, ...canary].toSorted().at(-1) ?? row.last_traffic_at,
  };
  await updateRollout(tx, row.id, changes);
  return { row: { ...row, ...changes }, seen };
}

/** What a session has come to, as far as it is watched. */
function outcomeOf(session: UnseenSession, settings: RolloutSettings, costOf: CostOf): SessionOutcome {
  const { unit, arm, weight, overrides, turns, agent_version, latest } = session;
  if (unit === null || arm === null || weight === null) throw new Error(`Session ${session.id} has no arm`);
  const values: { [metric in LiveMetric]?: number } = {};
  if (turns > 0) {
    const usage = JSON.parse(session.usage) as SessionUsage;
    values.failures = session.failed_turns > 0 ? 1 : 0;
    values.refusals = session.refused_turns > 0 ? 1 : 0;
    values.tokens = allTokens(usage);
    values.latency = session.active_us / turns / 1_000_000;
    const cost = session.list_cost_usd ?? costOf(agent_version, usage);
    if (cost !== null) values.cost = cost;
  }
  for (const { metric } of [...settings.guardrails, ...settings.signals]) {
    const name = metric.startsWith('score:') ? metric.slice('score:'.length) : '';
    // A score may be called what every object has, such as `constructor`.
    const score = Object.hasOwn(latest, name) ? latest[name] : undefined;
    if (score !== undefined) values[metric] = score;
  }
  return { unit, arm, weight, excluded: overrides !== null, turned: turns > 0, values };
}

function parsed<T>(text: string | undefined): T | null {
  return text === undefined ? null : (JSON.parse(text) as T);
}
