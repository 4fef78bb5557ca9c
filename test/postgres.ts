import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Client } from 'pg';
import { inject } from 'vitest';
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
  const maintenance = await serverUrl();
  const name = `pawl_test_${randomBytes(8).toString('hex')}`;
  // Not template1: PostgreSQL refuses to copy a template that somebody is connected to.
  await execute(maintenance, `create database ${name} template template0`);
  const url = new URL(maintenance);
  url.pathname = `/${name}`;
  return {
    url: url.toString(),
    drop: () => execute(maintenance, `drop database if exists ${name} with (force)`),
  };
}

async function serverUrl(): Promise<string> {
  const access = inject('postgres');
  if (access.by === 'url') return access.url;
  const answer = JSON.parse(await text(connect(access.path))) as DoorAnswer;
  if ('error' in answer) throw new Error(answer.error);
  return answer.url;
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
