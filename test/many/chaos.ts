/**
 * Disturbs processes under many sessions, and looks whether anything is lost or doubled. Everything is on loopback, is made for
 * the run, and is gone after it. Ends with 1 when something is wrong.
 *
 *     npm run chaos                                       kills three processes on PostgreSQL for a minute, in turn
 *     npm run chaos -- kills --database sqlite            kills the one process on SQLite
 *     npm run chaos -- replace --sessions 100             ends one after the other in good order
 *     npm run chaos -- outage --seconds 30                takes PostgreSQL away for so long
 *     npm run chaos -- take-over --kills 10               how long it takes until another process goes on
 *
 * Also: --sessions 500, --processes 3, and --seed, which decides who is killed when.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findInstallation } from '../postgres/binaries.ts';
import { type Cluster, crashSettings, startCluster } from '../postgres/cluster.ts';
import { clusterBase, makeDirectory } from '../postgres/directories.ts';
import { killAndRestart, replaceEach } from './kills.ts';
import { takeDatabaseAway } from './outages.ts';
import { timeTakeOvers } from './take-over.ts';
import { type Fleet, type Place, underTraffic } from './traffic.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    database: { type: 'string', default: 'postgres' },
    sessions: { type: 'string', default: '500' },
    processes: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '60' },
    kills: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(1 + (Date.now() % 100_000)) },
  },
});
const sessions = wholeNumber('sessions');
const processes = wholeNumber('processes');
const seconds = wholeNumber('seconds');
const kills = wholeNumber('kills');
const seed = wholeNumber('seed');
const [scenario = 'kills'] = positionals;
const isShared = values.database === 'postgres';
if (!isShared && values.database !== 'sqlite') complain('--database: postgres or sqlite');
if (!isShared && scenario !== 'kills') complain(`${scenario} needs PostgreSQL`);

/** How long processes that are replaced let turns go on, which is shorter than the model takes. */
const graceMs = 100;
const takeOverWithinS = 15;

const problems = await (isShared ? onPostgres() : onSqlite());
for (const problem of problems.slice(0, 50)) print(`WRONG ${problem}`);
print(problems.length === 0 ? 'Nothing is wrong.' : `${problems.length} things are wrong.`);
process.exitCode = problems.length === 0 ? 0 : 1;

async function onPostgres(): Promise<readonly string[]> {
  const installation = findInstallation(process.env['PAWL_TEST_POSTGRES']);
  const cluster = await startCluster(installation, makeDirectory(clusterBase()), crashSettings);
  try {
    return await (scenario === 'take-over'
      ? takeOvers(cluster)
      : traffic({ database_url: cluster.url }, cluster));
  } finally {
    await cluster.stop();
  }
}

async function onSqlite(): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pawl-chaos-'));
  try {
    return await traffic({ data_dir: folder }, null);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function traffic(place: Place, cluster: Cluster | null): Promise<readonly string[]> {
  const many = cluster === null ? 1 : processes;
  print(`${scenario}: ${values.database}, ${many} processes, ${sessions} sessions, seed ${seed}`);
  const options = { place, processes: many, sessions };
  const member = { settings: { stop_grace_ms: String(graceMs) } };
  const figures = await underTraffic(
    { ...options, ...(scenario === 'replace' ? { member, modelMs: 500 } : {}) },
    (fleet) => disturb(fleet, cluster),
  );
  const { problems: found, ...rest } = figures;
  print(JSON.stringify(rest));
  return found;
}

function disturb(fleet: Fleet, cluster: Cluster | null): Promise<void> {
  if (scenario === 'kills') return killAndRestart(fleet, { kills: seconds, everyMs: 1000, seed });
  if (scenario === 'replace') return replaceEach(fleet);
  if (scenario === 'outage' && cluster !== null)
    return takeDatabaseAway(fleet, { cluster, awayMs: seconds * 1000, beforeMs: 5000 });
  return complain(`${scenario}: kills, replace, outage or take-over`);
}

async function takeOvers({ url }: Cluster): Promise<readonly string[]> {
  const taken = (await timeTakeOvers(url, kills)).toSorted((a, b) => a - b);
  const [median = 0, longest = 0] = [taken[Math.floor(taken.length / 2)], taken.at(-1)];
  print(`${taken.length} take-overs: median ${median.toFixed(1)} s, longest ${longest.toFixed(1)} s`);
  return longest <= takeOverWithinS ? [] : [`a take-over took ${longest.toFixed(1)} s`];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function wholeNumber(name: 'sessions' | 'processes' | 'seconds' | 'kills' | 'seed'): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 1 && value <= 100_000) return value;
  return complain(`--${name}: a whole number from 1 to 100000`);
}

function complain(what: string): never {
  process.stderr.write(`${what}\n`);
  process.exit(3);
}
