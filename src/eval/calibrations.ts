import { contentHash } from '../core/canonical.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import { type CalibrationRow, insertCalibration, listCalibrations } from '../store/comparisons.ts';
import type { Store } from '../store/dialect.ts';
import { calibrate } from './calibrate.ts';
import type { Evals } from './evals.ts';
import type { CalibrationReport } from './gate-report.ts';
import type { Runs } from './runs.ts';
import { readScoredRun } from './scored-run.ts';

/** How a gate decides when nothing has changed, measured on one run. */
export type Calibration = {
  readonly id: string;
  readonly eval_id: string;
  /** Hash of the dataset revision, the scorers and the gate: the calibration says nothing about others. */
  readonly key: string;
  readonly report: CalibrationReport;
  readonly created_at: string;
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly evals: Evals;
  readonly runs: Runs;
};

/** A/A calibrations: a run's epochs are split in two, the gate judges the halves, and the answers are counted. */
export function createCalibrations({ store, clock, ids, evals, runs }: Deps) {
  return {
    /** @throws PawlError `eval_run_not_found`, and `invalid_request` when the run is not over or has one epoch. */
    async create({
      run: runId,
      splits,
    }: {
      readonly run: string;
      readonly splits: number;
    }): Promise<Calibration> {
      const run = await runs.retrieve(runId);
      if (run.status !== 'completed' || run.plan === null) {
        throw new PawlError('invalid_request', `run: ${runId} is ${run.status}; it has to be completed`);
      }
      if (run.epochs < 2) {
        throw new PawlError('invalid_request', `run: ${runId} has one epoch; there is nothing to split`);
      }
      const { definition } = await evals.retrieve(run.eval_id, run.eval_revision);
      const scored = await readScoredRun(store, run);
      const report = await calibrate(scored, definition.gate, { seed: run.plan.seed, splits });
      const scorers = run.plan.scorers.map(({ name, hash }) => ({ name, hash }));
      const row: CalibrationRow = {
        id: ids.next('calibration'),
        eval_id: run.eval_id,
        kind: 'gate',
        key: contentHash({ dataset: run.plan.dataset.hash, scorers, gate: definition.gate }),
        report: JSON.stringify(report),
        created_at: formatTime(clock.now()),
      };
      await store.write((tx) => insertCalibration(tx, row));
      return read(row);
    },

    /** Calibrations of gates by creation time. */
    async list(
      filter: { readonly eval_id?: string | undefined },
      request: PageRequest,
    ): Promise<Page<Calibration>> {
      const page = pageOf(await listCalibrations(store.db, filter, request), request, (row) => [
        row.created_at,
        row.id,
      ]);
      return { data: page.data.map(read), next_page: page.next_page };
    },
  };
}

export type Calibrations = ReturnType<typeof createCalibrations>;

function read({ kind: _kind, report, ...fields }: CalibrationRow): Calibration {
  return { ...fields, report: JSON.parse(report) as CalibrationReport };
}
