import { chmodSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { findInstallation, type Installation } from './postgres/binaries.ts';
import { type Cluster, startCluster } from './postgres/cluster.ts';
import {
  clusterBase,
  makeDirectory,
  removeDirectory,
  removeStaleDirectories,
} from './postgres/directories.ts';

/**
 * How a suite reaches PostgreSQL: a server that the developer named, or a door. The door is a socket; whoever
 * connects is told the server's URL, and the first to ask has the server made. A run that needs no database
 * therefore does not pay for one.
 */
export type PostgresAccess =
  | { readonly by: 'url'; readonly url: string }
  | { readonly by: 'door'; readonly path: string };

/** What comes out of the door, as one line of JSON. */
export type DoorAnswer = { readonly url: string } | { readonly error: string };

declare module 'vitest' {
  interface ProvidedContext {
    postgres: PostgresAccess;
  }
}

/** Runs once before all suites; what it returns runs once after them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const named = process.env['PAWL_TEST_DATABASE_URL'];
  if (named !== undefined && named !== '') {
    project.provide('postgres', { by: 'url', url: named });
    return async () => undefined;
  }
  // Looked for even when no suite will ask, so that a machine without PostgreSQL is noticed at once.
  const installation = findInstallation(process.env['PAWL_TEST_POSTGRES']);
  const base = clusterBase();
  removeStaleDirectories(base);
  const directory = makeDirectory(base);
  let cluster: Promise<Cluster> | undefined;
  const path = join(directory, 'door');
  const door = await openDoor(path, () => {
    cluster ??= announced(project, installation, directory);
    return cluster;
  });
  project.provide('postgres', { by: 'door', path });
  return async () => {
    door.close();
    const started = await cluster?.catch(() => undefined);
    await started?.stop();
    removeDirectory(directory);
  };
}

async function announced(
  project: TestProject,
  installation: Installation,
  directory: string,
): Promise<Cluster> {
  const begun = performance.now();
  const cluster = await startCluster(installation, directory);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  project.vitest.logger.log(
    `PostgreSQL ${cluster.version} (${installation.origin}) is up after ${seconds} s.`,
  );
  return cluster;
}

async function openDoor(path: string, ask: () => Promise<Cluster>): Promise<Server> {
  const door = createServer((visitor) => {
    const answer = (words: DoorAnswer) => visitor.end(`${JSON.stringify(words)}\n`);
    visitor.on('error', () => undefined);
    ask().then(
      (cluster) => answer({ url: cluster.url }),
      (error: unknown) => answer({ error: String(error) }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    door.once('error', reject);
    door.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return door;
}
