import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Client } from 'pg';
import { inject } from 'vitest';
import { openSharedLine } from '../src/queue/line.ts';
import { openStore } from '../src/store/open.ts';
import type { DoorAnswer } from './postgres-setup.ts';

/** An empty PostgreSQL database of one suite's own. */
export type FreshDatabase = {
  readonly url: string;
  /** Removes the database, ending what is still connected to it. Call it in `afterAll`. */
  drop(): Promise<void>;
};

/**
 * Creates an empty database on the server of this test run, starting that server when nobody has asked before
 * (about two seconds, once per run).
 */
export async function freshDatabase(): Promise<FreshDatabase> {
  // Not template1: PostgreSQL refuses to copy a template that somebody is connected to.
  return copyOf('template0', await serverUrl());
}

/**
 * Creates a database with all tables and queues in it, as a server that has just started would leave it, and no row of
 * its own. Making them takes several times as long as a copy; how they are made is a matter of few tests.
 */
export async function migratedDatabase(): Promise<FreshDatabase> {
  const maintenance = await serverUrl();
  // On somebody's own server nothing is left behind: there the tables are made by whoever opens the database.
  if (inject('postgres').by === 'url') return freshDatabase();
  made ??= execute(maintenance, makeTemplate);
  await made;
  return copyOf(template, maintenance);
}

async function copyOf(original: string, maintenance: string): Promise<FreshDatabase> {
  const name = `pawl_test_${randomBytes(8).toString('hex')}`;
  await execute(maintenance, `create database ${name} template ${original}`);
  return {
    url: databaseAt(maintenance, name),
    drop: () => execute(maintenance, `drop database if exists ${name} with (force)`),
  };
}

function databaseAt(maintenance: string, name: string): string {
  const url = new URL(maintenance);
  url.pathname = `/${name}`;
  return url.toString();
}

const template = 'pawl_template';
/** Whether there is one, as far as this worker knows. */
let made: Promise<void> | undefined;

/** Makes what migrated databases are copied from, unless another worker has. */
async function makeTemplate(client: Client): Promise<void> {
  // Until the connection ends.
  await client.query('select pg_advisory_lock(1)');
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [template]);
  if (rowCount === 1) return;
  const half = `${template}_half`;
  await client.query(`create database ${half} template template0`);
  const { host, port, user } = client;
  const url = databaseAt(`postgresql://${user}@${host}:${port}/`, half);
  const store = await openStore({ kind: 'postgres', url });
  await store.close();
  const nobody = () => {};
  const log = { debug: nobody, info: nobody, warn: nobody, error: nobody };
  const line = await openSharedLine({ url, log, name: 'template' });
  await line.close();
  await execute(url, 'delete from pgboss.instance');
  // It has no name until it is whole, and is not copied while somebody is connected.
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [half]);
  await client.query(`alter database ${half} rename to ${template}`);
}

async function serverUrl(): Promise<string> {
  const access = inject('postgres');
  if (access.by === 'url') return access.url;
  const answer = JSON.parse(await text(connect(access.path))) as DoorAnswer;
  if ('error' in answer) throw new Error(answer.error);
  return answer.url;
}

async function execute(url: string, work: string | ((client: Client) => Promise<void>)): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await (typeof work === 'string' ? client.query(work) : work(client));
  } finally {
    await client.end();
  }
}
