/**
 * Lets many processes die under many sessions, and looks whether anything is lost or doubled: `npm run chaos`, or
 * `npm run chaos -- kills --database sqlite --sessions 500 --seconds 60 --processes 3 --seed 7`. Everything is on loopback, is
 * made for the run, and is gone after it. Ends with 1 when something is wrong.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findInstallation } from '../postgres/binaries.ts';
import { startCluster } from '../postgres/cluster.ts';
import { clusterBase, makeDirectory } from '../postgres/directories.ts';
import { killAndRestart } from './kills.ts';
import { type Place, underTraffic } from './traffic.ts';

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'postgres' },
    sessions: { type: 'string', default: '500' },
    processes: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const [sessions = 0, processes = 0, seconds = 0, seed = 0] = (
  ['sessions', 'processes', 'seconds', 'seed'] as const
).map((name) => {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1 || value > 100_000) complain(`--${name}: a whole number from 1`);
  return value;
});
if (values.database !== 'postgres' && values.database !== 'sqlite')
  complain('--database: postgres or sqlite');

const say = (line: string): void => console.log(line);
const isShared = values.database === 'postgres';
const database = isShared ? await postgres() : await sqlite();
say(`${values.database}, ${sessions} sessions, ${seconds} s, seed ${seed}`);
try {
  const traffic = { place: database.place, processes: isShared ? processes : 1, sessions };
  const figures = await underTraffic(traffic, (fleet) =>
    killAndRestart(fleet, { kills: seconds, everyMs: 1000, seed }),
  );
  const { problems, ...rest } = figures;
  say(JSON.stringify(rest));
  for (const problem of problems.slice(0, 50)) say(`WRONG ${problem}`);
  say(problems.length === 0 ? 'Nothing was lost or doubled.' : `${problems.length} things are wrong.`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await database.remove();
}

async function postgres(): Promise<{ place: Place; remove: () => Promise<void> }> {
  const installation = findInstallation(process.env['PAWL_TEST_POSTGRES']);
  const cluster = await startCluster(installation, makeDirectory(clusterBase()));
  return { place: { database_url: cluster.url }, remove: cluster.stop };
}

async function sqlite(): Promise<{ place: Place; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'pawl-chaos-'));
  return { place: { data_dir: folder }, remove: () => rm(folder, { recursive: true }) };
}

function complain(what: string): never {
  console.error(what);
  process.exit(3);
}
