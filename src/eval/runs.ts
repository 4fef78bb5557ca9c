import type { Bus } from '../core/bus.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import { isOver, type Recording, usualEpochs } from '../core/evaluation.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import { createPuller, isBrokenOff } from '../queue/puller.ts';
import type { Job, NewJob, Queue } from '../queue/queue.ts';
import type { Handle, Store } from '../store/dialect.ts';
import {
  type EvalRunFilter,
  type EvalRunRow,
  findEvalRun,
  insertEvalRun,
  listEvalRuns,
  lockEvalRun,
  updateEvalRun,
} from '../store/eval-runs.ts';
import { findEval } from '../store/evals.ts';
import { canSee } from './can-see.ts';
import type { Datasets } from './dataset/datasets.ts';
import type { AgentVersion, Endpoint } from './endpoint.ts';
import { EndpointError } from './endpoint-error.ts';
import type { OpenEndpoint } from './endpoint-threads.ts';
import type { Eval, Evals } from './evals.ts';
import { defaultGate } from './gate.ts';
import type { EvalRun, RunCounts, RunPlan } from './result.ts';
import { SupersededError } from './run-recorder.ts';
import { noCounts } from './runner.ts';
import { createWatchers } from './watchers.ts';

/** What to run: an eval, and where it departs from what its definition says. */
export type RunRequest = {
  /** Id or name. */
  readonly eval: string;
  readonly eval_revision?: number | undefined;
  readonly agent_id?: string | undefined;
  /** Absent takes the latest. */
  readonly agent_version?: number | undefined;
  /** The beginning of a hash, or an id; absent takes what the definition says. */
  readonly dataset_revision?: string | undefined;
  readonly epochs?: number | undefined;
  readonly fresh?: boolean | undefined;
  /** Whose answers are scored, instead of asking for new ones; the dataset has to be made of their sessions. */
  readonly recorded?: Recording | undefined;
};

/** A run that can be made. */
export type PreparedRow = { readonly row: EvalRunRow; readonly eval_name: string };

/** Carries a run out; resolves when it is over or given back, and never rejects. */
export type RunJob = (run: EvalRunRow, signal: AbortSignal) => Promise<void>;

type Deps = {
  readonly store: Store;
  readonly queue: Queue;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly evals: Evals;
  readonly datasets: Datasets;
  readonly openEndpoint: (name: string | null) => OpenEndpoint;
  readonly job: RunJob;
};

const runsAtOnce = 4;

