import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Beginning, createHouse, type House } from './assembly/house.ts';
import { pricesFor, routerFor } from './assembly/providers.ts';
import type { Log } from './core/log.ts';
import { wholeIds } from './model/model-match.ts';
import type { Router } from './model/router.ts';
import { observe } from './observe/observe.ts';
import { databaseOf } from './places.ts';
import { type Line, lineOfOne, openSharedLine } from './queue/line.ts';
import type { Config } from './settings.ts';
import type { DatabaseInspection } from './store/inspect.ts';
import type { SchemaChange, Waiting } from './store/migrate-store.ts';
import { observedStore } from './store/observed.ts';
import { openStore } from './store/open.ts';
import { packageVersion } from './version.ts';

const webhookGraceMs = 3000;

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
  let line: Line | null = null;
  let url = '';
  try {
    line = in_memory === true ? lineOfOne() : await lineOf(config, log, for_one_command);
    const how = { in_memory: in_memory ?? false, for_one_command: for_one_command ?? false, shadow_pause_ms };
    const parts = { config, log, telemetry, router, prices, store, line, ...how };
    const house = await createHouse({ ...parts, url: () => url });
    const began = await begin(house, { ...parts, onListening: (at) => (url = at) });
    return { url, router, own_key: house.keys.own_secret, ...began, close: () => leave(house, parts) };
  } catch (error) {
    await line?.close();
    await store.close();
    throw error;
  }
}

type Lived = Omit<Beginning, 'url'>;

/** Lets in requests, and sets everything in motion. */
async function begin(
  house: House,
  {
    config,
    in_memory,
    for_one_command,
    onListening,
  }: Lived & { readonly onListening: (url: string) => void },
): Promise<Pick<Server, 'first_key' | 'recovered'>> {
  const { app, keys, queue, bus, duties, worker, evaluation, release } = house;
  // Where others may be at work on them, sessions are taken up by whoever keeps house.
  const recovered = queue.durable ? null : await worker.recover();
  const works = config.role !== 'api';
  // A command has no time for what goes on, unless there is nobody else.
  const hasDuties = works && !(for_one_command && queue.durable);
  if (works) worker.start();
  if (bus.shared) house.following.start();
  try {
    await app.listen({ host: config.host, port: config.port });
    // Only now: a key that is made and then not shown, because the port was taken, would be lost.
    const asksForNone = config.allow_no_key || for_one_command;
    const first_key = asksForNone ? null : await keys.ensureAdmin(config.api_key);
    onListening(addressOf(app.server.address(), config.host));
    await evaluation.recover(!for_one_command);
    if (works) evaluation.start();
    if (hasDuties && queue.durable) house.housekeeping.start();
    // Nobody else could look at rollouts that are in the memory of this process.
    release.recover(in_memory || !for_one_command);
    if (!for_one_command) await goOn(house);
    if (hasDuties) await duties.start();
    house.readiness.start();
    return { first_key, recovered };
  } catch (error) {
    await app.close();
    await house.following.stop();
    await duties.stop();
    await worker.stop(0);
    throw error;
  }
}

/** What a command does not wait for: sessions of users, receivers, other servers' files and tokens. */
async function goOn({ shadows, webhooks, vaults, files, retention }: House): Promise<void> {
  shadows.recover();
  webhooks.start();
  // Requests are answered meanwhile.
  void vaults.start();
  files.start();
  retention.start();
}

/** Ends everything, in the order in which one thing needs another. */
async function leave(house: House, { config, telemetry, line, store }: Lived): Promise<void> {
  house.readiness.drain();
  // What is being posted would be posted again by whoever sees to it next.
  await house.webhooks.stop(webhookGraceMs);
  // Others may see to them from now on.
  await house.duties.stop();
  await house.housekeeping.stop();
  // First, while its sessions can still be put in order.
  await house.release.stopScoring();
  await house.evaluation.stop();
  await house.shadows.stop();
  await house.app.close();
  await house.following.stop();
  await house.release.stop();
  await house.worker.stop(config.stop_grace_ms);
  await house.mcp.stop();
  await house.vaults.stop();
  await house.retention.stop();
  await house.files.stop();
  await telemetry.stop();
  await line.close();
  await store.close();
}

/** How this process works together with others on its database. */
function lineOf(
  { database_url: url, role }: Config,
  log: Log,
  for_one_command = false,
): Line | Promise<Line> {
  if (url === null) return lineOfOne();
  const name = `${hostname()}-${process.pid}-${role}-${randomBytes(4).toString('hex')}`;
  // One that does no work leaves all of it to others.
  return openSharedLine({ url, log, name, for_one_command: for_one_command && role !== 'api' });
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

function addressOf(address: string | { port: number } | null, host: string): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
