import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { CommandError, sentenceOf } from './command-error.ts';

/** The text of a file that the user names. @throws CommandError that names the file. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${sentenceOf(error)}`, { cause: error });
  }
}

/** What YAML, or JSON, says; `path` is what complaints call it. @throws CommandError with the line and the column. */
export function parseYaml(text: string, path: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw new CommandError(`${path}, line ${line}, column ${col}: ${sentenceOf(error)}`, { cause: error });
  }
  try {
    return document.toJS();
  } catch (error) {
    throw new CommandError(`${path}: ${sentenceOf(error)}`, { cause: error });
  }
}
