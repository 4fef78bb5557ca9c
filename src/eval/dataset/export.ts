import { PawlError } from '../../core/errors.ts';
import type { Json } from '../../core/evaluation.ts';
import type { Store } from '../../store/dialect.ts';
import type { Case } from '../case.ts';
import { meaningfulNames } from './columns.ts';
import { jsonColumns, jsonSuffix } from './csv.ts';
import type { FileFormat } from './feed.ts';
import { pagesOf } from './pages.ts';

type Revision = { readonly id: string; readonly cases: number };

/**
 * The text of a revision as a file, in pieces of whole lines. Imported again without a mapping, it gives the same
 * revision hash.
 * @throws PawlError `invalid_request` when the cases have more different fields than a CSV file has columns.
 */
export async function exportRevision(
  store: Store,
  revision: Revision,
  format: FileFormat,
): Promise<AsyncIterable<string>> {
  if (format === 'jsonl') return jsonlPieces(store, revision);
  // Only a look at all cases tells which columns there are, and which of them text will do for.
  return csvPieces(store, revision, await planColumns(store, revision));
}

async function* jsonlPieces(store: Store, revision: Revision): AsyncGenerator<string> {
  for await (const page of pagesOf(store, revision)) {
    yield page.map((kept) => `${JSON.stringify(Object.fromEntries(cellsOf(kept.case)))}\n`).join('');
  }
}

async function* csvPieces(store: Store, revision: Revision, columns: Columns): AsyncGenerator<string> {
  const names = [...columns].map(([name, kind]) => {
    return kind === 'json' && !jsonColumns.includes(name) ? `${name}${jsonSuffix}` : name;
  });
  yield csvLine(names);
  for await (const page of pagesOf(store, revision)) {
    yield page.map((kept) => csvLine(textsOf(cellsOf(kept.case), columns))).join('');
  }
}

/** The values of a case under the names of their columns: just what a row without a mapping is read from. */
function cellsOf({ fields, ...one }: Case): [string, Json][] {
  const { id, input, weight, must_pass, target, group, cluster, split } = one;
  const nested = Object.entries(fields).filter(([name]) => !isPlainName(name));
  const roles: readonly [string, Json][] = [
    ['id', id],
    [typeof input === 'string' ? 'input' : 'messages', input],
    ...Object.entries({ target, group, cluster, split }),
    ['weight', weight === 1 ? null : weight],
    ['must_pass', must_pass ? true : null],
  ];
  return [
    ...roles.filter(([, value]) => value !== null),
    ...Object.entries(fields).filter(([name]) => isPlainName(name)),
    ...(nested.length === 0 ? [] : [['vars', Object.fromEntries(nested)] satisfies [string, Json]]),
  ];
}

/** Whether a column of this name is read as a field, and as the same field in every format. */
function isPlainName(name: string): boolean {
  return name !== '' && name === name.trim() && !meaningfulNames.has(name) && !name.endsWith(jsonSuffix);
}

/** The columns of a CSV file in order, and how their cells are written. */
type Columns = ReadonlyMap<string, 'text' | 'json'>;

const maxColumns = 1000;

async function planColumns(store: Store, revision: Revision): Promise<Columns> {
  const counts = new Map<string, { readonly cases: number; readonly asText: number }>();
  for await (const page of pagesOf(store, revision)) {
    for (const [name, value] of page.flatMap((kept) => cellsOf(kept.case))) {
      const { cases, asText } = counts.get(name) ?? { cases: 0, asText: 0 };
      counts.set(name, { cases: cases + 1, asText: asText + (isText(name, value) ? 1 : 0) });
    }
    if (counts.size > maxColumns) {
      const why = `the cases have more than ${maxColumns} different fields, too many for columns`;
      throw new PawlError('invalid_request', `format: must be jsonl, because ${why}`);
    }
  }
  return new Map(
    [...counts].map(([name, { cases, asText }]) => {
      // An empty cell is a role that nothing plays, but an empty text among the fields.
      const everywhere = meaningfulNames.has(name) || cases === revision.cases;
      return [name, asText === cases && everywhere ? 'text' : 'json'];
    }),
  );
}

/** Whether a cell of text is read as this value again. */
function isText(name: string, value: Json): boolean {
  if (name === 'weight' || name === 'must_pass') return true;
  return typeof value === 'string' && !(value === '' && meaningfulNames.has(name));
}

function textsOf(cells: readonly [string, Json][], columns: Columns): string[] {
  const values = new Map(cells);
  return [...columns].map(([name, kind]) => {
    const value = values.get(name);
    if (value === undefined) return '';
    return kind === 'json' ? JSON.stringify(value) : String(value);
  });
}

function csvLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${quoted.join(',')}\n`;
}
