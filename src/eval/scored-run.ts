import { setImmediate } from 'node:timers/promises';
import { readCases } from '../store/datasets.ts';
import type { Store } from '../store/dialect.ts';
import { type EvalResultRow, listEvalScores } from '../store/eval-runs.ts';
import type { Case } from './case.ts';
import type { EvalRun, ScoredCase, ScoredRun } from './result.ts';
import type { Score } from './score.ts';
import type { ScoreSheet } from './stored-result.ts';

const casesPerPage = 500;

/** Reads all scores of a run, in the order of its dataset; reasons and replies stay where they are. */
export async function readScoredRun(store: Store, run: EvalRun): Promise<ScoredRun> {
  const cases: ScoredCase[] = [];
  const total = run.plan?.dataset.cases ?? 0;
  for (let from = 0; from < total; from += casesPerPage) {
    const range = { from, to: from + casesPerPage };
    const rows = await readCases(store.db, run.dataset_revision_id, range);
    const results = Map.groupBy(await listEvalScores(store.db, run.id, range), ({ position }) => position);
    for (const { position, hash, body } of rows) {
      const one = JSON.parse(body) as Case;
      const done: ScoreSheet[] = [];
      let errors = 0;
      for (const { status, scores } of results.get(position) ?? []) {
        if (status === 'done') done.push(JSON.parse(scores) as ScoreSheet);
        else errors++;
      }
      cases.push({
        ...{ position, case_id: one.id, case_hash: hash, group: one.group, cluster: one.cluster },
        ...{ weight: one.weight, must_pass: one.must_pass, errors },
        scores: scoresOf(done),
        latency_ms: meanOf(done.map(({ latency_ms }) => latency_ms)),
        cost_usd: meanOf(done.map(({ cost_usd }) => cost_usd)),
        tokens: meanOf(done.map(({ tokens }) => tokens)),
      });
    }
    // SQLite answers within one turn of the event loop, and others want theirs.
    await setImmediate();
  }
  return { run, cases };
}

/** Why a scorer gave what it gave to a result; null when a full score needs no words, or there is none. */
export function reasonIn(
  { status, scores }: Pick<EvalResultRow, 'status' | 'scores'>,
  metric: string,
): string | null {
  if (status !== 'done') return null;
  const sheet = (JSON.parse(scores) as ScoreSheet).scores;
  return Object.hasOwn(sheet, metric) ? (sheet[metric]?.reason ?? null) : null;
}

function scoresOf(sheets: readonly ScoreSheet[]): Record<string, readonly Score[]> {
  const scores = new Map<string, Score[]>();
  for (const sheet of sheets) {
    for (const [name, { value }] of Object.entries(sheet.scores)) {
      const list = scores.get(name) ?? [];
      list.push({ value, reason: null });
      scores.set(name, list);
    }
  }
  return Object.fromEntries(scores);
}

function meanOf(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return values.length === 0 ? null : sum / values.length;
}
