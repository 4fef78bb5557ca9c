import { randomBytes, randomFillSync } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Audit, createAudit } from './access/audit.ts';
import { createKeys, type Keys, localActor, serverActor } from './access/keys.ts';
import { createAgents } from './agent/agents.ts';
import { createEnvironments } from './agent/environments.ts';
import { createVersions } from './agent/versions.ts';
import { createApp } from './api/app.ts';
import { createReadiness } from './api/health.ts';
import type { Config } from './config.ts';
import type { Bus } from './core/bus.ts';
import { type Clock, createClock } from './core/clock.ts';
import { createIds, type Ids } from './core/ids.ts';
import type { Log } from './core/log.ts';
import type { Telemetry } from './core/telemetry.ts';
import type { EndpointAddress } from './eval/endpoint.ts';
import { createEndpoints, parseEndpoints } from './eval/endpoints.ts';
import { createEvaluation, type Evaluation } from './eval/evaluation.ts';
import { createShadows } from './eval/shadow/shadows.ts';
import { createAttachments } from './file/attachments.ts';
import type { Blobs } from './file/blobs.ts';
import { createFiles, type Files } from './file/files.ts';
import { type BlobPlace, openBlobs } from './file/open-blobs.ts';
import { createMcp, type Mcp } from './mcp/mcp.ts';
import { type Catalog, createCatalog } from './model/catalog.ts';
import { wholeIds } from './model/model-match.ts';
import { observedRouter } from './model/observed.ts';
import { openPriceFile } from './model/price-file.ts';
import { parsePrices } from './model/price-table.ts';
import { createPrices, type Prices } from './model/prices.ts';
import { defaultRetryLimits } from './model/retry.ts';
import { createRouter, type ProviderLoaders, type Router } from './model/router.ts';
import { defaultRoutes, parseRoutes, type ResolvedRoute } from './model/routes.ts';
import { withSlots } from './model/slots.ts';
import { addBacklogMetrics } from './observe/backlog-metrics.ts';
import { type Observation, observe } from './observe/observe.ts';
import { createDuties, type Duty } from './queue/duties.ts';
import { createHousekeeping } from './queue/housekeeping.ts';
import { type Line, lineOfOne, openSharedLine } from './queue/line.ts';
import type { Queue } from './queue/queue.ts';
import { tracedQueue } from './queue/traced-queue.ts';
import { createRelease } from './release/release.ts';
import { createAsking } from './session/asking.ts';
import { createFollowing } from './session/following.ts';
import { createHistory } from './session/history.ts';
import { createHub } from './session/hub.ts';
import { createInbox } from './session/inbox.ts';
import { createJournal } from './session/journal.ts';
import { observedTurns } from './session/observed-turns.ts';
import { createPreviews } from './session/previews.ts';
import { openExportFolder } from './session/retention/export-folder.ts';
import { createRetention } from './session/retention/retention.ts';
import { createRetentionRules } from './session/retention/rules.ts';
import { createScores } from './session/scores.ts';
import { createSessions, type Sessions } from './session/sessions.ts';
import { createStopping } from './session/stopping.ts';
import { createSystemMessageCheck } from './session/system-messages.ts';
import { createToolboxes } from './session/toolbox.ts';
import { createTurns } from './session/turn.ts';
import { createTurnRecord } from './session/turn-record.ts';
import { requireRoomForTurn } from './session/waiting-turns.ts';
import { createWorker } from './session/worker.ts';
import { listAgentModels } from './store/agent-models.ts';
import type { Store } from './store/dialect.ts';
import { listEvents, listInboxBetween } from './store/events.ts';
import type { DatabaseInspection } from './store/inspect.ts';
import type { SchemaChange, Waiting } from './store/migrate-store.ts';
import { observedStore } from './store/observed.ts';
import { openStore } from './store/open.ts';
import { probeDatabase } from './store/probe.ts';
import { packBackup } from './store/transfer/backup-file.ts';
import { readInMemory, readSnapshot } from './store/transfer/read-backup.ts';
import { openSnapshot } from './store/transfer/snapshot.ts';
import { countPendingDeliveries } from './store/webhooks.ts';
import { createVaults, type Vaults } from './vault/vaults.ts';
import { packageVersion } from './version.ts';
import type { Notify } from './webhook/notify.ts';
import { createPost } from './webhook/post.ts';
import { createWebhooks, type Webhooks } from './webhook/webhooks.ts';

