import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { CommandError, sentenceOf } from '../command-error.ts';
import { entriesOf, numberIn, type Shape } from './field-flags.ts';

type Fields = Readonly<Record<string, Shape>>;

const maxBytes = 64 * 1024 * 1024;

/**
 * Reads the lists of a calculation's input from the columns of a CSV file; a column is called as its field, or by the
 * singular. Columns of other names are left out.
 * @throws CommandError that names the file, and the row and column.
 */
export function readColumns(path: string, fields: Fields): Readonly<Record<string, unknown>> {
  try {
    return columnsIn(readFileSync(path, 'utf8'), { path, fields });
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${path} cannot be read: ${sentenceOf(error)}`, { cause: error });
  }
}

/** Reads the text of such a file; `path` is what complaints call it. @throws CommandError, CsvError */
export function columnsIn(
  text: string,
  { path, fields }: { readonly path: string; readonly fields: Fields },
): Readonly<Record<string, unknown>> {
  if (text.length > maxBytes) throw new CommandError(`${path} is larger than 64 MiB`);
  const table = parse(text, { bom: true, skip_empty_lines: true, trim: true });
  const [heads = [], ...rows] = table;
  const column = (names: readonly string[], type: 'numbers' | 'names'): (string | number)[] | null => {
    const place = heads.findIndex((head) => names.includes(head));
    if (place === -1) return null;
    return rows.map((row, i) => {
      const cell = row[place] ?? '';
      const number = type === 'names' ? cell : numberIn(cell);
      if (number !== null) return number;
      throw new CommandError(
        `${path}, row ${i + 2}: ${heads[place]} must be a number, and is ${JSON.stringify(cell)}`,
      );
    });
  };
  const found: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (field.type !== 'array') continue;
    const kind = entriesOf(field);
    const values =
      kind === 'others' ? records(field.items?.properties ?? {}, column) : column(spellings(name), kind);
    if (values !== null) found[name] = values;
  }
  if (Object.keys(found).length === 0) {
    const lists = Object.keys(fields).filter((name) => fields[name]?.type === 'array');
    const wanted = lists.length === 0 ? 'this calculation takes none' : `it takes ${lists.join(', ')}`;
    throw new CommandError(`${path} has none of the columns of this calculation; ${wanted}`);
  }
  return found;
}

/** A list of records has a column for each of their fields. */
function records(
  properties: Fields,
  column: (names: readonly string[], type: 'numbers') => (string | number)[] | null,
): Record<string, string | number>[] | null {
  const columns = Object.keys(properties).map((name) => [name, column(spellings(name), 'numbers')] as const);
  const length = columns[0]?.[1]?.length ?? 0;
  if (columns.some(([, values]) => values === null)) return null;
  return Array.from({ length }, (_, i) =>
    Object.fromEntries(
      columns.flatMap(([name, values]) => (values?.[i] === undefined ? [] : [[name, values[i]]])),
    ),
  );
}

function spellings(name: string): string[] {
  return name.endsWith('s') ? [name, name.slice(0, -1)] : [name];
}
