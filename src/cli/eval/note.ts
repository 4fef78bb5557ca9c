import { printable } from '../output.ts';

/** Tells people something beside the result, on standard error. */
export function note(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}
