import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { Blobs } from './file/blobs.ts';
import { createFolderBlobs } from './file/folder-blobs.ts';
import { openBlobs } from './file/open-blobs.ts';
import { blobPlaceOf, databaseOf } from './places.ts';
import type { Config } from './settings.ts';
import type { Store } from './store/dialect.ts';
import { packBackup, unpackBackup } from './store/transfer/backup-file.ts';
import { copyDatabase } from './store/transfer/copy-database.ts';
import { readInMemory, readSnapshot } from './store/transfer/read-backup.ts';
import type { Totals } from './store/transfer/record.ts';
import { restoreBackup } from './store/transfer/restore-backup.ts';
import { type KeptDatabase, openSnapshot } from './store/transfer/snapshot.ts';
import { openTarget } from './store/transfer/target.ts';
import { verifyBackup } from './store/transfer/verify-backup.ts';
import { packageVersion } from './version.ts';

/*
 * Backup, restore and copy of the data of a configuration, which need no server. What they do in a database is in
 * `store/transfer`.
 */

const made = () => ({ pawl: packageVersion(), made_at: new Date().toISOString() });

/** The bytes of a backup of the data of a configuration, also while a server is using them. */
export function backUpData(config: Config): Readable {
  const files =
    config.files_url === null ? createFolderBlobs(filesOf(config, databaseOf(config)).folder) : null;
  return packBackup(readSnapshot(() => openSnapshot(databaseOf(config)), { files, ...made() }));
}

/** The same of a server that keeps everything in memory. Nobody writes meanwhile. */
export function backUpMemory(store: Store, files: Blobs): Readable {
  return packBackup(readInMemory(store, { files, ...made() }));
}

/** Reads the bytes of a backup and says what is in it. @throws BackupError when it is not whole, or not as it was made. */
export async function checkBackup(bytes: Readable): Promise<Totals> {
  const records = verifyBackup(unpackBackup(bytes));
  for (;;) {
    const { value, done } = await records.next();
    if (done === true) return value;
  }
}

/** Fills the empty database of a configuration with a backup. @throws BackupError, DatabaseInUseError, DatabaseError */
export async function restoreData(config: Config, bytes: Readable): Promise<Totals> {
  const target = await openTarget(databaseOf(config));
  try {
    return await restoreBackup(unpackBackup(bytes), { target, files: await openBlobs(blobPlaceOf(config)) });
  } finally {
    await target.close();
  }
}

/**
 * Copies one database into another, empty one, neither of which anybody serves from. Files go along where the two sides
 * do not have them in the same place.
 * @throws DatabaseInUseError, DatabaseError
 */
export async function copyData(
  config: Config,
  { from, to, onRows }: { from: KeptDatabase; to: KeptDatabase; onRows: (count: number) => void },
): Promise<Totals> {
  const [source, target] = [filesOf(config, from), filesOf(config, to)];
  const stay = config.files_url !== null || source.folder === target.folder;
  const files = stay ? null : await source.open();
  return copyDatabase({
    ...{ from: { database: from, files }, to: { database: to, files: await target.open() } },
    ...{ onRows, ...made() },
  });
}

/** Where a server with this database and the rest of this configuration has its files. */
function filesOf(config: Config, database: KeptDatabase): { folder: string; open(): Promise<Blobs> } {
  const data_dir = database.kind === 'sqlite' ? database.folder : config.data_dir;
  const folder = resolve(join(data_dir, 'files'));
  return { folder, open: () => openBlobs(blobPlaceOf({ ...config, data_dir })) };
}
