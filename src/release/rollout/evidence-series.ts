import { percent } from '../../core/assignment.ts';
import type { Arm, LiveMetric } from '../../core/rollout.ts';
import type { Handle } from '../../store/dialect.ts';
import {
  insertRolloutEvidence,
  listRolloutEvidence,
  type RolloutRow,
  thinRolloutEvidence,
} from '../../store/rollouts.ts';
import { type CheckResult, checkAll } from './checks.ts';
import type { ArmCounts } from './evidence.ts';
import { settingsOf, stateOf } from './rollout.ts';

/** What was known of one thing that is watched. */
export type CheckPoint = {
  readonly metric: LiveMetric;
  readonly status: CheckResult['status'];
  /** How much worse the canary is, as `harm` of a check has it. */
  readonly estimate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** The always-valid p-value; 1 divided by it is what an e-value would be. */
  readonly p: number | null;
};

/** What was known of a rollout's traffic at one look. */
export type EvidencePoint = {
  /** The number of the look. */
  readonly look: number;
  readonly at: string;
  /** The share of the canary in percent, and the step from 1. */
  readonly weight: number;
  readonly step: number;
  /** Sessions that had ended a turn, and units, of all weights together. */
  readonly sessions: ArmCounts;
  readonly units: ArmCounts;
  /** Whether the units have the configured weights. */
  readonly sample_ratio: { readonly p: number };
  /** In the order of the settings, guardrails first. */
  readonly checks: readonly CheckPoint[];
};

/** The bounds that the points of a check are to be read by. */
export type CheckBounds = Pick<CheckResult, 'metric' | 'kind' | 'margin' | 'alpha'>;

/** How the evidence of a rollout came about: points in the order of time, the last as it is now. */
export type EvidenceSeries = {
  readonly rollout_id: string;
  readonly checks: readonly CheckBounds[];
  readonly points: readonly EvidencePoint[];
};

/** More points tell nobody anything. */
const mostPoints = 200;

/**
 * Between which looks a point lies, as there are more of them: every look at first, every second one when there have been
 * 200, every fourth after 400, so that there are never more than 200 points.
 */
export function intervalAt(look: number): number {
  let interval = 1;
  while (look > interval * mostPoints) interval *= 2;
  return interval;
}

/** Writes down what a look has found, if it is one of those that are kept, and forgets what lies between. */
export async function keepPoint(
  tx: Handle,
  row: RolloutRow,
  { at, checks }: { readonly at: string; readonly checks: readonly CheckResult[] },
): Promise<void> {
  const { id: rollout_id, looks: look } = row;
  const interval = intervalAt(look);
  if (interval !== intervalAt(look - 1)) await thinRolloutEvidence(tx, { rollout_id, interval });
  if (look % interval !== 0) return;
  const data = JSON.stringify(foundAt(row, checks));
  await insertRolloutEvidence(tx, { rollout_id, look, at, data });
}

/** How the evidence of a rollout came about. */
export async function readSeries(db: Handle, row: RolloutRow): Promise<EvidenceSeries> {
  const rows = await listRolloutEvidence(db, row.id);
  const points = rows.map(
    ({ look, at, data }): EvidencePoint => ({ look, at, ...(JSON.parse(data) as Found) }),
  );
  const now = checkAll(stateOf(row).evidence, settingsOf(row));
  const { looks: look, last_look_at: at } = row;
  if (at !== null && points.at(-1)?.look !== look) points.push({ look, at, ...foundAt(row, now) });
  return {
    rollout_id: row.id,
    checks: now.map(({ metric, kind, margin, alpha }) => ({ metric, kind, margin, alpha })),
    points,
  };
}

type Found = Omit<EvidencePoint, 'look' | 'at'>;

function foundAt(row: RolloutRow, checks: readonly CheckResult[]): Found {
  const { sessions, units, ratio } = stateOf(row).evidence;
  const total = (arm: Arm): number => sessions.reduce((sum, counts) => sum + counts[arm], 0);
  return {
    ...{ weight: percent(row.weight), step: row.step + 1, units },
    sessions: { control: total('control'), canary: total('canary') },
    sample_ratio: { p: ratio.p },
    checks: checks.map(({ metric, status, harm, p }) => ({ metric, status, ...harm, p })),
  };
}
