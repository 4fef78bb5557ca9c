import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** A new text of a file that nobody sees until it is whole. `commit` or `discard` ends it. */
export type Draft = {
  /** Adds a piece, all of it. Throws what the system says. */
  write(piece: string | Uint8Array): void;
  /**
   * Puts the draft in the place of the file in one step: whoever reads it meanwhile gets the old or the new one whole.
   * A link stays one, and the file keeps its mode. Throws what the system says, and then nothing has changed.
   */
  commit(): void;
  /** Leaves the file as it was. Does nothing after a `commit` that has thrown. */
  discard(): void;
};

/**
 * Begins a new text of a file, which need not be there yet, in its folder, which has to be. Throws what the system
 * says, and an error when the file is a folder, a device or the like, which nothing can be put in the place of.
 */
export function openDraft(file: string): Draft {
  const { path, mode } = placeOf(file);
  // A name that nobody can guess, which must not be there: so no link of somebody else's is written through.
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  const fd = openSync(draft, 'wx', mode ?? usualMode);
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  const discard = (): void => {
    close();
    rmSync(draft, { force: true });
  };
  return {
    write: (piece) => writeFileSync(fd, piece),
    discard,
    commit() {
      try {
        // The mask of the process has had its say when the draft was made.
        if (mode !== null && (fstatSync(fd).mode & modeBits) !== mode) fchmodSync(fd, mode);
        fsyncSync(fd);
        close();
        renameSync(draft, path);
      } catch (error) {
        discard();
        throw error;
      }
    },
  };
}

/** Puts a text in the place of a file, as a draft does. Throws as that does, and leaves nothing behind then. */
export function replaceText(file: string, text: string): void {
  const draft = openDraft(file);
  try {
    draft.write(text);
  } catch (error) {
    draft.discard();
    throw error;
  }
  draft.commit();
}

const usualMode = 0o666;
const modeBits = 0o777;

/** Where a file lies behind its links, and its mode; null when it is not there yet. */
function placeOf(file: string): { readonly path: string; readonly mode: number | null } {
  try {
    const path = realpathSync(file);
    const stat = statSync(path);
    if (!stat.isFile()) throw new Error(`${path} is there, and is no file`);
    return { path, mode: stat.mode & modeBits };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() !== true)
      return { path: file, mode: null };
    // Links that go round in a circle are another error, so that this comes to an end.
    return placeOf(resolve(realpathSync(dirname(file)), readlinkSync(file)));
  }
}
