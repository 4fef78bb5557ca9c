import { CsvError, type Options, parse } from 'csv-parse/sync';
import type { Json } from '../../core/evaluation.ts';
import { maxLineBytes, readLines } from './lines.ts';
import type { Row, RowRead } from './row.ts';

/** A column whose name ends like this holds JSON; the name is what stands before. */
export const jsonSuffix = ':json';

/** Columns that always hold JSON, because no text can stand for what they hold. */
export const jsonColumns: readonly string[] = ['messages', 'vars'];

/**
 * Reads CSV as RFC 4180 has it: commas, double quotes, doubled where they are meant, and a header. Cells are text but
 * for columns of JSON. A row is at the line that it begins on, however many lines its quotes span. A quote in the wrong
 * place ends the reading, because nobody knows where the next row begins.
 */
export async function* readCsv(source: AsyncIterable<Uint8Array>): AsyncGenerator<RowRead> {
  let header: readonly Column[] | null = null;
  for await (const { records, complaint } of readBlocks(source)) {
    for (const { at, cells } of parseRecords(records)) {
      if (cells === null) {
        yield { at, complaint: 'a value with a quote in it must be in quotes, and its quotes doubled' };
        return;
      }
      if (header !== null) {
        yield rowOf(at, header, cells);
        continue;
      }
      header = cells.map(columnOf);
      const wrong = headerComplaint(header);
      if (wrong === null) continue;
      yield { at, complaint: wrong };
      return;
    }
    if (complaint !== null) yield complaint;
  }
}

type Column = { readonly name: string; readonly json: boolean };
/** The text of one row, and the line that it begins on. */
type CsvRecord = { readonly at: number; readonly text: string };
type Complaint = { readonly at: number; readonly complaint: string };
/** Rows that are parsed together; a complaint ends the file. */
type Block = { readonly records: readonly CsvRecord[]; readonly complaint: Complaint | null };

/** Setting the parser up for each row alone would take longer than all the rest. */
const blockRecords = 100;
const blockLength = 256 * 1024;

async function* readBlocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Block> {
  let records: CsvRecord[] = [];
  let length = 0;
  for await (const record of readRecords(source)) {
    if ('complaint' in record) {
      yield { records, complaint: record };
      return;
    }
    records.push(record);
    length += record.text.length;
    if (records.length < blockRecords && length < blockLength) continue;
    yield { records, complaint: null };
    records = [];
    length = 0;
  }
  yield { records, complaint: null };
}

/**
 * Puts lines together until their quotes are closed; blank lines between are skipped. The parser could do that as
 * well, but counts a line break in quotes twice where it is CRLF.
 */
async function* readRecords(source: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRecord | Complaint> {
  let open: { at: number; lines: string[]; length: number } | null = null;
  for await (const line of readLines(source)) {
    if ('complaint' in line) {
      yield line;
      return;
    }
    if (open === null && line.text.trim() === '') continue;
    open ??= { at: line.at, lines: [], length: 0 };
    const closes = hasOddQuotes(line.text) === open.lines.length > 0;
    open.lines.push(line.text);
    open.length += line.text.length + 1;
    if (closes) {
      yield { at: open.at, text: open.lines.join('\n').replace(/\r$/, '') };
      open = null;
    } else if (open.length > maxLineBytes) {
      break;
    }
  }
  if (open !== null) yield { at: open.at, complaint: 'a quote that begins here must be closed within 1 MiB' };
}

function hasOddQuotes(text: string): boolean {
  let odd = false;
  for (let i = text.indexOf('"'); i !== -1; i = text.indexOf('"', i + 1)) odd = !odd;
  return odd;
}

/** The cells of each record; null for one with a quote in the wrong place. */
function parseRecords(records: readonly CsvRecord[]): { at: number; cells: readonly string[] | null }[] {
  const together = parseCells(records.map(({ text }) => text).join('\n'));
  if (together !== null) return records.map(({ at }, i) => ({ at, cells: together[i] ?? null }));
  return records.map(({ at, text }) => ({ at, cells: parseCells(text)?.[0] ?? null }));
}

const parserOptions: Options = {
  record_delimiter: '\n',
  // Whoever has the header says better what is wrong with a row.
  relax_column_count: true,
  // What a record may have is known by now.
  max_record_size: 2 * maxLineBytes,
};

function parseCells(text: string): string[][] | null {
  try {
    return parse(text, parserOptions);
  } catch (error) {
    if (error instanceof CsvError) return null;
    throw error;
  }
}

function columnOf(cell: string): Column {
  const name = cell.trim();
  if (name.endsWith(jsonSuffix)) return { name: name.slice(0, -jsonSuffix.length), json: true };
  return { name, json: jsonColumns.includes(name) };
}

function headerComplaint(columns: readonly Column[]): string | null {
  const seen = new Set<string>();
  for (const [i, { name }] of columns.entries()) {
    if (name === '') return `column ${i + 1} must have a name`;
    if (seen.has(name)) return `${name}: must be the name of only one column`;
    seen.add(name);
  }
  return null;
}

function rowOf(at: number, header: readonly Column[], cells: readonly string[]): RowRead {
  if (cells.length !== header.length) {
    return { at, complaint: `must have ${header.length} values like the header, and has ${cells.length}` };
  }
  const entries: [string, Json | undefined][] = [];
  for (const [i, { name, json }] of header.entries()) {
    const cell = cells[i] ?? '';
    if (!json) {
      entries.push([name, cell === '' ? undefined : cell]);
    } else if (cell !== '') {
      try {
        entries.push([name, JSON.parse(cell) as Json]);
      } catch {
        return { at, complaint: `${name}: must be JSON` };
      }
    }
  }
  const row: Row = Object.fromEntries(entries);
  return { at, row };
}
