import { pipeline, Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { BackupError, type BackupRecord } from './record.ts';
import { lineOf, type Row } from './rows.ts';

/** The first line of every backup of this kind. Another number is another kind, which this program cannot read. */
const firstLine = '{"pawl_backup":1}';
/** How much of it is written at once. */
const chunkSize = 65_536;
/** The longest line that is read; no row comes near it. */
const longestLine = 256 * 1024 * 1024;

/**
 * A backup as the bytes of a file: JSON Lines, compressed by gzip. A row is an array, a piece of a file a string of
 * base64, and everything else an object.
 */
export function packBackup(records: AsyncIterable<BackupRecord>): Readable {
  // Errors destroy the stream that is given, whoever reads it.
  return pipeline(Readable.from(textOf(records)), createGzip(), () => {});
}

async function* textOf(records: AsyncIterable<BackupRecord>): AsyncGenerator<string> {
  let text = `${firstLine}\n`;
  for await (const record of records) {
    if (record.kind === 'rows') for (const row of record.rows) text += `${lineOf(row)}\n`;
    else if (record.kind === 'bytes') text += `"${Buffer.from(record.bytes).toString('base64')}"\n`;
    else text += `${JSON.stringify(record)}\n`;
    if (text.length < chunkSize) continue;
    yield text;
    text = '';
  }
  yield text;
}

/**
 * Reads what {@link packBackup} has written. Whether it is whole is for `verifyBackup` to say.
 * @throws BackupError when it is something else.
 */
export async function* unpackBackup(packed: Readable): AsyncGenerator<BackupRecord, void> {
  const unzipped = pipeline(packed, createGunzip(), () => {});
  let isFirst = true;
  for await (const lines of linesIn(unzipped)) {
    let rows: Row[] = [];
    for (const line of lines) {
      if (isFirst) {
        if (line !== firstLine) throw new BackupError('This is no backup that this version of Pawl can read');
        isFirst = false;
        continue;
      }
      const value = parse(line);
      if (Array.isArray(value)) {
        rows.push(value as Row);
        continue;
      }
      if (rows.length > 0) yield { kind: 'rows', rows };
      rows = [];
      if (typeof value === 'string') yield { kind: 'bytes', bytes: Buffer.from(value, 'base64') };
      else yield value as BackupRecord;
    }
    if (rows.length > 0) yield { kind: 'rows', rows };
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new BackupError('The backup has a line that cannot be read', { cause: error });
  }
}

/** The whole lines that come with each chunk. What stands after the last line break is no line. */
async function* linesIn(chunks: Readable): AsyncGenerator<string[]> {
  let rest: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      const end = chunk.lastIndexOf(0x0a);
      rest.push(end === -1 ? chunk : chunk.subarray(0, end));
      size += chunk.length;
      if (size > longestLine) throw new BackupError('The backup has a line that is too long');
      if (end === -1) continue;
      yield Buffer.concat(rest).toString('utf8').split('\n');
      rest = [chunk.subarray(end + 1)];
      size = chunk.length - end - 1;
    }
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (!String(code).startsWith('Z_')) throw error;
    throw new BackupError('The backup is damaged, or no backup', { cause: error });
  }
}
