import { afterAll, beforeAll, expect, test } from 'vitest';
import { findInstallation } from '../postgres/binaries.ts';
import { type Cluster, crashSettings, startCluster } from '../postgres/cluster.ts';
import { clusterBase, makeDirectory } from '../postgres/directories.ts';
import { takeDatabaseAway } from './outages.ts';
import { underTraffic } from './traffic.ts';

/*
 * The goal: PostgreSQL may crash and come back. Nothing that was acknowledged is lost, the processes stay, say that they are not
 * ready, and go on with every turn by themselves. `npm run chaos -- outage` keeps it away for half a minute.
 */

let cluster: Cluster;

beforeAll(async () => {
  const installation = findInstallation(process.env['PAWL_TEST_POSTGRES']);
  cluster = await startCluster(installation, makeDirectory(clusterBase()), crashSettings);
});

afterAll(() => cluster.stop());

test('PostgreSQL crashes, is away for a while, and comes back to the same processes', async () => {
  const traffic = { place: { database_url: cluster.url }, processes: 2, sessions: 12 };
  const figures = await underTraffic(traffic, (fleet) =>
    takeDatabaseAway(fleet, { cluster, awayMs: 2000, beforeMs: 1000 }),
  );
  expect(figures.problems).toEqual([]);
}, 90_000);
