import { readFileSync, statSync } from 'node:fs';
import type { Log } from '../core/log.ts';
import { type Price, parsePriceFile } from './price-table.ts';

type Deps = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
};

const lookEveryMs = 2000;
/** Somebody who has just written into a file may not be done; and no clock of a file system is coarser. */
const settledAfterMs = 2000;
const mostBytes = 1024 * 1024;

/**
 * Opens a file of prices and gives what reads it: the rows of its last good state. Nothing watches the file and no
 * timer runs; at most every two seconds a call looks whether it has changed. One that is gone or broken then keeps the
 * rows that there were, and the log says once what is wrong.
 * @throws Error when it is missing or broken now; the sentence says what is wrong.
 */
export function openPriceFile(path: string, { now, log }: Deps): () => readonly Price[] {
  let lookedAt = now();
  let seen = stateOf(path).id;
  let rows: readonly Price[] = readPrices(path, readText(path));
  let told: string | null = null;

  function look(at: number): void {
    // Taken before the text, so that a change between the two is seen at the next look.
    const { id, changed_at } = stateOf(path);
    const age = at - changed_at;
    if (id === seen || (age >= 0 && age < settledAfterMs)) return;
    const text = readText(path);
    // What could be read and is wrong stays wrong until it is written anew.
    seen = id;
    rows = readPrices(path, text);
    told = null;
    log.info({ file: path, prices: rows.length }, 'The prices were read again');
  }

  return () => {
    const at = now();
    if (Math.abs(at - lookedAt) < lookEveryMs) return rows;
    lookedAt = at;
    try {
      look(at);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== told) log.error({ problem }, 'The prices cannot be read; those from before stay');
      told = problem;
    }
    return rows;
  };
}

/** @throws Error with the path in its sentence, as those below do */
function readPrices(path: string, text: string): Price[] {
  try {
    return parsePriceFile(text);
  } catch (error) {
    throw unusable(path, error);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unusable(path, error);
  }
}

function stateOf(path: string): { readonly id: string; readonly changed_at: number } {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    if (size > mostBytes) throw new Error(`it is larger than ${mostBytes} bytes`);
    return { id: [dev, ino, size, mtimeMs, ctimeMs].join('/'), changed_at: mtimeMs };
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const what = code === 'ENOENT' ? 'there is no such file' : message;
  return new Error(`The prices in ${path} cannot be used: ${what}.`, { cause: error });
}
