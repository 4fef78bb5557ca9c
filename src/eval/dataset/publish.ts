import type { Audit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import { type Clock, formatTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import {
  type DatasetRevisionRow,
  type DatasetRow,
  findRevisionsByHash,
  insertDataset,
  insertRevision,
  lockDataset,
  updateDataset,
} from '../../store/datasets.ts';
import type { Store } from '../../store/dialect.ts';
import type { Counted } from './tally.ts';

type Deps = { readonly store: Store; readonly clock: Clock; readonly ids: Ids; readonly audit: Audit };

/** What a dataset points to after an import. `unchanged` says that it had a revision with just these cases. */
export type Published = {
  readonly dataset: DatasetRow;
  readonly revision: DatasetRevisionRow;
  readonly unchanged: boolean;
};

/**
 * Makes a revision of staged cases and lets the dataset point to it, in one transaction; a dataset that is not there
 * yet is made. When an earlier revision holds the same, the dataset points to that one, and nothing is made.
 * Null when the dataset points to another revision than `based_on` by now.
 * @throws PawlError `dataset_archived`
 */
export async function publish(
  { store, clock, ids, audit }: Deps,
  given: {
    readonly name: string;
    /** Undefined leaves it as it is. */
    readonly description?: string | undefined;
    readonly revision_id: string;
    readonly counted: Counted;
    /** The revision that the cases were made from; undefined when they stand for themselves. */
    readonly based_on?: string | undefined;
    readonly by: Actor;
  },
): Promise<Published | null> {
  const { name, description, revision_id, counted, based_on, by } = given;
  const now = formatTime(clock.now());
  const blank = { description: null, latest_revision_id: null, archived_at: null };
  const fresh = { id: ids.next('dataset'), name, ...blank, created_at: now, updated_at: now };
  return store.write(async (tx) => {
    await insertDataset(tx, fresh);
    const dataset = await lockDataset(tx, store.dialect, { name });
    if (dataset === null) throw new Error(`Dataset ${name} is gone`);
    requireLive(dataset);
    if (based_on !== undefined && dataset.latest_revision_id !== based_on) return null;
    const [known] = await findRevisionsByHash(tx, dataset.id, counted.hash);
    const { cases, hash, summary } = counted;
    const made = {
      id: revision_id,
      dataset_id: dataset.id,
      hash,
      cases,
      summary: JSON.stringify(summary),
      created_at: now,
    };
    if (known === undefined) await insertRevision(tx, made);
    const revision = known ?? made;
    const next = { latest_revision_id: revision.id, description: description ?? dataset.description };
    const same =
      next.latest_revision_id === dataset.latest_revision_id && next.description === dataset.description;
    const updated = { ...dataset, ...next, updated_at: same ? dataset.updated_at : now };
    if (!same) {
      await updateDataset(tx, dataset.id, { ...next, updated_at: now });
      await audit.append(tx, {
        ...{ action: 'dataset.revised', outcome: 'done', actor: by, reason: null },
        subject: { type: 'dataset', id: dataset.id },
        before: { revision_id: dataset.latest_revision_id, description: dataset.description },
        after: { ...{ name, revision_id: revision.id, description: next.description }, hash, cases },
      });
    }
    return { dataset: updated, revision, unchanged: known !== undefined };
  });
}

/** @throws PawlError `dataset_archived` */
export function requireLive({ name, archived_at }: DatasetRow): void {
  if (archived_at === null) return;
  throw new PawlError('dataset_archived', `dataset ${name} is archived and takes no more cases`);
}
