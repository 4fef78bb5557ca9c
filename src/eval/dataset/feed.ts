import { readCsv } from './csv.ts';
import { readJsonl } from './jsonl.ts';
import type { CellKind } from './read-case.ts';
import { isObject, type RowRead } from './row.ts';

/** The file formats of datasets. */
export const fileFormats = ['jsonl', 'csv'] as const;
export type FileFormat = (typeof fileFormats)[number];

/** Rows from somewhere. */
export type Feed = {
  readonly rows: AsyncIterable<RowRead>;
  readonly cells: CellKind;
  /** Whether rows are called by the line of a file, or by their place in the list `cases`. */
  readonly counted: 'lines' | 'cases';
};

/** The rows of a file, read as it arrives. */
export function fileFeed(source: AsyncIterable<Uint8Array>, format: FileFormat): Feed {
  const rows = format === 'csv' ? readCsv(source) : readJsonl(source);
  return { rows, cells: format === 'csv' ? 'text' : 'json', counted: 'lines' };
}

/** Rows that are all there already. */
export function listFeed(values: readonly unknown[]): Feed {
  return { rows: readList(values), cells: 'json', counted: 'cases' };
}

async function* readList(values: readonly unknown[]): AsyncGenerator<RowRead> {
  for (const [at, row] of values.entries()) {
    yield isObject(row) ? { at, row } : { at, complaint: 'must be an object' };
  }
}

/** What a row is called in a complaint. */
export function placeIn({ counted }: Pick<Feed, 'counted'>, at: number): string {
  return counted === 'lines' ? `line ${at}` : `cases[${at}]`;
}
