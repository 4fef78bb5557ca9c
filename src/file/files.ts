import type { Readable } from 'node:stream';
import type { Audit } from '../access/audit.ts';
import type { Actor } from '../access/keys.ts';
import type { AuditFact } from '../core/audit-entry.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import { type Ids, isId } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import { type BidirectionalPage, type PageRequest, pageOf } from '../core/page.ts';
import type { Handle, Store } from '../store/dialect.ts';
import {
  deleteFile,
  deleteLooseBlob,
  type FileRow,
  findFiles,
  insertFile,
  insertLooseBlob,
  listFiles,
  lockFile,
} from '../store/files.ts';
import { isNamedInSession } from '../store/session-files.ts';
import type { Blobs } from './blobs.ts';
import type { FileFacts, StoredFile } from './file.ts';
import { storageFailure } from './storage-failure.ts';
import { createSweep } from './sweep.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly audit: Audit;
  readonly log: Log;
  readonly blobs: Blobs;
  /** The largest file that is taken, in bytes. */
  readonly max_bytes: number;
};

/**
 * Brings the bytes of an upload, by calling `keep` with them once, and then says what they are. Bytes come before all
 * that stands behind them in a form.
 */
export type FileSource = (keep: (bytes: AsyncIterable<Uint8Array>) => Promise<void>) => Promise<FileFacts>;

/** After this long, bytes whose upload has not come to its end belong to nobody. No request takes nearly as long. */
const uploadUs = 24 * 3_600_000_000;
const askedTogether = 500;

/**
 * Files that users have uploaded. Bytes are written down as loose before they come, and a file is there from the moment
 * that they are safe and loose no more: what a crash leaves behind is known by name, and nothing else is ever removed.
 */
