import { readBodies } from '../store/datasets.ts';
import type { Store } from '../store/dialect.ts';
import { listEvalResultsOf } from '../store/eval-runs.ts';
import { canSee } from './can-see.ts';
import type { Case } from './case.ts';
import { columnsOf } from './comparison/columns.ts';
import { quoted } from './comparison/flips.ts';
import {
  isRight,
  isWrong,
  type Observed,
  type Outcomes,
  outcomesOf,
  passMark,
  scoresOf,
  slicesOf,
} from './comparison/observed.ts';
import { capped, mostShown, pairRuns } from './comparison/pairing.ts';
import { rowSide } from './comparison/row-side.ts';
import { defaultGate } from './gate.ts';
import type { Capped, RowScope, RowSide } from './gate-report.ts';
import type { CaseError, EvalRun, ScoredCase, ScoredRun } from './result.ts';
import { readScoredRun, reasonIn } from './scored-run.ts';
import type { StoredOutcome } from './stored-result.ts';

/** What one run scored by itself, per metric and group. */
export type RunReport = {
  readonly schema: 1;
  readonly run: EvalRun;
  /** By metric; for each, all cases first and then the groups by name. */
  readonly rows: readonly RunRow[];
  /** Each case by the first scorer, in the order of the dataset. */
  readonly cases: Capped<CaseLine>;
  /** Cases that the first scorer finds wrong in most epochs. */
  readonly wrong: Capped<WrongCase>;
  /** Cases without any score of the first scorer, and why. */
  readonly unscored: Capped<{ readonly case_id: string; readonly reason: string }>;
};

/** A case is right or wrong when most of its epochs are, and mixed when they are evenly split. */
export type CaseLine = {
  readonly case_id: string;
  readonly group: string | null;
  readonly outcome: 'right' | 'wrong' | 'mixed' | 'unscored';
};

export type RunRow = RowSide & {
  readonly metric: string;
  readonly scope: RowScope;
  /** Null for all cases, and for the group of cases without one. */
  readonly group: string | null;
  readonly cases: number;
  readonly scored: number;
  /** The smallest drop that so many cases would show, at 80 % power; null when none. */
  readonly sees: number | null;
};

export type WrongCase = {
  readonly case_id: string;
  readonly group: string | null;
  readonly passes: number;
  readonly epochs: number;
  /** As JSON, shortened. */
  readonly target: string;
  readonly reply: string;
  readonly reason: string | null;
};

/** The level of the intervals. */
const confidence = 0.95;
const mostCases = 5000;

/** Reads what a run has scored, finished or not. */
export async function reportRun(store: Store, run: EvalRun): Promise<RunReport> {
  const scored = await readScoredRun(store, run);
  const metrics = (run.plan?.scorers ?? []).map(({ name }) => name);
  // Set against itself, a run goes through the same figures as a comparison.
  const { pairs } = pairRuns({ baseline: scored, candidate: scored });
  const rows = metrics.flatMap((metric) =>
    slicesOf(pairs, metric).map((slice): RunRow => {
      const cases = slice.observed.length;
      return {
        ...rowSide(columnsOf(slice.observed), 'candidate', confidence),
        ...{ metric, scope: slice.scope, group: slice.group, cases: slice.cases, scored: cases },
        sees: canSee({ cases, epochs: run.epochs, confidence: defaultGate.confidence }).damage,
      };
    }),
  );
  const [first] = metrics;
  if (first === undefined)
    return { schema: 1, run, rows, cases: capped([]), wrong: capped([]), unscored: capped([]) };
  const observed = slicesOf(pairs, first)[0].observed;
  const wrong = capped(observed.filter(({ candidate }) => isWrong(candidate)));
  return {
    ...{ schema: 1, run, rows },
    cases: capped(
      scored.cases.map((one) => lineOf(one, first)),
      mostCases,
    ),
    wrong: {
      total: wrong.total,
      shown: await describe(store, run.id, { metric: first, wrong: wrong.shown }),
    },
    unscored: await unscoredOf(store, scored, first),
  };
}

async function describe(
  store: Store,
  runId: string,
  { metric, wrong }: { readonly metric: string; readonly wrong: readonly Observed[] },
): Promise<WrongCase[]> {
  const entries = wrong.map(({ pair, candidate }) => ({ one: pair.candidate, outcomes: candidate }));
  const positions = entries.map(({ one }) => one.position);
  const results = Map.groupBy(
    await listEvalResultsOf(store.db, runId, positions),
    ({ position }) => position,
  );
  const hashes = entries.map(({ one }) => one.case_hash);
  const bodies = hashes.length === 0 ? new Map<string, string>() : await readBodies(store.db, hashes);
  return entries.map(({ one, outcomes }) => {
    const scores = scoresOf(one, metric);
    const at = scores.findIndex(({ value }) => value !== null && value < passMark);
    const done = (results.get(one.position) ?? []).filter(({ status }) => status === 'done');
    const row = done[at];
    const target = (JSON.parse(bodies.get(one.case_hash) ?? '{}') as Partial<Case>).target ?? null;
    return {
      ...{ case_id: one.case_id, group: one.group, passes: outcomes.passes, epochs: outcomes.values.length },
      target: quoted(JSON.stringify(target)),
      reply: row === undefined ? '' : quoted((JSON.parse(row.outcome) as StoredOutcome).outcome.reply),
      reason: row === undefined ? null : reasonIn(row, metric),
    };
  });
}

async function unscoredOf(
  store: Store,
  { run, cases }: ScoredRun,
  metric: string,
): Promise<RunReport['unscored']> {
  const open = cases.filter((one) => outcomesOf(one, metric) === null);
  const some = open.slice(0, mostShown);
  const rows = await listEvalResultsOf(
    store.db,
    run.id,
    some.map(({ position }) => position),
  );
  const reasons = new Map<number, string>();
  for (const row of rows) {
    if (row.status === 'error') reasons.set(row.position, (JSON.parse(row.outcome) as CaseError).message);
    const said = reasonIn(row, metric);
    if (said !== null && !reasons.has(row.position)) reasons.set(row.position, said);
  }
  const shown = some.map(({ case_id, position }) => ({
    case_id,
    reason: quoted(reasons.get(position) ?? 'it has not been run'),
  }));
  return { total: open.length, shown };
}

function lineOf(one: ScoredCase, metric: string): CaseLine {
  const outcomes = outcomesOf(one, metric);
  return {
    case_id: one.case_id,
    group: one.group,
    outcome: outcomes === null ? 'unscored' : wordFor(outcomes),
  };
}

function wordFor(outcomes: Outcomes): CaseLine['outcome'] {
  if (isRight(outcomes)) return 'right';
  return isWrong(outcomes) ? 'wrong' : 'mixed';
}
