import { columns, paintFor, print } from '../output.ts';

/** Prints rows under their heads on standard output; a row may be marked, and stands out where there are colours. */
export function printTable(
  heads: readonly string[],
  rows: readonly { readonly cells: readonly string[]; readonly marked?: boolean }[],
): void {
  const { bold, yellow } = paintFor(process.stdout);
  const [head = '', ...lines] = columns([heads, ...rows.map(({ cells }) => cells)]);
  print([bold(head), ...lines.map((line, i) => (rows[i]?.marked === true ? yellow(line) : line))].join('\n'));
}

/** A version, or the word for none. */
export function versionText(version: number | null): string {
  return version === null ? 'none' : String(version);
}
