import { tmpdir } from 'node:os';
import { Client } from 'pg';
import { findInstallation } from '../test/postgres/binaries.ts';
import { startCluster } from '../test/postgres/cluster.ts';
import { clusterBase, makeDirectory } from '../test/postgres/directories.ts';

/** A PostgreSQL server that is thrown away. It flushes nothing to disk, so that what is measured is not the disk. */
export type Postgres = {
  readonly version: string;
  /** Makes an empty database and gives its URL. */
  create(name: string): Promise<string>;
  stop(): Promise<void>;
};

/** Starts one, in memory where the system offers that; one that will be large keeps to the disk. */
export async function startPostgres({ large = false } = {}): Promise<Postgres> {
  const directory = makeDirectory(large ? tmpdir() : clusterBase());
  const cluster = await startCluster(findInstallation(process.env['PAWL_TEST_POSTGRES']), directory);
  return {
    version: cluster.version,
    async create(name) {
      const client = new Client({ connectionString: cluster.url });
      await client.connect();
      await client.query(`create database ${name} template template0`);
      await client.end();
      const url = new URL(cluster.url);
      url.pathname = `/${name}`;
      return url.toString();
    },
    stop: () => cluster.stop(),
  };
}