/** A server that is listening. */
export type Server = {
  /** Without a slash at the end. */
  readonly url: string;
  readonly router: Router;
  /** The key that the first start has made, to be shown once; null when there is none to show. */
  readonly first_key: string | null;
  /** A key that opens this server as an editor, for as long as this process runs. */
  readonly own_key: string;
  /** How many sessions an earlier process had left running; null where others may be at work on them. */
  readonly recovered: number | null;
  /** Stops taking requests, lets running turns finish for a while, and closes the database. */
  close(): Promise<void>;
};

export type ServerOptions = {
  readonly config: Config;
  readonly log: Log;
  /** Keep everything in memory, and nothing after the end. */
  readonly in_memory?: boolean;
  /**
   * A server for the length of one command, which holds the only key to it: no first key is made, and eval runs that
   * an earlier process left wait to be resumed.
   */
  readonly for_one_command?: boolean;
  /** How long a shadow with nothing to do rests at first, in milliseconds; a second when left out. */
  readonly shadow_pause_ms?: number | undefined;
};

const pingMs = 15_000;
const shadowPauseMs = 1000;
const vaultTimeoutMs = 10_000;
const webhookTimeoutMs = 10_000;
const webhookGraceMs = 3000;

/**
 * Puts the rooms together and listens.
 * @throws ConfigError, DatabaseInUseError, DatabaseError, or the system's error when the address is taken.
 */
