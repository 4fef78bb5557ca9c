import { readLines } from './lines.ts';
import { isObject, type Row, type RowRead } from './row.ts';

/** Reads JSONL: one JSON object on each line. Blank lines are skipped; lines may end in CRLF. */
export async function* readJsonl(source: AsyncIterable<Uint8Array>): AsyncGenerator<RowRead> {
  for await (const line of readLines(source)) {
    if ('complaint' in line) {
      yield line;
    } else if (line.text.trim() !== '') {
      const row = parseObject(line.text);
      yield row === null ? { at: line.at, complaint: 'must be a JSON object' } : { at: line.at, row };
    }
  }
}

function parseObject(text: string): Row | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
