import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The cells of the first table under a heading of a reference page, row by row, without its head and without code marks. */
export function cellsUnder(page: string, heading: string): string[][] {
  const text = readFileSync(join(import.meta.dirname, '../../docs/reference', page), 'utf8');
  const [, section] = text.split(new RegExp(`^#+ ${heading}$`, 'm'));
  if (section === undefined) throw new Error(`${page} has no heading "${heading}"`);
  const [, table = ''] = /(?:^|\n)\|.*\n\|[-|: ]+\n((?:\|.*\n)*)/.exec(section) ?? [];
  const rows = table.trimEnd().split('\n');
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}