export async function startServer({
  config,
  log,
  in_memory,
  for_one_command,
  shadow_pause_ms,
}: ServerOptions): Promise<Server> {
  const router = routerFor(config);
  const prices = pricesFor(config, { router, log });
  const isNamedModel = (id: string) => router.named.includes(id) || wholeIds(prices.table()).includes(id);
  const telemetry = await observe({ ...config, log, isNamedModel, pawl_version: packageVersion() });
  const opened = await openStore(in_memory === true ? { kind: 'memory' } : databaseOf(config));
  const store = observedStore(opened, telemetry);
  try {
    const how = { in_memory: in_memory ?? false, for_one_command: for_one_command ?? false };
    const line = how.in_memory ? lineOfOne() : await lineOf(config, log);
    return await listen({ config, log, telemetry, router, prices, store, line, ...how, shadow_pause_ms });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The model routes and providers of a configuration. Throws an Error when they do not fit together. */
export function routerFor(config: Config): Router {
  const slots = { max: config.max_requests_per_provider, timeout_ms: config.model_timeout_ms };
  const providers = withSlots(providersOf(config), slots);
  const configured = { anthropic: providers.anthropic !== undefined, openai: providers.openai !== undefined };
  const routes = config.model_routes === null ? defaultRoutes(configured) : parseRoutes(config.model_routes);
  return createRouter({ routes, providers });
}

/** The prices of a configuration. Throws an Error when those that are there cannot be read. */
export function pricesFor(
  { prices_file, model_prices }: Config,
  { router, log }: { readonly router: Router; readonly log: Log },
): Prices {
  const setting = model_prices === null ? [] : parsePrices(model_prices);
  const file = prices_file === null ? null : openPriceFile(prices_file, { now: Date.now, log });
  const table = file === null ? () => setting : () => [...file(), ...setting];
  return createPrices({ table, route: router.route });
}

/** Looks at the database of a configuration without changing it; what is wrong with it stands in the answer. */
export async function inspectDatabase(config: Config): Promise<DatabaseInspection> {
  const { inspectStore } = await import('./store/inspect.ts');
  return inspectStore(databaseOf(config));
}

/**
 * Brings the database of a configuration up to date, without serving from it; with null, only says what there is to do.
 * @throws DatabaseInUseError, DatabaseError
 */
export async function migrateDatabase(config: Config, waiting: Waiting | null): Promise<SchemaChange> {
  const { migrateStore, missingSteps } = await import('./store/migrate-store.ts');
  return waiting === null ? missingSteps(databaseOf(config)) : migrateStore(databaseOf(config), waiting);
}

type Beginning = Pick<Parts, 'log' | 'router' | 'prices' | 'store'> & {
  readonly telemetry: Observation;
  readonly config: Config;
  readonly line: Line;
  readonly in_memory: boolean;
  readonly for_one_command: boolean;
  readonly shadow_pause_ms: number | undefined;
};

async function listen(given: Beginning): Promise<Server> {
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
  let url = '';
  const evaluation = evaluationOf(config, {
    ...parts,
    own: () => ({ base_url: url, api_key: keys.own_secret }),
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
  const app = createApp({
    readiness,
    metricsText: telemetry.registry.text,
    ...{ ...parts, ...rooms, files, keys, evaluation, shadows, release, vaults, webhooks },
    backup: () => backupOf(config, { store, blobs, in_memory: given.in_memory }),
    retention: retention.rules,
    catalog: catalogOf(parts),
    key_policy: config.allow_no_key ? 'none' : 'required',
    ...limitsOf(config),
    trusted_proxies: config.trusted_proxies?.split(',').map((part) => part.trim()) ?? [],
    ping_ms: pingMs,
  });
  const housekeeping = createHousekeeping({
    ...{ duty: duties.of('housekeeping'), log },
    tasks: [worker.recover, () => evaluation.recover(true)],
  });
  // Where others may be at work on them, sessions are taken up by whoever keeps house.
  const recovered = queue.durable ? null : await worker.recover();
  const works = config.role !== 'api';
  // A command has no time for what goes on, unless there is nobody else.
  const hasDuties = works && !(given.for_one_command && queue.durable);
  if (works) worker.start();
  let firstKey: string | null;
  try {
    await app.listen({ host: config.host, port: config.port });
    // Only now: a key that is made and then not shown, because the port was taken, would be lost.
    const asksForNone = config.allow_no_key || given.for_one_command;
    firstKey = asksForNone ? null : await keys.ensureAdmin(config.api_key);
    url = addressOf(app.server.address(), config.host);
    await evaluation.recover(!given.for_one_command);
    if (works) evaluation.start();
    if (bus.shared) following.start();
    if (hasDuties && queue.durable) housekeeping.start();
    // Nobody else could look at rollouts that are in the memory of this process.
    release.recover(given.in_memory || !given.for_one_command);
    // A command does not wait for sessions of users.
    if (!given.for_one_command) shadows.recover();
    // A command does not wait for receivers; what it leaves in the outbox goes out with the next start.
    if (!given.for_one_command) webhooks.start();
    // Requests are answered meanwhile.
    if (!given.for_one_command) void vaults.start();
    // Nor for files that are to be removed.
    if (!given.for_one_command) files.start();
    if (!given.for_one_command) retention.start();
    if (hasDuties) await duties.start();
  } catch (error) {
    await app.close();
    await duties.stop();
    await worker.stop(0);
    await line.close();
    throw error;
  }
  readiness.start();
  return {
    url,
    own_key: keys.own_secret,
    router,
    first_key: firstKey,
    recovered,
    async close() {
      readiness.drain();
      // Others may see to them from now on.
      await duties.stop();
      await housekeeping.stop();
      await following.stop();
      // First, while its sessions can still be put in order.
      await release.stopScoring();
      await evaluation.stop();
      await shadows.stop();
      await app.close();
      await release.stop();
      await worker.stop(config.stop_grace_ms);
      await mcp.stop();
      await vaults.stop();
      await webhooks.stop(webhookGraceMs);
      await retention.stop();
      await files.stop();
      await telemetry.stop();
      await line.close();
      await store.close();
    },
  };
}

/** Everything that a server keeps, as the bytes of a file. */
function backupOf(
  config: Config,
  { store, blobs, in_memory }: { readonly store: Store; readonly blobs: Blobs; readonly in_memory: boolean },
): Readable {
  const made = { pawl: packageVersion(), made_at: new Date().toISOString() };
  // Another connection cannot see what is in memory, and a view of its own is only had by letting nobody write.
  if (in_memory) return packBackup(readInMemory(store, { files: blobs, ...made }));
  const files = config.files_url === null ? blobs : null;
  return packBackup(readSnapshot(() => openSnapshot(databaseOf(config)), { files, ...made }));
}

/** Random bytes from a pool: asking the system for a few at a time costs more than the rest of making an id. */
function pooledRandomBytes(): (size: number) => Uint8Array {
  const pool = new Uint8Array(4096);
  let used = pool.length;
  return (size) => {
    if (used + size > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += size;
    return pool.subarray(used - size, used);
  };
}

/** How many agents' models the list of models has at most; the newest are looked at. */
const mostAgentModels = 1000;

/** What models there are. */
function catalogOf({ store, router, prices }: Parts): Catalog {
  const agentModels = () => listAgentModels(store.db, store.dialect, mostAgentModels);
  return createCatalog({ router, prices, agentModels });
}

/** How this process works together with others on its database. */
function lineOf({ database_url: url, role }: Config, log: Log): Line | Promise<Line> {
  if (url === null) return lineOfOne();
  const name = `${hostname()}-${process.pid}-${role}-${randomBytes(4).toString('hex')}`;
  return openSharedLine({ url, log, name });
}

/** What every room is made of. */
type Parts = {
  readonly store: Store;
  readonly queue: Queue;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly audit: Audit;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly router: Router;
  readonly prices: Prices;
};

/** What becomes of sessions and files that are old. */
function retentionOf(
  config: Config,
  parts: Parts & { readonly sessions: Sessions; readonly files: Files; readonly duty: Duty },
) {
  const folder = config.export_dir === null ? null : openExportFolder(config.export_dir);
  const { retention_days: days, file_retention_days: file_days } = config;
  const defaults = { days, file_days, export: folder !== null };
  return {
    rules: createRetentionRules({ ...parts, defaults }),
    ...createRetention({ ...parts, defaults, folder }),
  };
}

/** Who is told what happens here. */
function webhooksOf(config: Config, parts: Parts & { readonly duty: Duty }): Webhooks {
  const allow_private = config.allow_private_webhooks;
  return createWebhooks({
    ...{ ...parts, allow_private, post: createPost({ allow_private }), randomBytes, random: Math.random },
    deadline: () => AbortSignal.timeout(webhookTimeoutMs),
    pawl_version: packageVersion(),
  });
}

/** What lets sessions in at MCP servers. */
function vaultsOf(config: Config, parts: Parts & { readonly notify: Notify }): Vaults {
  return createVaults({
    ...{ ...parts, allow_private: config.allow_private_mcp, randomBytes },
    ...{ key: config.vault_key, previous_key: config.vault_key_previous },
    deadline: () => AbortSignal.timeout(vaultTimeoutMs),
  });
}

/** Agents, sessions, and the worker that runs their turns. */
function sessionRooms(
  config: Config,
  parts: Parts & {
    readonly notify: Notify;
    readonly vaults: Vaults;
    readonly files: Files;
    readonly mcp: Mcp;
  },
) {
  const { store, router, prices, vaults, files } = parts;
  const max_rounds = config.max_tool_rounds;
  const serves = (model: string): boolean => router.route(model) !== null;
  const versions = createVersions(store);
  const agents = createAgents({ ...parts, versions, serves });
  const environments = createEnvironments(parts);
  const hub = createHub({
    ...parts,
    readAfter: (id, seq) => listEvents(store.db, id, { filter: {}, order: 'asc', after: seq, limit: 1000 }),
    readQueued: (id, between) => listInboxBetween(store.db, id, between),
  });
  const previews = createPreviews({ ...parts, elapsed: () => performance.now() });
  const journal = createJournal({ ...parts, hub });
  const record = createTurnRecord({ ...parts, journal, max_rounds });
  const asked = createTurns({
    ...{ ...parts, versions, record, max_tokens: config.model_max_tokens, hasPrice: prices.hasPrice },
    ...{ toolboxes: createToolboxes(parts), attachments: createAttachments(files) },
    asking: createAsking({
      ...{ ...parts, previews, record, costOf: prices.costOf, random: Math.random },
      router: observedRouter(router, parts.telemetry),
      retries: { ...defaultRetryLimits, max_retries: config.model_max_retries },
    }),
  });
  const turns = observedTurns(asked, parts.telemetry);
  const { max_turns, max_turns_per_agent } = config;
  const worker = createWorker({
    ...{ ...parts, journal, turns, hub, max_turns },
    max_turns_per_agent: max_turns_per_agent ?? max_turns,
  });
  const requireFiles = files.requireAll;
  const max_waiting = config.max_waiting_turns;
  const requireTurn = (): void => requireRoomForTurn({ ...worker.load(), max_waiting });
  const sessions = createSessions({
    ...{ ...parts, hub, journal, agents, environments, versions, serves, requireFiles },
    ...{ hasPrice: prices.hasPrice, requireVaults: vaults.requireUsable },
    ...{ onUncertain: worker.adopt, requireRoomForTurn: requireTurn },
  });
  const inbox = createInbox({
    ...{ ...parts, journal, max_rounds, requireFiles },
    requireSystemMessages: createSystemMessageCheck({ ...parts, versions }),
    ...{ onInterrupt: worker.interrupt, onUncertain: worker.adopt, requireRoomForTurn: requireTurn },
  });
  const stopping = createStopping({
    ...{ ...parts, journal },
    ...{ created: sessions.created, onInterrupt: worker.interrupt },
  });
  const scores = createScores(parts);
  return {
    agents,
    environments,
    versions,
    sessions,
    scores,
    inbox,
    history: createHistory(parts),
    following: createFollowing({ ...parts, hub }),
    hub,
    previews,
    worker,
    stopping,
  };
}

/** `own` is where this server is, once it listens. */
function evaluationOf(
  config: Config,
  { router, prices, own, ...parts }: Parts & { readonly own: () => EndpointAddress },
): Evaluation {
  const named = parseEndpoints(config.eval_endpoints, config.eval_endpoint_keys);
  return createEvaluation({
    ...parts,
    endpoints: createEndpoints(named, own),
    prices: prices.table,
    servedHere: (model) => nameOf(router.route(model)),
    scorer_dir: config.scorer_dir,
    scorer_urls: config.scorer_urls?.split(',').map((part) => part.trim()) ?? [],
    pawl_version: packageVersion(),
  });
}

/** Who answers for a model, as results carry it. */
function nameOf(route: ResolvedRoute | null): string | null {
  return route === null ? null : `${route.provider}/${route.model}`;
}

function providersOf(config: Config): ProviderLoaders {
  const timeouts = { timeout_ms: config.model_timeout_ms, idle_timeout_ms: config.model_idle_timeout_ms };
  const { anthropic_base_url, anthropic_api_key, openai_base_url, openai_api_key } = config;
  // Each client takes a few tenths of a second to load, so it is loaded at its first request.
  return {
    offline: async () => (await import('./model/offline/offline.ts')).offlineProvider(),
    ...(anthropic_api_key === null && anthropic_base_url === null
      ? {}
      : {
          anthropic: async () =>
            (await import('./model/anthropic.ts')).anthropicProvider({
              ...timeouts,
              // Local servers ask for no key, but the client insists on one.
              api_key: anthropic_api_key ?? 'none',
              ...(anthropic_base_url === null ? {} : { base_url: anthropic_base_url }),
            }),
        }),
    ...(openai_api_key === null && openai_base_url === null
      ? {}
      : {
          openai: async () =>
            (await import('./model/openai.ts')).openaiProvider({
              ...timeouts,
              api_key: openai_api_key,
              base_url: openai_base_url ?? 'https://api.openai.com/v1',
            }),
        }),
  };
}

/** What one process lets in at its door. */
function limitsOf({ rate_limit_per_minute, max_failed_keys, max_requests, max_streams }: Config) {
  const elapsed = () => performance.now();
  return { rate_limit_per_minute, max_failed_keys, max_requests, max_streams, elapsed };
}

/** Where the bytes of uploaded files are. */
export function blobPlaceOf(config: Config): BlobPlace {
  const { files_url, files_s3_region: region, data_dir } = config;
  if (files_url === null) return { kind: 'folder', folder: join(data_dir, 'files') };
  const { hostname: bucket, pathname } = new URL(files_url);
  const prefix = pathname.replace(/^\/+|\/+$/g, '');
  return {
    kind: 's3',
    endpoint: config.files_s3_endpoint?.replace(/\/+$/, '') ?? `https://s3.${region}.amazonaws.com`,
    region,
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    access_key_id: config.files_s3_access_key_id ?? '',
    secret_access_key: config.files_s3_secret_access_key ?? '',
  };
}

/** Which database it is. */
export function databaseOf(
  config: Config,
): { kind: 'sqlite'; folder: string } | { kind: 'postgres'; url: string } {
  return config.database_url === null
    ? { kind: 'sqlite', folder: config.data_dir }
    : { kind: 'postgres', url: config.database_url };
}

function addressOf(address: string | { port: number } | null, host: string): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
