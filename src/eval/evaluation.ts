import { setTimeout as waitFor } from 'node:timers/promises';
import type { Audit } from '../access/audit.ts';
import type { Bus } from '../core/bus.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Price } from '../model/price-table.ts';
import type { Queue } from '../queue/queue.ts';
import type { Store } from '../store/dialect.ts';
import { createCalibrations } from './calibrations.ts';
import { createComparedCases } from './compared-cases.ts';
import { createComparisons } from './comparisons.ts';
import { createDatasets } from './dataset/datasets.ts';
import { createEndpointThreads, type OpenEndpoint } from './endpoint-threads.ts';
import { type Endpoints, evalEnvironment } from './endpoints.ts';
import { createEvals } from './evals.ts';
import { createJudgePort } from './judge-port.ts';
import { createBacktests } from './recorded/backtests.ts';
import { createRecordedComparisons } from './recorded/recorded-comparisons.ts';
import { createReplay } from './recorded/recording.ts';
import { createRunJob } from './run-job.ts';
import { createRuns, type Runs } from './runs.ts';
import type { ContextFields, ScorerContext } from './scorers/context.ts';
import { createSessionScorers, type SessionScorers } from './session-scoring.ts';
import { weigh } from './weigh.ts';

type Deps = {
  readonly store: Store;
  readonly queue: Queue;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly audit: Audit;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly endpoints: Endpoints;
  /** The table as it is now; a run keeps the one that it begins with. */
  readonly prices: () => readonly Price[];
  /** Who serves a model on this server, as `provider/model`; null when no route does. */
  readonly servedHere: (model: string) => string | null;
  readonly scorer_dir: string | null;
  readonly scorer_urls: readonly string[];
  readonly pawl_version: string;
};

/** How long endpoints have to put their sessions in order when the server stops. */
const stopGraceMs = 3000;
const now = (): number => performance.now();
const wait = async (ms: number, signal: AbortSignal): Promise<void> => waitFor(ms, undefined, { signal });

/** Puts the room together: datasets, evals, their runs, comparisons and calibrations. */
export function createEvaluation(deps: Deps) {
  const { store, queue, bus, clock, ids, log, endpoints, prices } = deps;
  const time = (): string => formatTime(clock.now());

  const threads = createEndpointThreads({ log });
  const open = (name: string | null, onThrottled: () => void): OpenEndpoint =>
    threads.open({ address: endpoints.address(name), prices: prices(), onThrottled });

  const scorerContext = ({ endpoint_name: name, endpoint, ...rest }: ContextFields): ScorerContext => ({
    ...rest,
    modules_folder: deps.scorer_dir,
    http_prefixes: deps.scorer_urls,
    judges: createJudgePort({
      ...{ store, now: time, endpoint_name: name, endpoint, timeout_ms: rest.timeout_ms },
      environment: () => evalEnvironment({ store, now: time }, { name, endpoint }),
    }),
  });

  const datasets = createDatasets(deps);
  const evals = createEvals(deps);
  const runs: Runs = createRuns({
    ...{ store, queue, bus, clock, ids, log, evals, datasets },
    openEndpoint: (name) => open(name, () => {}),
    job: createRunJob({
      ...{ store, clock, ids, log, datasets, now, wait },
      openEndpoint: open,
      servedBy: (name, model) => (name === null ? deps.servedHere(model) : null),
      scorerContext,
      metrics: deps.telemetry.metrics,
      replay: createReplay({ store, prices }),
      onProgress: (id) => void runs.publish(id),
      pawl_version: deps.pawl_version,
    }),
  });
  const comparisons = createComparisons({
    ...{ store, queue, bus, clock, ids, log, evals, runs },
    weigh: (weighing) => weigh(store, weighing),
  });
  const calibrations = createCalibrations({ store, clock, ids, evals, runs });
  const recordedComparisons = createRecordedComparisons({ datasets, evals, comparisons });
  const backtests = createBacktests({ store, clock, recordedComparisons });

  return {
    ...{ datasets, evals, runs, comparisons, calibrations, recordedComparisons, backtests },
    /** What became of each case of a comparison, a page at a time. */
    comparedCases: createComparedCases({ store, comparisons }),

    /** Opens scorers for sessions that no run has made; their judges are on this server. They have to be closed. */
    openScorers: (): SessionScorers =>
      createSessionScorers({
        ...{ store, prices, scorerContext, now, wait },
        openEndpoint: (onThrottled) => open(null, onThrottled),
      }),

    /** Carries out runs and follows comparisons from now on. */
    start(): void {
      runs.start();
      comparisons.start();
    },

    /** Takes up what nobody works on any more; without `adopt`, runs wait until somebody resumes them. */
    async recover(adopt: boolean): Promise<void> {
      await datasets.sweep(!queue.durable);
      // Where others may be at work, it is for them.
      if (adopt || !queue.durable) await runs.recover(adopt);
      if (adopt) await comparisons.recover();
    },

    /** Lets go of everything under way; it can be taken up again. */
    async stop(): Promise<void> {
      await comparisons.stop();
      await calibrations.stop();
      let late: NodeJS.Timeout | undefined;
      // An endpoint that is silent must not keep the server from stopping. Not before runs know that they are let go: they
      // would take it for an answer.
      await runs.stop(() => {
        late = setTimeout(() => void threads.close(), stopGraceMs);
      });
      clearTimeout(late);
      await threads.close();
    },
  };
}

export type Evaluation = ReturnType<typeof createEvaluation>;
