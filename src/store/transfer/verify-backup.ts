import { createHash } from 'node:crypto';
import { canonicalJson } from '../../core/canonical.ts';
import { BackupError, type BackupRecord, type Totals } from './record.ts';
import { createSum } from './rows.ts';

/**
 * Passes a backup on, and holds it against its own sums while it goes by; gives its totals. What was passed on of a
 * backup that turns out to be wrong is to be thrown away.
 * @throws BackupError when it is not whole, or not as it was made.
 */
export async function* verifyBackup(
  records: AsyncIterable<BackupRecord>,
): AsyncGenerator<BackupRecord, Totals> {
  const iterator = records[Symbol.asyncIterator]();
  const next = async (): Promise<BackupRecord> => {
    const { value, done } = await iterator.next();
    if (done === true) throw new BackupError('The backup is not whole: its end is missing');
    return value;
  };
  try {
    const manifest = expectKind(await next(), 'manifest');
    yield manifest;
    const tables: Record<string, number> = {};
    for (const { name } of manifest.tables) tables[name] = yield* verifyTable(next, name);
    const brought = { files: 0, missing_files: 0 };
    for (;;) {
      const record = await next();
      yield record;
      if (record.kind === 'file') {
        brought[(yield* verifyFile(next, record.id)) ? 'files' : 'missing_files']++;
        continue;
      }
      const { kind: _, ...totals } = expectKind(record, 'totals');
      requireSame(totals, { tables, ...brought }, 'The totals of the backup');
      if ((await iterator.next()).done !== true) throw new BackupError('The backup goes on after its end');
      return totals;
    }
  } finally {
    await iterator.return?.();
  }
}

type Next = () => Promise<BackupRecord>;

async function* verifyTable(next: Next, name: string): AsyncGenerator<BackupRecord, number> {
  const head = expectKind(await next(), 'table');
  requireSame(head.name, name, 'The tables of the backup');
  yield head;
  const sum = createSum();
  for (;;) {
    const record = await next();
    yield record;
    if (record.kind === 'rows') sum.add(record.rows);
    else {
      const { kind: _, ...told } = expectKind(record, 'table_end');
      const counted = sum.total();
      requireSame(told, counted, `The rows of ${name}`);
      return counted.rows;
    }
  }
}

/** Whether the bytes of the file are there. */
async function* verifyFile(next: Next, id: string): AsyncGenerator<BackupRecord, boolean> {
  const hash = createHash('sha256');
  for (;;) {
    const record = await next();
    if (record.kind === 'bytes') hash.update(record.bytes);
    else {
      const { sha256 } = expectKind(record, 'file_end');
      if (sha256 !== null) requireSame(sha256, hash.digest('hex'), `The bytes of ${id}`);
      yield record;
      return sha256 !== null;
    }
    yield record;
  }
}

function expectKind<K extends BackupRecord['kind']>(
  record: BackupRecord,
  kind: K,
): Extract<BackupRecord, { kind: K }> {
  if (record.kind !== kind)
    throw new BackupError(`The backup has a ${record.kind} where its ${kind} should be`);
  return record as Extract<BackupRecord, { kind: K }>;
}

function requireSame(told: unknown, found: unknown, what: string): void {
  if (canonicalJson(told) === canonicalJson(found)) return;
  throw new BackupError(`${what} are not as they were when it was made`);
}
