import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceText } from '../../pin/replace-file.ts';
import { CommandError, sentenceOf } from '../command-error.ts';

/** The bytes of a file, null when there is none. @throws CommandError when it cannot be read. */
export function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new CommandError(`${path} cannot be read: ${sentenceOf(error)}`, { cause: error });
  }
}

/** Puts text in the place of a file in one step, and makes the folders it lies in. @throws CommandError */
export function replaceFile(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    replaceText(path, text);
  } catch (error) {
    throw new CommandError(`${path} cannot be written: ${sentenceOf(error)}`, { cause: error });
  }
}
