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
  for await (const record of readRecords(source)) {
    if ('complaint' in record) {
      yield record;
      return;
    }
    const { at } = record;
    const cells = splitCells(record.text);
    if (cells === null) {
      yield { at, complaint: 'a value with a quote in it must be in quotes, and its quotes doubled' };
      return;
    }
    if (header === null) {
      const columns = cells.map(columnOf);
      const complaint = headerComplaint(columns);
      if (complaint !== null) {
        yield { at, complaint };
        return;
      }
      header = columns;
    } else {
      yield rowOf(at, header, cells);
    }
  }
}

type Column = { readonly name: string; readonly json: boolean };
type CsvRecord =
  | { readonly at: number; readonly text: string }
  | { readonly at: number; readonly complaint: string };

/** Puts lines together until their quotes are closed. Blank lines between records are skipped. */
async function* readRecords(source: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRecord> {
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

/** The cells of one record; null when a quote is in the wrong place. */
function splitCells(text: string): string[] | null {
  const cells: string[] = [];
  for (let from = 0; ; ) {
    const quoted = text[from] === '"';
    const end = quoted ? closingQuote(text, from + 1) + 1 : commaOrEnd(text, from);
    const cell = quoted ? text.slice(from + 1, end - 1).replaceAll('""', '"') : text.slice(from, end);
    if (!quoted && cell.includes('"')) return null;
    cells.push(cell);
    if (end >= text.length) return cells;
    if (text[end] !== ',') return null;
    from = end + 1;
  }
}

function commaOrEnd(text: string, from: number): number {
  const comma = text.indexOf(',', from);
  return comma === -1 ? text.length : comma;
}

/** Quotes come in pairs in a record, so there is one that closes. */
function closingQuote(text: string, from: number): number {
  for (let i = text.indexOf('"', from); i !== -1; i = text.indexOf('"', i + 2)) {
    if (text[i + 1] !== '"') return i;
  }
  return text.length;
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