export function createFiles(deps: Deps) {
  const { store, clock, ids, audit, blobs, max_bytes } = deps;
  const sweep = createSweep(deps);
  const now = (): string => formatTime(clock.now());

  /** Removes loose bytes at once; when that fails, the sweep does it when they are due. */
  async function discard(id: string): Promise<void> {
    await sweep.remove(id).catch((error: unknown) => {
      deps.log.warn(
        { file_id: id, err: error },
        'The bytes of a file could not be removed; trying again later',
      );
    });
  }

  async function keep(id: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
    const due_at = formatTime(clock.now() + uploadUs);
    await store.write((tx) => insertLooseBlob(tx, { id, due_at }));
    return blobs.put(id, bytes).catch((error: unknown) => {
      throw storageFailure(error);
    });
  }

  /** Takes the bytes of an upload; when it throws, nothing is kept of them. */
  async function receive(id: string, source: FileSource): Promise<{ size: number; facts: FileFacts }> {
    let size: number | null = null;
    let begun = false;
    try {
      const facts = await source(async (bytes) => {
        begun = true;
        size = await keep(id, bytes);
      });
      if (size === null) throw new TypeError('The source has brought no bytes');
      return { size, facts };
    } catch (error) {
      if (begun) await discard(id);
      throw error;
    }
  }

  async function commit(id: string, size_bytes: number, facts: FileFacts, by: Actor): Promise<StoredFile> {
    const { filename, mime_type, expires_in_seconds: seconds } = facts;
    const at = clock.now();
    const expires_at = seconds === null ? null : formatTime(at + seconds * 1_000_000);
    const file = { id, filename, mime_type, size_bytes, created_at: formatTime(at), expires_at };
    await store.write(async (tx) => {
      if (!(await deleteLooseBlob(tx, id))) throw new Error(`The bytes of ${id} were removed meanwhile`);
      await insertFile(tx, { ...file, expired: 0 });
      await audit.append(tx, fact('created', by, { before: null, after: file }));
    });
    return file;
  }

  async function forget(tx: Handle, id: string, by: Actor): Promise<void> {
    const row = requireFile(await deleteFile(tx, id), id);
    await insertLooseBlob(tx, { id, due_at: now() });
    await audit.append(tx, fact('deleted', by, { before: read(row), after: null }));
  }

  /** Those of these files that are there, expired ones included, by id. */
  async function known(wanted: readonly string[]): Promise<Map<string, FileRow>> {
    const asked = [...new Set(wanted)].filter((id) => isId('file', id));
    const found = new Map<string, FileRow>();
    for (let from = 0; from < asked.length; from += askedTogether) {
      const rows = await findFiles(store.db, asked.slice(from, from + askedTogether));
      for (const row of rows) found.set(row.id, row);
    }
    return found;
  }

  return {
    ...{ max_bytes, start: sweep.start, tick: sweep.tick },

    /**
     * Takes a file. Once it has resolved, the file outlasts a crash; when it throws, nothing is kept for longer than a
     * day, unless the database did not say whether it knows of the file.
     * @throws PawlError `storage_quota_exceeded`, `file_storage_unavailable`, and whatever the source throws.
     */
    async upload(source: FileSource, by: Actor): Promise<StoredFile> {
      const id = ids.next('file');
      const { size, facts } = await receive(id, source);
      // If this fails it may have been done all the same, and the bytes stay. If not, the sweep removes them.
      return commit(id, size, facts, by);
    },

    /** @throws PawlError `file_not_found` */
    async retrieve(id: string): Promise<StoredFile> {
      return read(requireFile((await known([id])).get(id), id));
    },

    /** Those of these files that are there, expired ones included, the newest first. */
    async find(wanted: readonly string[]): Promise<StoredFile[]> {
      const found = [...(await known(wanted)).values()].map(read);
      return found.sort((a, b) => (a.id < b.id ? 1 : -1));
    },

    /** Files by the time of their upload, expired ones included. */
    async list(request: PageRequest): Promise<BidirectionalPage<StoredFile>> {
      const page = pageOf(await listFiles(store.db, request), request, ({ id }) => [id]);
      return { ...page, data: page.data.map(read) };
    },

    /**
     * A file and its bytes, to be read once.
     * @throws PawlError `file_not_found`, `file_expired`, `file_storage_unavailable`
     */
    async open(id: string): Promise<{ readonly file: StoredFile; readonly bytes: Readable }> {
      const row = requireFile((await known([id])).get(id), id);
      if (isOver(row, now())) throw new PawlError('file_expired', `file ${id} has expired`);
      const bytes = await blobs.get(id).catch((error: unknown) => {
        throw storageFailure(error);
      });
      if (bytes === null) throw new PawlError('file_not_found', `the bytes of file ${id} are gone`);
      return { file: read(row), bytes };
    },

    /** Deletes a file and its bytes. @throws PawlError `file_not_found` */
    async remove(id: string, by: Actor): Promise<void> {
      await store.write((tx) => forget(tx, id, by));
      await discard(id);
    },

    /** Deletes a file and its bytes, unless an open session names it; whether it did. */
    async removeUnnamed(id: string, by: Actor): Promise<boolean> {
      const isGone = await store.write(async (tx) => {
        // Locked first: whoever is about to name it is waited for, and is then seen.
        if (!(await lockFile(tx, store.dialect, id)) || (await isNamedInSession(tx, id))) return false;
        await forget(tx, id, by);
        return true;
      });
      if (isGone) await discard(id);
      return isGone;
    },

    /** @throws PawlError `invalid_request` that names the first of these files that is not there, or has expired. */
    async requireAll(wanted: readonly string[]): Promise<void> {
      const found = await known(wanted);
      const at = now();
      for (const id of wanted) {
        const row = found.get(id);
        const wrong = row === undefined ? 'does not exist' : isOver(row, at) ? 'has expired' : null;
        if (wrong !== null) throw new PawlError('invalid_request', `file_id: ${shown(id)} ${wrong}`);
      }
    },

    /** Whether its bytes are no longer given out. */
    isExpired: (file: StoredFile): boolean => isOver(file, now()),

    /** Ends sweeping, and removes what was not to outlast the server. */
    async stop(): Promise<void> {
      await sweep.stop();
      await blobs.close();
    },
  };
}

export type Files = ReturnType<typeof createFiles>;

function isOver({ expires_at }: StoredFile, now: string): boolean {
  return expires_at !== null && expires_at <= now;
}

function read({ expired: _, ...file }: FileRow): StoredFile {
  return file;
}

function requireFile(row: FileRow | null | undefined, id: string): FileRow {
  if (row === null || row === undefined) throw new PawlError('file_not_found', `${shown(id)} does not exist`);
  return row;
}

/** Ids that come with a message may be of any length. */
function shown(id: string): string {
  return `file ${id.slice(0, 100)}`;
}

function fact(
  what: 'created' | 'deleted',
  actor: Actor,
  change: { readonly before: StoredFile | null; readonly after: StoredFile | null },
): AuditFact {
  const { before, after } = change;
  const subject = { type: 'file', id: (after ?? before)?.id ?? '' };
  return { action: `file.${what}`, outcome: 'done', actor, subject, reason: null, before, after };
}
