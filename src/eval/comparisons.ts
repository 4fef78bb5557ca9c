import type { Bus } from '../core/bus.ts';
import { contentHash } from '../core/canonical.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import { isOver, type JobStatus, type Recording, type Verdict } from '../core/evaluation.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import { createPuller } from '../queue/puller.ts';
import type { Job, NewJob, Queue } from '../queue/queue.ts';
import { findAlias } from '../store/aliases.ts';
import {
  type ComparisonFilter,
  type ComparisonRow,
  findComparison,
  findVerdict,
  findVerdictWord,
  insertComparison,
  insertVerdict,
  listComparisons,
  updateComparison,
} from '../store/comparisons.ts';
import type { Store } from '../store/dialect.ts';
import type { EvalRunRow } from '../store/eval-runs.ts';
import { isUnavailable } from '../store/unavailable.ts';
import type { EvalDefinition } from './definition.ts';
import type { Evals } from './evals.ts';
import type { GatePolicy } from './gate-policy.ts';
import type { GateReport } from './gate-report.ts';
import type { ComparisonOrigin } from './recorded/origin.ts';
import type { EvalRun } from './result.ts';
import type { RunRequest, Runs } from './runs.ts';
import { createWatchers } from './watchers.ts';
import type { Weighing } from './weigh.ts';

/** A comparison of two runs, and what the gate said of it. */
export type Comparison = {
  readonly id: string;
  readonly eval_id: string;
  readonly status: JobStatus;
  readonly baseline: EvalRun;
  readonly candidate: EvalRun;
  readonly gate: GatePolicy;
  /** Where its cases come from, when they are what users said; null for those of a dataset. */
  readonly origin: ComparisonOrigin | null;
  /** Null until it is completed. */
  readonly verdict: Verdict | null;
  readonly report: GateReport | null;
  readonly error: string | null;
  readonly created_at: string;
  readonly ended_at: string | null;
};

/** The same without its report, which may be long. */
export type ComparisonSummary = Omit<Comparison, 'report'>;

/** Two versions to be compared: each is run, or has been. */
export type ComparisonRequest = Omit<RunRequest, 'agent_version'> & {
  readonly candidate_version?: number | undefined;
  /** Absent takes what `production` stands for on this server, or else the version before the candidate. */
  readonly baseline_version?: number | undefined;
};

/** What was answered to recorded cases, to be compared with what a candidate answers or has answered. */
export type RecordedRequest = {
  readonly eval: string;
  readonly eval_revision: number;
  readonly agent_id: string;
  /** A revision whose cases say where they were recorded. */
  readonly dataset_revision: string;
  readonly baseline_version: number;
  readonly candidate_version: number;
  /** Null asks the candidate. */
  readonly candidate_recorded: Recording | null;
  /** How often the candidate is asked. */
  readonly epochs: number;
  readonly origin: ComparisonOrigin;
};

type Deps = {
  readonly store: Store;
  readonly queue: Queue;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly evals: Evals;
  readonly runs: Runs;
  /** Sets two finished runs against each other. */
  readonly weigh: (weighing: Weighing) => Promise<GateReport>;
};

type Pair = Pick<Weighing, 'baseline' | 'candidate'>;

/** How often the runs of a comparison are looked at, should a notice have been missed. */
const lookEveryMs = 5000;
/** Nearly all of them wait for their runs. */
const followedAtOnce = 100;