/** Eval runs: made, carried out a few at a time, stopped, and taken up again where they were. */
export function createRuns({ store, queue, bus, clock, ids, log, evals, datasets, openEndpoint, job }: Deps) {
  const watchers = createWatchers<EvalRun>({
    ...{ bus, kind: 'eval_run', read: (id) => retrieve(id) },
    // A database that does not answer costs those who watch one state, and the run nothing.
    onFailure: (id, err) => log.warn({ err, eval_run: id }, 'The state of an eval run could not be read'),
  });
  const puller = createPuller({ queue, log, name: 'eval_runs', most: runsAtOnce, work: carryOut });
  bus.on('stop', ({ queue: of, ...canceled }) => {
    if (of === 'eval_runs') breakOff(canceled);
  });

  /** Ends the work on a run that was canceled. Who has resumed it since is at a later attempt, and goes on. */
  function breakOff(canceled: Pick<Job, 'subject' | 'attempt'>): void {
    puller.breakOff(canceled, new SupersededError('The run was canceled'));
  }

  async function read(row: EvalRunRow): Promise<EvalRun> {
    const found = await findEval(store.db, row.eval_id);
    if (found === null) throw new Error(`Eval run ${row.id} lacks its eval ${row.eval_id}`);
    return readRun(row, found.name);
  }

  async function retrieve(id: string): Promise<EvalRun> {
    return read(requireRun(await findEvalRun(store.db, id), id));
  }

  /** The job of a run that waits for somebody to carry it out. */
  const jobOf = (id: string, attempt: number): NewJob => ({
    ...{ queue: 'eval_runs', subject: id, attempt, group: 'eval_runs', resumes: false },
  });

  /** Carries a run out, unless it has moved on since its job was made. */
  async function carryOut(
    { subject: id, attempt, retries }: Job,
    signal: AbortSignal,
  ): Promise<'done' | 'given_back'> {
    const row = await store.write(async (tx) => {
      const locked = await lockEvalRun(tx, store.dialect, id);
      if (locked === null || isOver(locked.status)) return null;
      // It waits, or whoever had this job before has begun with it; anything else is another job's.
      const isBegun = retries > 0 && locked.attempt === attempt + 1;
      if (locked.attempt !== attempt && !isBegun) return null;
      // Under way for somebody who has died.
      if (locked.status === 'running') return retried(tx, locked);
      const now = formatTime(clock.now());
      const begun = {
        status: 'running' as const,
        attempt: locked.attempt + 1,
        started_at: locked.started_at ?? now,
        error: null,
      };
      await updateEvalRun(tx, locked, begun);
      return { ...locked, ...begun };
    });
    if (row === null) return 'done';
    if (row.status === 'pending') {
      queue.announce([jobOf(id, row.attempt)]);
      return 'done';
    }
    await watchers.changed(id);
    await job(row, signal);
    await watchers.changed(id);
    return isBrokenOff(signal.reason) ? 'given_back' : 'done';
  }

  /** Lets a run wait again, under an attempt at which nobody else is at work on it. */
  async function retried(tx: Handle, row: EvalRunRow): Promise<EvalRunRow> {
    const again = { status: 'pending' as const, attempt: row.attempt + 1 };
    await updateEvalRun(tx, row, again);
    await queue.add(tx, [jobOf(row.id, again.attempt)]);
    return { ...row, ...again };
  }

  async function prepare(request: RunRequest): Promise<PreparedRow> {
    const definition = await evals.retrieve(request.eval, request.eval_revision);
    requireLive(definition);
    const { dataset, agent, epochs, endpoint: name } = definition.definition;
    const revision = await datasets.revision(dataset.name, request.dataset_revision ?? dataset.revision);
    const endpoint = openEndpoint(name);
    const version = await agentAt(endpoint, {
      id: request.agent_id ?? agent,
      version: request.agent_version ?? null,
    }).finally(() => endpoint.close());
    const repeats = request.epochs ?? epochs ?? usualEpochs(revision.cases);
    const row: EvalRunRow = {
      id: ids.next('eval_run'),
      eval_id: definition.id,
      eval_revision: definition.revision,
      agent_id: version.agent_id,
      agent_version: version.version,
      dataset_revision_id: revision.id,
      endpoint: name,
      status: 'pending',
      epochs: repeats,
      fresh: request.fresh === true ? 1 : 0,
      recorded: request.recorded ?? null,
      plan: null,
      counts: JSON.stringify(noCounts(revision.cases * repeats)),
      error: null,
      attempt: 0,
      created_at: formatTime(clock.now()),
      started_at: null,
      ended_at: null,
    };
    return { row, eval_name: definition.name };
  }

  async function begin({ row, eval_name }: PreparedRow): Promise<EvalRun> {
    const jobs = [jobOf(row.id, row.attempt)];
    await store.write(async (tx) => {
      await insertEvalRun(tx, row);
      await queue.add(tx, jobs);
    });
    queue.announce(jobs);
    return readRun(row, eval_name);
  }

  /** Settles a run. One that is pending then is carried out by whoever is asked first, or `waits` for somebody to resume it. */
  async function change(
    id: string,
    decide: (row: EvalRunRow) => Partial<EvalRunRow> | null,
    { waits = false } = {},
  ): Promise<{ readonly run: EvalRun; readonly attempt: number }> {
    const { row, jobs } = await store.write(async (tx) => {
      const locked = requireRun(await lockEvalRun(tx, store.dialect, id), id);
      const changes = decide(locked);
      if (changes === null) return { row: locked, jobs: [] };
      // The attempt grows, so that whoever is still at work writes no more.
      const next = { ...changes, attempt: locked.attempt + 1 };
      await updateEvalRun(tx, locked, next);
      const row = { ...locked, ...next };
      const jobs = row.status === 'pending' && !waits ? [jobOf(id, row.attempt)] : [];
      await queue.add(tx, jobs);
      return { row, jobs };
    });
    if (jobs.length > 0) queue.announce(jobs);
    const run = await read(row);
    watchers.tell(id, run);
    return { run, attempt: row.attempt };
  }

  return {
    retrieve,

    /**
     * Looks up all that a run needs, and makes nothing.
     * @throws PawlError `eval_not_found`, `eval_archived`, `dataset_not_found`, `dataset_revision_not_found`,
     *   `agent_not_found`, `endpoint_failed`
     */
    prepare,

    /** Makes a run and starts it as soon as there is room. */
    begin,

    /** Both in one. @throws PawlError as `prepare` does. */
    create: async (request: RunRequest): Promise<EvalRun> => begin(await prepare(request)),

    /** Runs by creation time. */
    async list(filter: EvalRunFilter, request: PageRequest): Promise<Page<EvalRun>> {
      const page = pageOf(await listEvalRuns(store.db, filter, request), request, (row) => [
        row.created_at,
        row.id,
      ]);
      return { data: await Promise.all(page.data.map(read)), next_page: page.next_page };
    },

    /**
     * Stops a run for good, as far as anything is: it can be resumed. One that is over stays as it is.
     * @throws PawlError `eval_run_not_found`
     */
    async cancel(id: string): Promise<EvalRun> {
      const { run, attempt } = await change(id, ({ status }) =>
        isOver(status) ? null : { status: 'canceled', ended_at: formatTime(clock.now()) },
      );
      breakOff({ subject: id, attempt });
      bus.send({ type: 'stop', queue: 'eval_runs', subject: id, attempt });
      return run;
    },

    /**
     * Goes on with a run that was canceled, has failed, has errors, or was left alone by a database that went away:
     * what is done is not done again.
     * @throws PawlError `eval_run_not_found`
     */
    async resume(id: string): Promise<EvalRun> {
      const { run } = await change(id, (row) => {
        // Where work is kept with what asks for it, somebody is asked already; else a job that waits gives way to a new one.
        if (!isOver(row.status)) return queue.durable || puller.has(id) ? null : { status: 'pending' };
        const { errors } = JSON.parse(row.counts) as RunCounts;
        const goesOn = row.status === 'canceled' || row.status === 'failed' || errors > 0;
        if (!goesOn) return null;
        return { status: 'pending', error: null, ended_at: null };
      });
      return run;
    },

    /** Calls back with the run whenever it changes. Gives the function that ends it. */
    watch: watchers.add,

    /** Tells those who watch how far a run has come. Never rejects. */
    publish: watchers.changed,

    /** Carries runs out from now on. */
    start: puller.start,

    /**
     * Takes up what nobody works on any more, or, when `adopt` is false, marks it as waiting for `resume`. Gives how many runs
     * that were.
     */
    async recover(adopt: boolean): Promise<number> {
      const left = await puller.left(store.db, 'eval_runs');
      for (const id of left) {
        const isLeft = (status: EvalRunRow['status']): boolean => !isOver(status) && !puller.has(id);
        await change(id, ({ status }) => (isLeft(status) ? { status: 'pending' } : null), { waits: !adopt });
      }
      return left.length;
    },

    /** Lets go of everything under way, which can be taken up again; calls back as soon as it knows of that. */
    stop: (onLetGo?: () => void): Promise<void> => puller.stop(0, onLetGo),
  };
}

