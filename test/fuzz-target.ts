import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRows } from './database-rows.ts';
import { quietLog, startPawl, type TestPawl } from './pawl.ts';
import { migratedDatabase } from './postgres.ts';
import { converse, makeSetting, openSession } from './story.ts';

export const databases = ['SQLite', 'PostgreSQL'] as const;

type Ids = Readonly<Record<'agent' | 'environment' | 'session' | 'archived' | 'key', string>>;

/** A server with one of everything in it, and the means to attack it and to see what that did. */
export type FuzzTarget = {
  readonly pawl: TestPawl;
  readonly ids: Ids;
  /** Errors in the server's log: there must be none, because each would be an error of the server's own. */
  readonly logged: readonly unknown[];
  /** How many rows each table has. */
  counts(): Promise<string>;
  /** Sends one request; throws unless the answer is a success, or a 4xx in the envelope that stored nothing. */
  check(path: string, init: RequestInit): Promise<void>;
  /** The same, and a success is wrong as well. */
  refuse(path: string, init: RequestInit): Promise<void>;
  close(): Promise<void>;
};

const tables = ['agents', 'agent_versions', 'environments', 'sessions', 'events', 'inbox', 'api_keys'];
const countRows = `select ${tables.map((table) => `(select count(*) from ${table}) as ${table}`).join(', ')}`;

export async function startFuzzTarget(kind: (typeof databases)[number]): Promise<FuzzTarget> {
  const database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
  const folder = mkdtempSync(join(tmpdir(), 'pawl-fuzz-'));
  const place = database === null ? { data_dir: folder } : { database_url: database.url };
  const logged: unknown[] = [];
  const log = { ...quietLog, error: (...line: unknown[]) => void logged.push(line) };
  const pawl = await startPawl(place, { log });
  const rows = await openRows(place);
  const counts = async () => JSON.stringify(await rows.query(countRows));
  const attack = async (path: string, init: RequestInit, refused: boolean): Promise<void> => {
    const before = await counts();
    const response = await fetch(pawl.url + path, init);
    const problem = await complaintAbout(response);
    const name = `${init.method} ${path.slice(0, 200)}`;
    if (problem !== null) throw new Error(`${name}: ${problem}`);
    if (refused && response.status === 200) throw new Error(`${name} was not refused`);
    if (response.status !== 200 && (await counts()) !== before) throw new Error(`${name} stored something`);
  };
  return {
    pawl,
    ids: await makeOneOfEach(pawl),
    logged,
    counts,
    check: (path, init) => attack(path, init, false),
    refuse: (path, init) => attack(path, init, true),
    async close() {
      await rows.close();
      await pawl.server.close();
      await database?.drop();
      rmSync(folder, { recursive: true });
    },
  };
}

async function makeOneOfEach(pawl: TestPawl): Promise<Ids> {
  const { client } = pawl;
  const setting = await makeSetting(client, { system: 'Say hello.' });
  const session = await openSession(client, setting);
  const archived = await openSession(client, setting);
  await converse(client, session.id, 'Hello');
  await client.beta.agents.update(setting.agent.id, { system: 'Say hello twice.' });
  await client.beta.sessions.archive(archived.id);
  const made = await fetch(`${pawl.url}/pawl/v1/keys`, { ...postOf(pawl, '{"name":"k"}') });
  return {
    agent: setting.agent.id,
    environment: setting.environment_id,
    session: session.id,
    archived: archived.id,
    key: ((await made.json()) as { id: string }).id,
  };
}

/** A POST of these bytes as JSON. */
export function postOf(pawl: TestPawl, body: string | Uint8Array<ArrayBuffer>): RequestInit {
  const headers = { 'x-api-key': pawl.key, 'content-type': 'application/json' };
  return { method: 'POST', headers, body };
}

/** What is wrong with an answer; null when it is a success, or a 4xx in the envelope. */
export async function complaintAbout(response: Response): Promise<string | null> {
  const text = await response.text();
  if (response.status === 200) return response.headers.has('request-id') ? null : 'no request id';
  if (response.status < 400 || response.status > 499) return `${response.status} ${text.slice(0, 200)}`;
  return envelopeComplaint(text, response.headers.get('request-id'));
}

/** What is wrong with the body of an error; null when nothing is. */
export function envelopeComplaint(text: string, requestId: string | null): string | null {
  if (requestId === null) return `no request id: ${text.slice(0, 200)}`;
  const body = parsed(text) as {
    type?: unknown;
    error?: { type?: unknown; message?: unknown };
    request_id?: unknown;
  };
  const { type, message } = body?.error ?? {};
  const isEnvelope =
    body?.type === 'error' && typeof type === 'string' && typeof message === 'string' && message !== '';
  if (!isEnvelope) return `no envelope: ${text.slice(0, 200)}`;
  return body.request_id === requestId ? null : 'the request ids differ';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
