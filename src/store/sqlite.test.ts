import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Sqlite from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { insertAuditEntry } from './audit.ts';
import { DatabaseError, DatabaseInUseError } from './dialect.ts';
import { insertKey, listKeys } from './keys.ts';
import { findSession, updateSession } from './sessions.ts';
import { openSqlite } from './sqlite.ts';
import { sampleKey, seedSession } from './store.testsuite.ts';

const list = { name: 'keys', key: ['string', 'string'], backwards: false } as const;
let base: string;
let count = 0;
const children: ChildProcess[] = [];

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'pawl-sqlite-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
});
afterAll(() => rmSync(base, { recursive: true }));

const newFolder = (): string => join(base, `folder-${++count}`);

/** Runs a script in another process, with the store open as `store`. */
function inAnotherProcess(folder: string, script: string): ChildProcess {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const source = `
    import { openSqlite } from ${module('sqlite.ts')};
    import { insertKey } from ${module('keys.ts')};
    const store = await openSqlite(${JSON.stringify(folder)});
    ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

/** Resolves when the process has printed so many lines; the array goes on filling. */
async function linesOf(child: ChildProcess, enough: number): Promise<string[]> {
  const lines: string[] = [];
  if (child.stdout === null) throw new Error('The process has no output');
  const reader = createInterface({ input: child.stdout });
  await new Promise<void>((resolve, reject) => {
    reader.on('line', (line) => {
      lines.push(line);
      if (lines.length >= enough) resolve();
    });
    reader.on('close', () => reject(new Error(`The process ended after ${lines.length} lines`)));
  });
  return lines;
}

describe('A folder', () => {
  test('is made with its parents, and only its owner may look inside', async () => {
    const folder = join(newFolder(), 'deeper');
    await (await openSqlite(folder)).close();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(existsSync(join(folder, 'pawl.db'))).toBe(true);
  });

  test('that was there before keeps its mode, but what is put inside is for its owner alone', async () => {
    const folder = mkdtempSync(join(base, 'open-'));
    chmodSync(folder, 0o755);
    const store = await openSqlite(folder);
    await seedSession(store, 'sesn_1');
    expect(statSync(folder).mode & 0o777).toBe(0o755);
    const modes = ['pawl.db', 'pawl.db-wal'].map((name) => statSync(join(folder, name)).mode & 0o077);
    await store.close();
    expect(modes).toEqual([0, 0]);
  });

  test('keeps everything for the next opening', async () => {
    const folder = newFolder();
    const first = await openSqlite(folder);
    const session = await seedSession(first, 'sesn_1', { title: 'kept' });
    await first.close();
    const second = await openSqlite(folder);
    expect(await findSession(second.db, session.id)).toEqual(session);
    await second.close();
  });
});

describe('Ownership', () => {
  test('a second opening by the same process is refused, and the first goes on', async () => {
    const folder = newFolder();
    const store = await openSqlite(folder);
    const second = openSqlite(folder);
    await expect(second).rejects.toThrow(DatabaseInUseError);
    await expect(second).rejects.toThrow(folder);
    await seedSession(store, 'sesn_1');
    await store.close();
    await (await openSqlite(folder)).close();
  });

  test('another process is refused, until the owner is gone, even by force', async () => {
    const folder = newFolder();
    const owner = inAnotherProcess(folder, `console.log('open'); setInterval(() => {}, 1000);`);
    await linesOf(owner, 1);
    await expect(openSqlite(folder)).rejects.toThrow(DatabaseInUseError);
    await kill(owner);
    await (await openSqlite(folder)).close();
  });

  test('a lock file that is broken is not blamed on another process', async () => {
    const folder = mkdtempSync(join(base, 'broken-'));
    writeFileSync(join(folder, 'pawl.lock'), 'This is not a database. '.repeat(100));
    const opening = openSqlite(folder);
    await expect(opening).rejects.toThrow();
    await expect(opening).rejects.not.toThrow(DatabaseInUseError);
  });
});

describe('What cannot be opened', () => {
  test('a file that is not a database is a DatabaseError that names it', async () => {
    const folder = mkdtempSync(join(base, 'broken-'));
    writeFileSync(join(folder, 'pawl.db'), 'This is not a database. '.repeat(100));
    const opening = openSqlite(folder);
    await expect(opening).rejects.toThrow(DatabaseError);
    await expect(opening).rejects.toThrow(folder);
    rmSync(join(folder, 'pawl.db'));
    // The failure has let go of the lock.
    await (await openSqlite(folder)).close();
  });

  test('a path that is a file is a DatabaseError that names it', async () => {
    const folder = newFolder();
    writeFileSync(folder, '');
    const opening = openSqlite(folder);
    await expect(opening).rejects.toThrow(DatabaseError);
    await expect(opening).rejects.toThrow(folder);
  });
});

describe('A crash', () => {
  const writer = `
    const row = { name: 'n', role: 'editor', hint: 'abcd', created_at: 'now', revoked_at: null };
    for (let i = 0; ; i += 5) {
      await Promise.all([0, 1, 2, 3, 4].map(async (j) => {
        const id = 'key_' + (i + j);
        await store.write((tx) => insertKey(tx, { ...row, id, hash: id }));
        console.log(id);
      }));
    }`;

  test.each([1, 2, 3])('loses nothing that was acknowledged (round %i)', async (round) => {
    const folder = newFolder();
    const child = inAnotherProcess(folder, writer);
    const acknowledged = await linesOf(child, 100 * round);
    await kill(child);
    const store = await openSqlite(folder);
    const page = { list, limit: 1_000_000, order: 'asc', cursor: null } as const;
    const kept = new Set((await listKeys(store.db, page)).map((row) => row.id));
    await store.close();
    expect(acknowledged.length).toBeGreaterThanOrEqual(100 * round);
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  });
});

describe('A store', () => {
  test('finishes what is under way before it closes, and takes nothing more', async () => {
    const folder = newFolder();
    const store = await openSqlite(folder);
    const writing = Array.from({ length: 50 }, (_, i) =>
      store.write((tx) => insertKey(tx, sampleKey(`${i}`))),
    );
    await store.close();
    await Promise.all(writing);
    await expect(store.write((tx) => insertKey(tx, sampleKey('late')))).rejects.toThrow(/not open/);
    const again = await openSqlite(folder);
    expect(await listKeys(again.db, { list, limit: 99, order: 'asc', cursor: null })).toHaveLength(50);
    await again.close();
  });

  test('in memory lets readers in although somebody never stops writing', async () => {
    const store = await openSqlite(null);
    const { id } = await seedSession(store, 'sesn_1');
    let writing = true;
    let writes = 0;
    const writer = (async () => {
      for (; writing && writes < 2000; writes++) {
        const turn = (attempt: number) => store.write((tx) => updateSession(tx, id, { attempt }));
        // Two overlapping chains, so that there is always one that waits.
        await Promise.race([turn(1), turn(2)]);
      }
    })();
    await findSession(store.db, id);
    const waited = writes;
    writing = false;
    await writer;
    await store.close();
    expect(waited).toBeLessThan(100);
  });
});

test('somebody who opens the file with another program replaces no version and no audit entry either', async () => {
  const folder = newFolder();
  const store = await openSqlite(folder);
  const { agent_id } = await seedSession(store, 'sesn_1');
  await store.write(async (tx) => {
    const head = { seq: 1, id: 'aud_1', at: '2026-01-01T00:00:00Z', hash: 'hash', previous_hash: null };
    const fact = {
      action: 'a',
      outcome: 'done' as const,
      actor: '{}',
      reason: null,
      before: '1',
      after: '2',
    };
    await insertAuditEntry(tx, { ...head, ...fact, subject_type: 'agent', subject_id: agent_id });
  });
  await store.close();
  const stranger = new Sqlite(join(folder, 'pawl.db'));
  onTestFinished(() => void stranger.close());
  for (const table of ['agent_versions', 'audit_entries']) {
    const before = stranger.prepare(`select * from ${table}`).all();
    const replace = `insert or replace into ${table} select * from ${table}`;
    expect(() => stranger.exec(replace)).toThrow(`${table} rows are never changed`);
    expect(stranger.prepare(`select * from ${table}`).all()).toEqual(before);
  }
});
