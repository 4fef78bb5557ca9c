import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PawlError } from '../core/errors.ts';
import { type PinMap, parsePins } from './pins.ts';

/** Reads a pins file. @throws PawlError `invalid_request` when it is not there or broken, with the reason. */
export function readPins(file: string): PinMap {
  const text = readPinsText(file);
  if (text !== null) return parsePins(text, file);
  throw missingPins(file);
}

/** What to say where a pins file is not there. */
export function missingPins(file: string): PawlError {
  return new PawlError('invalid_request', `${file}: there is no such file; \`pawl pin set\` makes it`);
}

/** The text of a pins file; null when there is no file. @throws PawlError `invalid_request` when it cannot be read. */
export function readPinsText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cannot(file, 'read', error);
  }
}

/**
 * Puts a new text in the place of a pins file in one step: whoever reads it meanwhile gets the old or the new one
 * whole. A link stays one, and the file keeps its mode.
 * @throws PawlError `invalid_request` when it cannot be written.
 */
export function replacePinsText(file: string, text: string): void {
  let temporary: string | null = null;
  try {
    const { path, mode } = placeOf(file);
    temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
    const fd = openSync(temporary, 'wx', mode);
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    if (temporary !== null) rmSync(temporary, { force: true });
    throw cannot(file, 'written', error);
  }
}

const usualMode = 0o666;

function placeOf(file: string): { readonly path: string; readonly mode: number } {
  try {
    const path = realpathSync(file);
    return { path, mode: statSync(path).mode };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { path: file, mode: usualMode };
    throw error;
  }
}

function cannot(file: string, be: string, error: unknown): PawlError {
  const why = error instanceof Error ? error.message : String(error);
  return new PawlError('invalid_request', `${file}: cannot be ${be}: ${why}`, { cause: error });
}
