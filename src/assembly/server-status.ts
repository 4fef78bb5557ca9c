import { hostname } from 'node:os';
import type {
  ModelStatus,
  ProcessRole,
  ProcessStatus,
  ServerLimits,
  ServerStatus,
} from '../api/wire/server.ts';
import { formatTime } from '../core/clock.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Config } from '../settings.ts';
import { listProcesses, readWorkload, type SharingProcess } from '../store/workload.ts';
import { packageVersion } from '../version.ts';
import type { Parts } from './parts.ts';

type Given = Pick<Parts, 'store' | 'queue' | 'clock' | 'router'> & {
  readonly catalog: Catalog;
  /** How many turns wait for a place. */
  readonly waitingTurns: () => number;
};

const mostModels = 100;

/** Makes what tells what this server is and how it does. */
export function serverStatusOf(
  config: Config,
  { store, queue, clock, router, catalog, waitingTurns }: Given,
): () => Promise<ServerStatus> {
  const { role } = config;
  const startedUs = clock.now();
  const started_at = formatTime(startedUs);

  async function processes(): Promise<ProcessStatus[]> {
    if (queue.durable) return (await listProcesses(store.db)).map(processStatus);
    return [{ name: `${hostname()}-${process.pid}`, role, started_at, heard_at: formatTime(clock.now()) }];
  }

  async function models(): Promise<ModelStatus[]> {
    const { data } = await catalog.list({ limit: mostModels, after_id: null, before_id: null });
    return data.map((model) => ({ ...model, offline: model.served_by.provider === 'offline' }));
  }

  return async () => {
    const { busy_sessions: busy, eval_runs, deliveries } = await readWorkload(store.db);
    return {
      ...{ version: packageVersion(), started_at },
      uptime_seconds: Math.max(0, Math.floor((clock.now() - startedUs) / 1_000_000)),
      database: store.dialect.name,
      role,
      keys: config.allow_no_key ? 'none' : 'required',
      work: {
        turns: { busy, waiting: waitingTurns() },
        eval_runs: { running: eval_runs.running, waiting: eval_runs.pending },
        webhook_deliveries: { waiting: deliveries.pending, dead: deliveries.dead },
      },
      processes: await processes(),
      models: await models(),
      falls_back_to_offline: config.model_routes === null && router.route('*')?.provider === 'offline',
      limits: limitsIn(config),
    };
  };
}

function processStatus({ name, started_at, heard_at }: SharingProcess): ProcessStatus {
  const [, role = 'all'] = /-(all|api|worker)-[0-9a-f]{8}$/.exec(name) ?? [];
  return { name, role: role as ProcessRole, started_at: timeOf(started_at), heard_at: timeOf(heard_at) };
}

function limitsIn(config: Config): ServerLimits {
  const { max_turns, max_turns_per_agent, max_waiting_turns, max_requests_per_provider } = config;
  const { rate_limit_per_minute, max_requests, max_streams, max_tool_rounds, max_file_bytes } = config;
  const { model_timeout_ms, model_max_tokens, model_max_retries } = config;
  const { retention_days, file_retention_days } = config;
  return {
    ...{ max_turns, max_turns_per_agent, max_waiting_turns, max_requests_per_provider },
    ...{ rate_limit_per_minute, max_requests, max_streams, max_tool_rounds, max_file_bytes },
    ...{ model_timeout_ms, model_max_tokens, model_max_retries, retention_days, file_retention_days },
  };
}

function timeOf(date: Date): string {
  return formatTime(date.getTime() * 1000);
}
