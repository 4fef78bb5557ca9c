import { recordedDataset } from '../../core/evaluation.ts';
import type { Metadata } from '../../core/metadata.ts';
import { evalRunKey } from '../../core/session.ts';
import type { Handle } from '../../store/dialect.ts';
import { findBusyDatasets, findBusyRuns, findOpenRollouts, findShadowed } from '../../store/retention.ts';
import type { SessionRow } from '../../store/sessions.ts';
import type { Need } from './decision.ts';

/** What needs each of some sessions, by id; the cost is that of a few questions, however many sessions there are. */
export async function findNeeds(
  db: Handle,
  sessions: readonly SessionRow[],
): Promise<(session: SessionRow) => readonly Need[]> {
  const runs = await findBusyRuns(db, present(sessions, evalRunOf));
  const rollouts = await findOpenRollouts(
    db,
    present(sessions, ({ rollout_id }) => rollout_id),
  );
  const datasets = await findBusyDatasets(
    db,
    present(sessions, ({ agent_id }) => recordedDataset(agent_id)),
  );
  const shadowed = await findShadowed(db, sessions);
  return (session) => [
    ...(runs.has(evalRunOf(session) ?? '') ? (['eval_run'] as const) : []),
    ...(datasets.has(recordedDataset(session.agent_id)) ? (['comparison'] as const) : []),
    ...(rollouts.has(session.rollout_id ?? '') ? (['rollout'] as const) : []),
    ...(shadowed.has(session.id) ? (['shadow'] as const) : []),
  ];
}

function evalRunOf({ metadata }: SessionRow): string | null {
  return (JSON.parse(metadata) as Metadata)[evalRunKey] ?? null;
}

function present(sessions: readonly SessionRow[], of: (session: SessionRow) => string | null): string[] {
  return [...new Set(sessions.flatMap((session) => of(session) ?? []))];
}
