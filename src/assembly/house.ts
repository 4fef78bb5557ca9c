import { randomBytes } from 'node:crypto';
import { createAudit } from '../access/audit.ts';
import { createKeys, type Keys, localActor, serverActor } from '../access/keys.ts';
import { createSignIns } from '../access/sign-ins.ts';
import { createApp } from '../api/app.ts';
import { createReadiness } from '../api/health.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import { createShadows } from '../eval/shadow/shadows.ts';
import { createFiles } from '../file/files.ts';
import { openBlobs } from '../file/open-blobs.ts';
import { createMcp } from '../mcp/mcp.ts';
import { addBacklogMetrics } from '../observe/backlog-metrics.ts';
import type { Observation } from '../observe/observe.ts';
import { blobPlaceOf, dashboardFolder } from '../places.ts';
import { createDuties, type DutyName } from '../queue/duties.ts';
import { createHousekeeping } from '../queue/housekeeping.ts';
import type { Line } from '../queue/line.ts';
import { tracedQueue } from '../queue/traced-queue.ts';
import { createRelease } from '../release/release.ts';
import type { Config } from '../settings.ts';
import { probeDatabase } from '../store/probe.ts';
import { countPendingDeliveries } from '../store/webhooks.ts';
import { packageVersion } from '../version.ts';
import { evaluationOf } from './evaluation-room.ts';
import type { Parts } from './parts.ts';
import { pooledRandomBytes } from './parts.ts';
import { serverStatusOf } from './server-status.ts';
import { sessionRooms } from './session-rooms.ts';
import { catalogOf, limitsOf, retentionOf, vaultsOf, webhooksOf } from './side-rooms.ts';

/** What a server begins with. */
export type Beginning = Pick<Parts, 'log' | 'router' | 'prices' | 'store'> & {
  readonly telemetry: Observation;
  readonly config: Config;
  readonly line: Line;
  readonly in_memory: boolean;
  readonly for_one_command: boolean;
  readonly shadow_pause_ms: number | undefined;
  /** Where the server listens; empty until it does. */
  readonly url: () => string;
};

const pingMs = 15_000;
const shadowPauseMs = 1000;
/** What has no clock of its own by which it looks what there is to do. */
const wakeable = ['release', 'shadows', 'webhooks'] as const;

/** Puts the rooms together. Nothing is under way in them yet. */
export async function createHouse(given: Beginning) {
  const { config, log, telemetry, router, prices, store, line } = given;
  const { bus } = line;
  const queue = tracedQueue(line.queue, telemetry.tracer);
  const clock = createClock(Date.now);
  const ids = createIds(clock, pooledRandomBytes());
  const audit = createAudit({ store, clock, ids, log });
  const parts = { store, queue, bus, clock, ids, audit, log, telemetry, router, prices };
  const duties = createDuties({ ...parts, elapsed: telemetry.elapsed });
  // A command that opens the data by itself acts for whoever runs it.
  const own = given.for_one_command ? localActor : serverActor;
  const keys: Keys = createKeys({ ...parts, randomBytes, own });
  const sign_ins = createSignIns({ ...parts, keys, randomBytes });
  const webhooks = webhooksOf(config, { ...parts, duty: duties.of('webhooks') });
  const vaults = vaultsOf(config, { ...parts, notify: webhooks });
  const blobs = await openBlobs(given.in_memory ? { kind: 'temporary' } : blobPlaceOf(config));
  const files = createFiles({ ...parts, blobs, max_bytes: config.max_file_bytes });
  const mcp = createMcp({
    ...{ clock, pawl_version: packageVersion(), timeout_ms: config.mcp_timeout_ms },
    allow_private: config.allow_private_mcp,
  });
  const { worker, following, ...rooms } = sessionRooms(config, {
    ...parts,
    notify: webhooks,
    vaults,
    files,
    mcp,
  });
  const evaluation = evaluationOf(config, {
    ...parts,
    own: () => ({ base_url: given.url(), api_key: keys.own_secret }),
  });
  const pause_ms = given.shadow_pause_ms ?? shadowPauseMs;
  const shadows = createShadows({ ...parts, ...rooms, ...evaluation, duty: duties.of('shadows'), pause_ms });
  const release = createRelease({
    ...{ ...parts, ...rooms, ...evaluation, notify: webhooks },
    ...{ costOf: prices.costOfSession, elapsed: telemetry.elapsed, duty: duties.of('release') },
  });
  const retention = retentionOf(config, { ...parts, ...rooms, files, duty: duties.of('retention') });
  const readiness = createReadiness({ probe: () => probeDatabase(store), elapsed: telemetry.elapsed });
  addBacklogMetrics(telemetry.registry, {
    turns: () => worker.load().waiting,
    eval_runs: () => queue.waiting('eval_runs'),
    deliveries: () => countPendingDeliveries(store.db),
  });
  const catalog = catalogOf(parts);
  const app = createApp({
    readiness,
    metricsText: telemetry.registry.text,
    ...{ ...parts, ...rooms, files, keys, sign_ins, evaluation, shadows, release, vaults, webhooks },
    // Loaded only when it is wanted: it brings the driver of PostgreSQL along.
    async backup() {
      const { backUpData, backUpMemory } = await import('../transfer.ts');
      return given.in_memory ? backUpMemory(store, blobs) : backUpData(config);
    },
    retention: retention.rules,
    catalog,
    serverStatus: serverStatusOf(config, { ...parts, catalog, waitingTurns: () => worker.load().waiting }),
    key_policy: config.allow_no_key ? 'none' : 'required',
    ...limitsOf(config),
    trusted_proxies: config.trusted_proxies?.split(',').map((part) => part.trim()) ?? [],
    dashboard: config.dashboard && !given.for_one_command ? dashboardFolder : null,
    ping_ms: pingMs,
  });
  // A call that was lost on the way is made again.
  const wake = (name: DutyName): void => duties.of(name).wake();
  const housekeeping = createHousekeeping({
    ...{ duty: duties.of('housekeeping'), log },
    tasks: [worker.recover, () => evaluation.recover(true), async () => wakeable.forEach(wake)],
  });
  return {
    ...{ app, keys, queue, bus, duties, worker, following, housekeeping, evaluation, release, shadows },
    ...{ webhooks, vaults, files, retention, mcp, readiness },
  };
}

export type House = Awaited<ReturnType<typeof createHouse>>;