/** Comparisons: two runs are awaited, set against each other, and the gate's verdict is kept for good. */
export function createComparisons({ store, queue, bus, clock, ids, log, evals, runs, weigh }: Deps) {
  const watchers = createWatchers<Comparison>({
    ...{ bus, kind: 'comparison', read: (id) => retrieve(id) },
    onFailure: (id, err) => log.warn({ err, comparison: id }, 'The state of a comparison could not be read'),
  });
  const puller = createPuller({ queue, log, name: 'comparisons', most: followedAtOnce, work: follow });

  async function summarize(row: ComparisonRow): Promise<ComparisonSummary> {
    const [baseline, candidate, verdict] = await Promise.all([
      runs.retrieve(row.baseline_run_id),
      runs.retrieve(row.candidate_run_id),
      findVerdictWord(store.db, row.id),
    ]);
    const { baseline_run_id: _baseline, candidate_run_id: _candidate, gate, origin, ...fields } = row;
    return {
      ...{ ...fields, baseline, candidate, verdict },
      gate: JSON.parse(gate) as GatePolicy,
      origin: origin === null ? null : (JSON.parse(origin) as ComparisonOrigin),
    };
  }

  async function read(row: ComparisonRow): Promise<Comparison> {
    const [summary, verdict] = await Promise.all([summarize(row), findVerdict(store.db, row.id)]);
    return { ...summary, report: verdict === null ? null : (JSON.parse(verdict.report) as GateReport) };
  }

  async function requireRow(id: string): Promise<ComparisonRow> {
    const row = await findComparison(store.db, id);
    if (row === null) throw new PawlError('comparison_not_found', `comparison ${id} does not exist`);
    return row;
  }

  const retrieve = async (id: string): Promise<Comparison> => read(await requireRow(id));

  const jobOf = (id: string): NewJob => ({
    ...{ queue: 'comparisons', subject: id, attempt: 0, group: 'comparisons', resumes: false },
  });

  /** Follows a comparison to its end: what goes wrong is written down, unless it is the database. */
  async function follow({ subject: id }: Job, signal: AbortSignal): Promise<'done' | 'given_back'> {
    const comparison = await retrieve(id);
    if (isOver(comparison.status)) return 'done';
    try {
      await store.write((tx) => updateComparison(tx, id, { status: 'running' }));
      const pair = await untilDecided(comparison, signal);
      if (pair === null) return 'given_back';
      await settle(comparison, pair);
    } catch (error) {
      // It is followed anew.
      if (isUnavailable(error)) throw error;
      log.error({ err: error, comparison: id }, 'A comparison failed');
      const failed = 'Something went wrong on the server; its log says what.';
      await end(id, { status: 'failed', error: failed });
    } finally {
      await watchers.changed(id);
    }
    return 'done';
  }

  async function settle({ id, gate }: Comparison, pair: Pair): Promise<void> {
    const run = unfinished(pair);
    if (run !== undefined) {
      const why = run.error ?? 'it was canceled';
      const error = `Run ${run.id} of version ${run.agent_version} is ${run.status}: ${why}`;
      await end(id, { status: run.status === 'canceled' ? 'canceled' : 'failed', error });
      return;
    }
    const { eval_id, eval_revision } = pair.candidate;
    const { definition } = await evals.retrieve(eval_id, eval_revision);
    const report = await weigh({ ...pair, definition, gate });
    const now = formatTime(clock.now());
    const verdict = {
      comparison_id: id,
      verdict: report.verdict,
      report: JSON.stringify(report),
      created_at: now,
    };
    await store.write(async (tx) => {
      const open = await updateComparison(tx, id, { status: 'completed', ended_at: now });
      if (open) await insertVerdict(tx, verdict);
    });
  }

  async function end(id: string, changes: { status: JobStatus; error: string }): Promise<void> {
    const ended_at = formatTime(clock.now());
    await store.write((tx) => updateComparison(tx, id, { ...changes, ended_at }));
  }

  /** Both runs, once they are over or one has not come to its end; null when this server stops before. */
  async function untilDecided(
    { id, baseline, candidate }: Comparison,
    signal: AbortSignal,
  ): Promise<Pair | null> {
    const { promise, resolve } = Promise.withResolvers<Pair | null>();
    let pair: Pair = { baseline, candidate };
    const look = (run: EvalRun): void => {
      pair = run.id === baseline.id ? { ...pair, baseline: run } : { ...pair, candidate: run };
      const both = [pair.baseline, pair.candidate];
      if (unfinished(pair) !== undefined || both.every(({ status }) => isOver(status))) resolve(pair);
    };
    const lookAtBoth = async (): Promise<void> => {
      for (const run of [baseline, candidate]) look(await runs.retrieve(run.id));
    };
    const leave = (): void => resolve(null);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    const unwatch = [baseline, candidate].map((run) =>
      runs.watch(run.id, (changed) => {
        look(changed);
        void watchers.changed(id);
      }),
    );
    // Nobody is told while the database does not answer.
    const again = setInterval(() => void lookAtBoth().catch(() => {}), lookEveryMs).unref();
    try {
      await lookAtBoth();
      return await promise;
    } finally {
      signal.removeEventListener('abort', leave);
      clearInterval(again);
      for (const stop of unwatch) stop();
    }
  }

  /** What serves now, if that is known and is not the candidate itself; else the version before the candidate. */
  async function usualBaseline({ agent_id, agent_version, endpoint }: EvalRunRow): Promise<number> {
    const production = endpoint === null ? await findAlias(store.db, { agent_id, name: 'production' }) : null;
    const serves = production?.version ?? null;
    return serves === null || serves === agent_version ? agent_version - 1 : serves;
  }

  async function make(
    fields: Pick<ComparisonRow, 'eval_id' | 'candidate_run_id' | 'baseline_run_id'>,
    { gate, origin }: { readonly gate: GatePolicy; readonly origin: ComparisonOrigin | null },
  ) {
    const row: ComparisonRow = {
      id: ids.next('comparison'),
      ...fields,
      gate: JSON.stringify(gate),
      origin: origin === null ? null : JSON.stringify(origin),
      status: 'pending',
      error: null,
      created_at: formatTime(clock.now()),
      ended_at: null,
    };
    const jobs = [jobOf(row.id)];
    await store.write(async (tx) => {
      await insertComparison(tx, row);
      await queue.add(tx, jobs);
    });
    queue.announce(jobs);
    return read(row);
  }

  return {
    retrieve,

    /** The same without its report. @throws PawlError `comparison_not_found` */
    summary: async (id: string): Promise<ComparisonSummary> => summarize(await requireRow(id)),

    /**
     * Runs two versions, or takes what earlier runs have paid for, and compares them by the eval's gate.
     * @throws PawlError as `runs.create`, and `invalid_request` when there is no version before the candidate.
     */
    async create(request: ComparisonRequest): Promise<Comparison> {
      const { candidate_version, baseline_version, ...rest } = request;
      const { definition, id } = await evals.retrieve(request.eval, request.eval_revision);
      // Nothing is begun before both sides are known to exist.
      const candidate = await runs.prepare({ ...rest, agent_version: candidate_version });
      const { row } = candidate;
      const before = baseline_version ?? (await usualBaseline(row));
      if (before < 1) {
        throw new PawlError(
          'invalid_request',
          'baseline_version: there is no version before version 1; name the one to compare with',
        );
      }
      const baseline = await runs.prepare({
        ...rest,
        agent_version: before,
        // Both sides have to see the same cases.
        dataset_revision: row.dataset_revision_id,
        eval_revision: row.eval_revision,
      });
      await runs.begin(candidate);
      await runs.begin(baseline);
      const runsOf = { eval_id: id, candidate_run_id: row.id, baseline_run_id: baseline.row.id };
      return make(runsOf, { gate: definition.gate, origin: null });
    },

    /**
     * Scores what was answered to recorded cases, and compares it with what a candidate makes of them.
     * @throws PawlError as `runs.create`.
     */
    async createRecorded(request: RecordedRequest): Promise<Comparison> {
      const { baseline_version, candidate_version, candidate_recorded, epochs, origin, ...rest } = request;
      const { definition, id } = await evals.retrieve(request.eval, request.eval_revision);
      const candidate = await runs.prepare({
        ...{ ...rest, agent_version: candidate_version, epochs },
        recorded: candidate_recorded ?? undefined,
      });
      const baseline = await runs.prepare({
        ...{ ...rest, agent_version: baseline_version, epochs: 1, recorded: 'production' },
      });
      await runs.begin(baseline);
      await runs.begin(candidate);
      const runsOf = { eval_id: id, candidate_run_id: candidate.row.id, baseline_run_id: baseline.row.id };
      return make(runsOf, { gate: definition.gate, origin });
    },

    /**
     * Compares two runs of one eval, by the gate that the candidate's revision of it has.
     * @throws PawlError `eval_run_not_found`, and `invalid_request` when they are one run, are of two evals, or were not
     *   asked the same.
     */
    async compare(pair: {
      readonly baseline_run: string;
      readonly candidate_run: string;
    }): Promise<Comparison> {
      const candidate = await runs.retrieve(pair.candidate_run);
      const baseline = await runs.retrieve(pair.baseline_run);
      requireTwoOfOneEval(baseline, candidate);
      const { definition } = await evals.retrieve(candidate.eval_id, candidate.eval_revision);
      const before = await evals.retrieve(baseline.eval_id, baseline.eval_revision);
      requireSameQuestion(before.definition, definition);
      const runsOf = {
        eval_id: candidate.eval_id,
        candidate_run_id: candidate.id,
        baseline_run_id: baseline.id,
      };
      return make(runsOf, { gate: definition.gate, origin: null });
    },

    /** Comparisons by creation time, without their reports. */
    async list(filter: ComparisonFilter, request: PageRequest): Promise<Page<ComparisonSummary>> {
      const page = pageOf(await listComparisons(store.db, filter, request), request, (row) => [
        row.created_at,
        row.id,
      ]);
      return { data: await Promise.all(page.data.map(summarize)), next_page: page.next_page };
    },

    /** Calls back with the comparison whenever it or one of its runs changes. Gives the function that ends it. */
    watch: watchers.add,

    /** Follows comparisons from now on. */
    start: puller.start,

    /** Goes on with what nobody follows any more. */
    async recover(): Promise<void> {
      const jobs = (await puller.left(store.db, 'comparisons')).map(jobOf);
      await store.write((tx) => queue.add(tx, jobs));
      queue.announce(jobs);
    },

    /** Lets go of everything under way; it can be taken up again. */
    stop: (): Promise<void> => puller.stop(0),
  };
}

/** The run that is over without having come to its end, if there is one. */
function unfinished({ baseline, candidate }: Pair): EvalRun | undefined {
  return [baseline, candidate].find(({ status }) => isOver(status) && status !== 'completed');
}

function requireTwoOfOneEval(baseline: EvalRun, candidate: EvalRun): void {
  if (baseline.id === candidate.id) {
    throw new PawlError('invalid_request', 'baseline_run: must be another run than candidate_run');
  }
  if (baseline.eval_id !== candidate.eval_id) {
    throw new PawlError(
      'invalid_request',
      `baseline_run: must be a run of ${candidate.eval_name}, the eval of candidate_run`,
    );
  }
}

/** Two runs whose cases were put or read differently differ for reasons that no version has to answer for. */
function requireSameQuestion(before: EvalDefinition, now: EvalDefinition): void {
  for (const field of ['message', 'reply', 'labels'] as const) {
    if (contentHash(before[field]) === contentHash(now[field])) continue;
    throw new PawlError(
      'invalid_request',
      `baseline_run: was made by another ${field} than the candidate's; run both under one definition`,
    );
  }
}

export type Comparisons = ReturnType<typeof createComparisons>;
