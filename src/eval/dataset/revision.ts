import { PawlError } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import {
  type DatasetRevisionRow,
  type DatasetRow,
  findDataset,
  findDatasetRevision,
  findRevisionBefore,
  findRevisionsByHash,
} from '../../store/datasets.ts';
import type { Handle } from '../../store/dialect.ts';
import type { DatasetSummary } from '../case.ts';

/** A revision of a dataset, read. */
export type DatasetRevision = Omit<DatasetRevisionRow, 'summary'> & { readonly summary: DatasetSummary };

export function readRevision(row: DatasetRevisionRow): DatasetRevision {
  return { ...row, summary: JSON.parse(row.summary) as DatasetSummary };
}

/** Whether a text can be the name of a dataset: never one that is taken for an id. */
export function isDatasetName(text: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._-]{0,99}$/u.test(text) && !text.startsWith('dset_');
}

/** A dataset by its id or its name. @throws PawlError `dataset_not_found` */
export async function findNamedDataset(db: Handle, idOrName: string): Promise<DatasetRow> {
  const key = isId('dataset', idOrName) ? { id: idOrName } : { name: idOrName };
  const row = 'id' in key || isDatasetName(key.name) ? await findDataset(db, key) : null;
  if (row !== null) return row;
  throw new PawlError('dataset_not_found', `dataset ${idOrName.slice(0, 100)} does not exist`);
}

/**
 * A dataset's revision by its id or the beginning of its hash; null wants the one that the dataset points to.
 * @throws PawlError `dataset_revision_not_found`, or `invalid_request` when `wanted` is neither, or several begin so.
 */
export async function findRevision(
  db: Handle,
  dataset: DatasetRow,
  wanted: string | null,
): Promise<DatasetRevision> {
  const reference = wanted ?? dataset.latest_revision_id ?? '';
  const isHash = /^[0-9a-f]{8,64}$/.test(reference);
  if (!isHash && !isId('dataset_revision', reference)) {
    const allowed = 'the id of a revision, or at least the first 8 characters of its hash';
    throw new PawlError('invalid_request', `revision: must be ${allowed}`);
  }
  const [found, another] = isHash
    ? await findRevisionsByHash(db, dataset.id, reference)
    : [await findDatasetRevision(db, reference)];
  if (another !== undefined) {
    throw new PawlError(
      'invalid_request',
      `revision: must be longer, because several begin with ${reference}`,
    );
  }
  if (found?.dataset_id === dataset.id) return readRevision(found);
  const message = `dataset ${dataset.name} has no revision ${reference}`;
  throw new PawlError('dataset_revision_not_found', message);
}

/** The revision that a dataset got before this one. @throws PawlError `dataset_revision_not_found` */
export async function requireRevisionBefore(db: Handle, revision: DatasetRevision): Promise<DatasetRevision> {
  const row = await findRevisionBefore(db, revision);
  if (row !== null) return readRevision(row);
  throw new PawlError(
    'dataset_revision_not_found',
    `revision ${revision.id} has none before it; say from which`,
  );
}
