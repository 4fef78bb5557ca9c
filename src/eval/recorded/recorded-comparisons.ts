import type { Actor } from '../../access/keys.ts';
import { PawlError } from '../../core/errors.ts';
import { type Json, type Recording, recordedDataset } from '../../core/evaluation.ts';
import type { CaseMessage } from '../case.ts';
import type { Comparison, Comparisons } from '../comparisons.ts';
import type { Datasets } from '../dataset/datasets.ts';
import { readCase } from '../dataset/read-case.ts';
import type { Row, RowRead } from '../dataset/row.ts';
import type { EvalDefinition } from '../definition.ts';
import type { Evals } from '../evals.ts';
import { createReader } from '../reply.ts';
import type { Outcome } from '../score.ts';
import type { TurnEnd } from '../turn-reader.ts';
import type { BacktestOrigin, ShadowOrigin } from './origin.ts';
import type { RecordedFields } from './recording.ts';
import { recordedDefinition, type ScoringRequest } from './scoring.ts';
import { createTaking, type Taking } from './taking.ts';

/** Something that a user said, and what was answered. */
export type RecordedCase = {
  /** Unique among those of one comparison. */
  readonly id: string;
  readonly input: string | readonly CaseMessage[];
  readonly answer: Extract<TurnEnd, { readonly ok: true }>['outcome'];
  readonly cluster: string | null;
  readonly fields: RecordedFields & { readonly agent_version: number };
};

/** What is compared, besides the cases. */
export type RecordedComparison = ScoringRequest & {
  readonly agent_id: string;
  readonly baseline_version: number;
  readonly candidate_version: number;
  readonly candidate_recorded: Recording | null;
  readonly epochs: number;
  readonly origin: BacktestOrigin | ShadowOrigin;
  /** Why there is nothing to compare, should no case be found; begins with a field of the request. */
  readonly nothing: string;
};

type Deps = { readonly datasets: Datasets; readonly evals: Evals; readonly comparisons: Comparisons };

/** Makes comparisons with what was answered in sessions that exist. */
export function createRecordedComparisons({ datasets, evals, comparisons }: Deps) {
  return {
    /**
     * Makes cases of what was said, and compares what was answered with a candidate. `find` gives what there is, and
     * says of the rest why it is left out.
     * @throws PawlError `invalid_request` when nothing is found or a scorer has nothing to go by, `eval_not_found`,
     *   `eval_archived`, `dataset_archived`, and as `runs.create`
     */
    async compare(
      asked: RecordedComparison,
      find: (taking: Taking) => AsyncIterable<RecordedCase>,
      by: Actor,
    ): Promise<Comparison> {
      const { agent_id, origin, expected_from } = asked;
      const dataset = recordedDataset(agent_id);
      const definition = await recordedDefinition(evals, asked, { agent_id, dataset });
      const taking = createTaking();
      const rows = rowsOf(find(taking), { taking, expected: expectedBy(definition, asked), ...asked });
      const brought = await datasets.bring(
        { name: dataset, feed: { rows, cells: 'json', counted: 'cases' }, mapping: {} },
        by,
      );
      const { revision } = brought.dataset;
      if (revision === null) throw new Error(`Dataset ${dataset} has no revision after an import`);
      const kept = await evals.put(definition, by);
      const { baseline_version, candidate_version, candidate_recorded, epochs } = asked;
      return comparisons.createRecorded({
        ...{ eval: kept.id, eval_revision: kept.revision, agent_id, dataset_revision: revision.id },
        ...{ baseline_version, candidate_version, candidate_recorded, epochs },
        origin: { ...origin, ...taking.result(), expected_from },
      });
    },
  };
}

export type RecordedComparisons = ReturnType<typeof createRecordedComparisons>;

/** Gives what is expected of a case, or undefined when what was answered cannot be read. */
type Expected = (answer: RecordedCase['answer']) => Json | undefined;

function expectedBy(definition: EvalDefinition, { expected_from }: ScoringRequest): Expected {
  if (expected_from === null) return () => null;
  const read = createReader(definition.reply, definition.labels);
  return (answer) => {
    const outcome: Outcome = { ...answer, session_id: '', latency_ms: 0 };
    const reading = read(outcome);
    return reading.ok && reading.value !== null ? reading.value : undefined;
  };
}

async function* rowsOf(
  found: AsyncIterable<RecordedCase>,
  { taking, expected, nothing }: { taking: Taking; expected: Expected; nothing: string },
): AsyncGenerator<RowRead> {
  for await (const { id, input, answer, cluster, fields } of found) {
    const target = expected(answer);
    if (target === undefined) {
      taking.leave('unreadable');
      continue;
    }
    const row: Row = { id, input: input as Json, target, cluster, vars: fields };
    if (!readCase(row, { mapping: {}, cells: 'json' }).ok) {
      taking.leave('unfit');
      continue;
    }
    yield { at: taking.taken, row };
    taking.take();
  }
  if (taking.taken > 0) return;
  const reasons = Object.entries(taking.result().left_out).map(([reason, count]) => `${count} ${reason}`);
  const why = reasons.length === 0 ? '' : `; left out: ${reasons.join(', ')}`;
  throw new PawlError('invalid_request', `${nothing}${why}`);
}