export type Runs = ReturnType<typeof createRuns>;

/** A run, read. */
function readRun(row: EvalRunRow, evalName: string): EvalRun {
  const { attempt: _attempt, plan, counts, fresh, ...fields } = row;
  const read = JSON.parse(counts) as RunCounts;
  return {
    ...fields,
    sees: canSee({
      cases: Math.round(read.total / row.epochs),
      epochs: row.epochs,
      confidence: defaultGate.confidence,
    }).damage,
    eval_name: evalName,
    fresh: fresh === 1,
    plan: plan === null ? null : (JSON.parse(plan) as RunPlan),
    counts: read,
  };
}

function requireRun(row: EvalRunRow | null, id: string): EvalRunRow {
  if (row === null) throw new PawlError('eval_run_not_found', `eval run ${id} does not exist`);
  return row;
}

function requireLive({ name, archived_at }: Eval): void {
  if (archived_at === null) return;
  throw new PawlError('eval_archived', `eval ${name} is archived and starts no runs`);
}

async function agentAt(
  endpoint: Endpoint,
  { id, version }: { readonly id: string; readonly version: number | null },
): Promise<AgentVersion> {
  const found = await endpoint.agentVersion(id, version).catch((error: unknown) => {
    if (!(error instanceof EndpointError)) throw error;
    const missing = error.status === 404;
    const message =
      missing && version !== null
        ? `agent ${id} has no version ${version}, or does not exist`
        : error.message;
    throw new PawlError(missing ? 'agent_not_found' : 'endpoint_failed', message, { cause: error });
  });
  if (version === null || found.version === version) return found;
  throw new PawlError(
    'endpoint_failed',
    `The endpoint gave version ${found.version} of agent ${id} where ${version} was asked for`,
  );
}
