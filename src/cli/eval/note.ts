import { plain } from '../../core/plain-text.ts';

/** Tells people something beside the result, on standard error. */
export function note(text: string): void {
  process.stderr.write(`${plain(text)}\n`);
}
