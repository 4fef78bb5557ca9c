import { readBodies } from '../store/datasets.ts';
import type { Store } from '../store/dialect.ts';
import { type EvalResultRow, listEvalResultsOf } from '../store/eval-runs.ts';
import type { Case } from './case.ts';
import type { Answer, FindFlips, FoundFlip } from './gate-report.ts';
import type { Message } from './message.ts';
import type { ScoredCase, ScoredRun } from './result.ts';
import { reasonIn } from './scored-run.ts';
import type { StoredOutcome } from './stored-result.ts';

type Options = {
  readonly store: Store;
  readonly baseline: ScoredRun;
  readonly candidate: ScoredRun;
  /** The one that decides flips; absent where no scorer counts. */
  readonly metric: string | undefined;
  /** Makes the message that was sent for a case. */
  readonly render: (one: Case) => Message;
};

/** Looks up what was asked and what either side answered in cases that turned. */
export function createFindFlips({ store, baseline, candidate, metric, render }: Options): FindFlips {
  return async (wanted) => {
    const ids = new Set(wanted.map(({ case_id }) => case_id));
    const sides = await Promise.all(
      [baseline, candidate].map((side) => answersOf(store, side, { ids, metric })),
    );
    const cases = new Map(
      candidate.cases.filter((one) => ids.has(one.case_id)).map((one) => [one.case_id, one]),
    );
    const bodies = await readBodies(
      store.db,
      [...cases.values()].map(({ case_hash }) => case_hash),
    );
    return wanted.map((one): FoundFlip | null => {
      const hash = cases.get(one.case_id)?.case_hash;
      const body = hash === undefined ? undefined : bodies.get(hash);
      if (body === undefined) return null;
      const parsed = JSON.parse(body) as Case;
      return {
        input: messageOf(parsed, render),
        target: parsed.target,
        baseline: sides[0]?.get(one.case_id)?.[one.baseline] ?? null,
        candidate: sides[1]?.get(one.case_id)?.[one.candidate] ?? null,
      };
    });
  };
}

/** For each case the answers of its epochs, in order. */
async function answersOf(
  store: Store,
  { run, cases }: ScoredRun,
  { ids, metric }: { readonly ids: ReadonlySet<string>; readonly metric: string | undefined },
): Promise<Map<string, Answer[]>> {
  const positions = cases
    .filter(({ case_id }) => ids.has(case_id))
    .map(({ position }: ScoredCase) => position);
  const answers = new Map<string, Answer[]>();
  for (const row of await listEvalResultsOf(store.db, run.id, positions)) {
    const answer = answerIn(row, metric);
    if (answer === null) continue;
    const all = answers.get(row.case_id);
    if (all === undefined) answers.set(row.case_id, [answer]);
    else all.push(answer);
  }
  return answers;
}

function answerIn(row: EvalResultRow, metric: string | undefined): Answer | null {
  if (row.status !== 'done') return null;
  const { outcome, reading } = JSON.parse(row.outcome) as StoredOutcome;
  return {
    reply: outcome.reply,
    reading: reading.ok ? reading.value : undefined,
    reason: metric === undefined ? null : reasonIn(row, metric),
  };
}

function messageOf(one: Case, render: (one: Case) => Message): string | null {
  try {
    return render(one).text;
  } catch {
    // An eval whose template has been changed since cannot say what was sent.
    return null;
  }
}
