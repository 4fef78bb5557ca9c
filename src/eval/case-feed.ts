import { contentHash, sha256 } from '../core/canonical.ts';
import { readCases } from '../store/datasets.ts';
import type { Store } from '../store/dialect.ts';
import { type EvalResultRow, findReusable, listEvalScores } from '../store/eval-runs.ts';
import type { Case } from './case.ts';
import type { Message } from './message.ts';

/** One case in one epoch that still has to be done. */
export type Task = {
  readonly position: number;
  readonly epoch: number;
  readonly case: Case;
  readonly case_hash: string;
  readonly message: Message;
  readonly outcome_key: string;
  /** Whether an earlier attempt found its session broken. */
  readonly had_error: boolean;
  /** A finished result that was made from just the same; null when there is none. */
  readonly reusable: EvalResultRow | null;
};

export type FeedOptions = {
  readonly run_id: string;
  readonly dataset_revision_id: string;
  readonly cases: number;
  readonly epochs: number;
  /** Hash of everything but case and epoch that decides what the agent answers. */
  readonly setting: string;
  readonly fresh: boolean;
  readonly render: (one: Case) => Message;
};

const casesPerPage = 200;

/**
 * What is left to do of a run, a page of cases at a time, so that memory does not grow with the dataset. Pages are
 * read when the one before has been taken.
 */
export async function* feedCases(store: Store, options: FeedOptions): AsyncGenerator<readonly Task[]> {
  for (let from = 0; from < options.cases; from += casesPerPage) {
    const range = { from, to: from + casesPerPage };
    const rows = await readCases(store.db, options.dataset_revision_id, range);
    const known = new Map<string, EvalResultRow['status']>();
    for (const row of await listEvalScores(store.db, options.run_id, range)) {
      known.set(`${row.position}/${row.epoch}`, row.status);
    }
    const tasks: Task[] = [];
    for (const { position, hash, body } of rows) {
      const one = JSON.parse(body) as Case;
      const message = options.render(one);
      const asked = sha256(`${options.setting}\n${message.hash}`);
      for (let epoch = 1; epoch <= options.epochs; epoch++) {
        const status = known.get(`${position}/${epoch}`);
        if (status === 'done') continue;
        tasks.push({
          ...{ position, epoch, case: one, case_hash: hash, message },
          outcome_key: sha256(`${asked}\n${epoch}`),
          had_error: status === 'error',
          reusable: null,
        });
      }
    }
    if (options.fresh) {
      yield tasks;
      continue;
    }
    const keys = tasks.map(({ outcome_key }) => outcome_key);
    const case_ids = [...new Set(tasks.map((task) => task.case.id))];
    const found = await findReusable(store.db, { keys, case_ids, run_id: options.run_id });
    // Cases that ask the same have the same key: each takes its own reply, where it has one.
    const byCase = new Map(found.map((row) => [`${row.outcome_key} ${row.case_id}`, row]));
    const byKey = new Map(found.map((row) => [row.outcome_key, row]));
    yield tasks.map((task) => ({
      ...task,
      reusable: byCase.get(`${task.outcome_key} ${task.case.id}`) ?? byKey.get(task.outcome_key) ?? null,
    }));
  }
}

/** Hash of what, besides case and epoch, decides an answer: where it is asked, who answers, and in which setting. */
export function settingHash(setting: {
  readonly endpoint: string;
  /** Who serves the model, where that is known beforehand. */
  readonly served_by: string | null;
  readonly config_hash: string;
  readonly environment_id: string;
  /** Whether a call that waits for its result counts as an answer, or as none. */
  readonly takes_tool_calls: boolean;
}): string {
  return contentHash({ ...setting, format: 1 });
}
