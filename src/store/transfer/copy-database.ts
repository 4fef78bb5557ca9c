import { takeOwnership } from '../ownership.ts';
import { takeLock } from '../sqlite.ts';
import { type FileBytes, readSnapshot } from './read-backup.ts';
import type { BackupRecord, Manifest, Totals } from './record.ts';
import { type FilePlace, restoreBackup } from './restore-backup.ts';
import { databaseFileIn, type KeptDatabase, openSnapshot } from './snapshot.ts';
import { openTarget } from './target.ts';

/** A database, and where the bytes of its files are; null when they stay apart. */
type Side<F> = { readonly database: KeptDatabase; readonly files: F };

/**
 * Copies a database that nobody is serving from into an empty one, of the same kind or the other. It is a backup that is
 * restored as it is made, with all that is checked there.
 * @throws DatabaseInUseError, DatabaseError, and whatever the databases and the places for files throw.
 */
export async function copyDatabase({
  from,
  to,
  onRows,
  ...made
}: Pick<Manifest, 'pawl' | 'made_at'> & {
  readonly from: Side<FileBytes>;
  readonly to: Side<FilePlace>;
  /** Is told of each piece how many rows have gone with it: none with a piece of a file. What it throws ends the copy. */
  readonly onRows: (count: number) => void;
}): Promise<Totals> {
  const hold = await holdStill(from.database);
  try {
    const target = await openTarget(to.database);
    try {
      const records = readSnapshot(() => openSnapshot(from.database), { files: from.files, ...made });
      return await restoreBackup(telling(records, onRows), { target, files: to.files });
    } finally {
      await target.close();
    }
  } finally {
    await hold.close();
  }
}

async function* telling(
  records: AsyncIterable<BackupRecord>,
  onRows: (count: number) => void,
): AsyncGenerator<BackupRecord, void> {
  for await (const record of records) {
    yield record;
    onRows(record.kind === 'rows' ? record.rows.length : 0);
  }
}

/** What a server writes while its data are copied would be missing in the copy. */
async function holdStill(choice: KeptDatabase): Promise<{ close(): unknown }> {
  if (choice.kind === 'sqlite') {
    databaseFileIn(choice.folder);
    return takeLock(choice.folder);
  }
  const ownership = await takeOwnership(choice.url, 'alone');
  return { close: ownership.release };
}
