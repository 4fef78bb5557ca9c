import { readFileSync } from 'node:fs';
import { PawlError } from '../core/errors.ts';
import { type PinMap, parsePins } from './pins.ts';
import { replaceText } from './replace-file.ts';

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

/** Puts a new text in the place of a pins file in one step. @throws PawlError `invalid_request` when it cannot be written. */
export function replacePinsText(file: string, text: string): void {
  try {
    replaceText(file, text);
  } catch (error) {
    throw cannot(file, 'written', error);
  }
}

function cannot(file: string, be: string, error: unknown): PawlError {
  const why = error instanceof Error ? error.message : String(error);
  return new PawlError('invalid_request', `${file}: cannot be ${be}: ${why}`, { cause: error });
}
