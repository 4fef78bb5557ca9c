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
import type { EvalRun, RunPlan } from './result.ts';
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

/** How many calibrations may wait while one is at work. */
const mostWaiting = 4;

/** The most cases that one calibration may judge, over all its splits. */
const mostCasesJudged = 1_000_000;

/** A/A calibrations: a run's epochs are split in two, the gate judges the halves, and the answers are counted. */
export function createCalibrations({ store, clock, ids, evals, runs }: Deps) {
  const stopping = new AbortController();
  let asked = 0;
  let last: Promise<unknown> = Promise.resolve();

  /** Works when all that was asked for before is over. */
  function inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (asked > mostWaiting) {
      throw new PawlError('overloaded', `${mostWaiting} calibrations are waiting already; try again`);
    }
    asked += 1;
    const turn = last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    last = turn.catch(() => {}).finally(() => asked--);
    return turn;
  }

  async function measure({ run, plan }: Planned, splits: number, signal: AbortSignal): Promise<Calibration> {
    const { definition } = await evals.retrieve(run.eval_id, run.eval_revision);
    const scored = await readScoredRun(store, run);
    const report = await calibrate(scored, definition.gate, { seed: plan.seed, splits, signal });
    const scorers = plan.scorers.map(({ name, hash }) => ({ name, hash }));
    const row: CalibrationRow = {
      id: ids.next('calibration'),
      eval_id: run.eval_id,
      kind: 'gate',
      key: contentHash({ dataset: plan.dataset.hash, scorers, gate: definition.gate }),
      report: JSON.stringify(report),
      created_at: formatTime(clock.now()),
    };
    signal.throwIfAborted();
    await store.write((tx) => insertCalibration(tx, row));
    return read(row);
  }

  return {
    /**
     * Calibrates the gate of a run's eval on the run. Only one calibration is at work at a time, and few may wait.
     * One that is aborted leaves nothing behind.
     * @throws PawlError `eval_run_not_found`, `invalid_request` when the run is not over, has one epoch or is too
     *   large for so many splits, `overloaded` when too many wait or the server stops; the reason of the signal.
     */
    async create(
      { run: runId, splits }: { readonly run: string; readonly splits: number },
      signal: AbortSignal,
    ): Promise<Calibration> {
      const planned = requireFit(await runs.retrieve(runId), splits);
      const either = AbortSignal.any([stopping.signal, signal]);
      return inTurn(either, () => measure(planned, splits, either));
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

    /** Gives up what is under way and what waits; later ones are refused. */
    async stop(): Promise<void> {
      stopping.abort(new PawlError('overloaded', 'The server stops; try again'));
      await last;
    },
  };
}

type Planned = { readonly run: EvalRun; readonly plan: RunPlan };

function requireFit(run: EvalRun, splits: number): Planned {
  const { plan } = run;
  if (run.status !== 'completed' || plan === null) {
    throw new PawlError('invalid_request', `run: ${run.id} is ${run.status}; it has to be completed`);
  }
  if (run.epochs < 2) {
    throw new PawlError('invalid_request', `run: ${run.id} has one epoch; there is nothing to split`);
  }
  const most = Math.floor(mostCasesJudged / plan.dataset.cases);
  if (splits > most) {
    throw new PawlError(
      'invalid_request',
      `splits: must be at most ${most} for ${plan.dataset.cases} cases; splits times cases may be ${mostCasesJudged}`,
    );
  }
  return { run, plan };
}

export type Calibrations = ReturnType<typeof createCalibrations>;

function read({ kind: _kind, report, ...fields }: CalibrationRow): Calibration {
  return { ...fields, report: JSON.parse(report) as CalibrationReport };
}
