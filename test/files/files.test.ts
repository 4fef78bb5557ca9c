import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Audit, createAudit } from '../../src/access/audit.ts';
import { localActor } from '../../src/access/keys.ts';
import { createClock } from '../../src/core/clock.ts';
import { createIds } from '../../src/core/ids.ts';
import type { PageRequest } from '../../src/core/page.ts';
import type { Blobs } from '../../src/file/blobs.ts';
import type { FileFacts, StoredFile } from '../../src/file/file.ts';
import { createFiles, type Files } from '../../src/file/files.ts';
import { openBlobs } from '../../src/file/open-blobs.ts';
import type { Store } from '../../src/store/dialect.ts';
import { openStore } from '../../src/store/open.ts';
import { quietLog } from '../pawl.ts';
import { type FreshDatabase, migratedDatabase } from '../postgres.ts';
import { eventually } from '../story.ts';

/*
 * The goal: a file that was acknowledged is there until it is deleted or comes to its end, and bytes that belong to no
 * file are gone in the end, wherever it was broken off. The method: the room on each database, bytes in a folder that
 * can be told to fail, a clock that stands still until it is moved, and a crash, which is a new room on what is there.
 */

const hourMs = 3_600_000;
const list = { name: 'files', key: ['string'], backwards: false } as const;
const all: PageRequest = { list, limit: 100, order: 'desc', cursor: null };
const note: FileFacts = { filename: 'note.txt', mime_type: 'text/plain', expires_in_seconds: null };

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let store: Store;
  let audit: Audit;
  let time: number;
  let blobs: Blobs;
  /** The names of all bytes that are there. */
  let kept: Set<string>;
  let broken: { put: Error | null; remove: Error | null };
  let files: Files;

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
  });
  afterAll(async () => {
    await store.close();
    await database?.drop();
  });

  beforeEach(async () => {
    time = Date.now();
    blobs = await openBlobs({ kind: 'temporary' });
    kept = new Set();
    broken = { put: null, remove: null };
    files = newRoom();
  });
  afterEach(async () => {
    broken = { put: null, remove: null };
    for (const { id } of (await files.list(all)).data) await files.remove(id, localActor);
    time += 48 * hourMs;
    await files.tick();
    expect([...kept]).toEqual([]);
    await files.stop();
  });

  /** A new process on what the one before has left, a second later. */
  function restart(): void {
    time += 1000;
    files = newRoom();
  }

  function newRoom(): Files {
    const clock = createClock(() => time);
    const ids = createIds(clock, randomBytes);
    audit = createAudit({ store, clock, ids });
    return createFiles({ store, clock, ids, audit, log: quietLog, blobs: watched(), max_bytes: 1000 });
  }

  function watched(): Blobs {
    return {
      ...blobs,
      async put(name, bytes) {
        kept.add(name);
        const size = await blobs.put(name, bytes);
        if (broken.put !== null) throw broken.put;
        return size;
      },
      async remove(name) {
        if (broken.remove !== null) throw broken.remove;
        await blobs.remove(name);
        kept.delete(name);
      },
    };
  }

  async function* feed(...chunks: string[]): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }

  function upload(facts: Partial<FileFacts> = {}, content = 'Hello'): Promise<StoredFile> {
    return files.upload(async (keep) => {
      await keep(feed(content));
      return { ...note, ...facts };
    }, localActor);
  }

  async function content(id: string): Promise<string> {
    return text((await files.open(id)).bytes);
  }

  const listed = async () => (await files.list(all)).data.map(({ id }) => id);
  const codeOf = (made: Promise<unknown>) =>
    made.then(
      () => null,
      (error: { code?: string; message: string }) => error.code ?? error.message,
    );

  test('a file is there with all that was said of it, and is gone when it is deleted', async () => {
    const file = await upload({ filename: 'ä b.txt', expires_in_seconds: 3600 }, 'Grüße');
    expect(file).toEqual({
      ...{ id: expect.stringMatching(/^file_/), filename: 'ä b.txt', mime_type: 'text/plain', size_bytes: 7 },
      ...{ created_at: expect.any(String), expires_at: expect.any(String) },
    });
    expect(Date.parse(file.expires_at ?? '') - Date.parse(file.created_at)).toBe(hourMs);
    expect(await files.retrieve(file.id)).toEqual(file);
    expect(await content(file.id)).toBe('Grüße');
    await files.remove(file.id, localActor);
    expect(await codeOf(files.retrieve(file.id))).toBe('file_not_found');
    expect(await codeOf(files.open(file.id))).toBe('file_not_found');
    expect(await codeOf(files.remove(file.id, localActor))).toBe('file_not_found');
    expect([...kept]).toEqual([]);
    const page = { list: { name: 'audit', key: ['number'], backwards: false }, limit: 2 } as const;
    const entries = await audit.list({ subject_id: file.id }, { ...page, order: 'asc', cursor: null });
    expect(entries.data.map(({ action, before, after }) => ({ action, before, after }))).toEqual([
      { action: 'file.created', before: null, after: file },
      { action: 'file.deleted', before: file, after: null },
    ]);
  });

  test('an upload that breaks off leaves nothing', async () => {
    const hungUp = files.upload(async (keep) => {
      await keep(feed('half'));
      throw new Error('hung up');
    }, localActor);
    expect(await codeOf(hungUp)).toBe('hung up');
    expect([...kept]).toEqual([]);
    expect(await codeOf(files.upload(async () => note, localActor))).toMatch(/no bytes/);
    expect(await listed()).toEqual([]);
  });

  test.each([
    ['ENOSPC', 'storage_quota_exceeded'],
    ['ECONNREFUSED', 'file_storage_unavailable'],
  ])('bytes that cannot be kept because of %s are %s', async (code, expected) => {
    broken.put = Object.assign(new Error('no'), { code });
    expect(await codeOf(upload())).toBe(expected);
    expect([...kept]).toEqual([]);
    expect(await listed()).toEqual([]);
  });

  test('what a crash leaves of an upload is removed a day later, and no file with it', async () => {
    const file = await upload();
    // The process ends while bytes arrive: nothing of it goes on.
    const { promise: cut, resolve: end } = Promise.withResolvers<void>();
    const lost = files.upload(async (keep) => {
      await keep(feed('lost'));
      await cut;
      throw new Error('crash');
    }, localActor);
    while (kept.size < 2) await turn();
    broken.remove = new Error('crash');
    end();
    expect(await codeOf(lost)).toBe('crash');
    broken.remove = null;
    restart();
    time += 23 * hourMs;
    await files.tick();
    expect(kept.size).toBe(2);
    time += hourMs;
    await files.tick();
    expect([...kept]).toEqual([file.id]);
    expect(await content(file.id)).toBe('Hello');
  });

  test('what a crash leaves of a deletion is removed at the next start', async () => {
    const file = await upload();
    broken.remove = new Error('crash');
    await files.remove(file.id, localActor);
    expect([...kept]).toEqual([file.id]);
    broken.remove = null;
    restart();
    await files.tick();
    expect([...kept]).toEqual([]);
  });

  test('an upload that took so long that its bytes were removed is refused', async () => {
    const late = files.upload(async (keep) => {
      await keep(feed('late'));
      time += 25 * hourMs;
      await files.tick();
      return note;
    }, localActor);
    expect(await codeOf(late)).toMatch(/removed meanwhile/);
    expect(await listed()).toEqual([]);
  });

  test('a file that has expired is still known, but its content is not', async () => {
    const file = await upload({ expires_in_seconds: 3600 });
    const other = await upload();
    time += hourMs + 1;
    expect(await codeOf(files.open(file.id))).toBe('file_expired');
    expect(kept.has(file.id)).toBe(true);
    await files.tick();
    await files.tick();
    expect([...kept]).toEqual([other.id]);
    expect(await codeOf(files.open(file.id))).toBe('file_expired');
    expect(await files.retrieve(file.id)).toEqual(file);
    expect(await listed()).toEqual([other.id, file.id]);
    expect(files.isExpired(file)).toBe(true);
    await files.remove(file.id, localActor);
    expect(await listed()).toEqual([other.id]);
  });

  test('files that a message names have to be there', async () => {
    const file = await upload();
    const brief = await upload({ expires_in_seconds: 3600 });
    await files.requireAll([]);
    await files.requireAll([file.id, brief.id, file.id]);
    time += hourMs + 1;
    const complaint = (id: string) => files.requireAll([file.id, id]).catch((error: unknown) => error);
    expect(await complaint(brief.id)).toMatchObject({
      code: 'invalid_request',
      message: `file_id: file ${brief.id} has expired`,
    });
    for (const id of ['file_unknown', 'note.txt', '', 'file_\0', `file_${'x'.repeat(1000)}`]) {
      const error = await complaint(id);
      expect(error).toMatchObject({ code: 'invalid_request' });
      expect(String(error)).toContain(`file_id: file ${id.slice(0, 100)} does not exist`);
    }
    expect(await codeOf(files.requireAll(Array.from({ length: 2000 }, () => file.id)))).toBeNull();
  });

  test('many files are swept together', async () => {
    const wanted = Array.from({ length: 120 }, () => upload({ expires_in_seconds: 3600 }, 'x'));
    const made = await Promise.all(wanted);
    await files.requireAll(made.map(({ id }) => id));
    time += hourMs + 1;
    await files.tick();
    expect([...kept]).toEqual([]);
  });

  test('bytes that cannot be removed do not keep others from it', async () => {
    const [stuck, other] = [await upload(), await upload()];
    broken.remove = new Error('away');
    await files.remove(stuck.id, localActor);
    time += 1;
    await files.remove(other.id, localActor);
    expect(await codeOf(files.tick())).toBe('away');
    broken.remove = null;
    await files.tick();
    expect([...kept]).toEqual([stuck.id]);
    time += hourMs + 1;
    await files.tick();
    expect([...kept]).toEqual([]);
  });

  test('a file that the database keeps without saying so has its bytes', async () => {
    const { write } = store;
    let writes = 0;
    // The second one is the commit of the upload, whose acknowledgement is lost.
    const spy = vi.spyOn(store, 'write').mockImplementation(async (work) => {
      const done = await write(work);
      if (++writes === 2) throw new Error('connection lost');
      return done;
    });
    expect(await codeOf(upload())).toBe('connection lost');
    spy.mockRestore();
    const [id = ''] = await listed();
    expect(await content(id)).toBe('Hello');
  });

  test('a start sweeps at once, and what goes wrong with that is no end of it', async () => {
    const file = await upload({ expires_in_seconds: 3600 });
    time += hourMs + 1;
    broken.remove = new Error('away');
    files.start();
    await files.stop();
    expect(kept.has(file.id)).toBe(true);
    broken.remove = null;
    restart();
    files.start();
    await eventually('nothing', () => kept.size === 0);
  });

  test('no file is swept before its time', async () => {
    const file = await upload({ expires_in_seconds: 3600 });
    time += hourMs - 1;
    await files.tick();
    expect(await content(file.id)).toBe('Hello');
  });
});
