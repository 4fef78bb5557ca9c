import type { Audit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import type { Clock } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import { findDataset } from '../../store/datasets.ts';
import type { Store } from '../../store/dialect.ts';
import { checkCases } from './check.ts';
import type { ColumnMapping } from './columns.ts';
import type { Feed } from './feed.ts';
import { type Published, publish, requireLive } from './publish.ts';
import { isDatasetName } from './revision.ts';
import { dropStaged, stageCases } from './stage.ts';

type Deps = { readonly store: Store; readonly clock: Clock; readonly ids: Ids; readonly audit: Audit };

/** What to make a dataset revision of. */
export type Import = {
  readonly name: string;
  /** Undefined leaves the description as it is. */
  readonly description?: string | undefined;
  readonly feed: Feed;
  readonly mapping: ColumnMapping;
};

/**
 * Reads cases and makes them the newest revision of a dataset, which is made if it is not there yet. Memory does not
 * grow with the cases, but for their ids. When anything goes wrong, nothing has changed.
 * @throws PawlError `invalid_request`, `dataset_archived`, `invalid_dataset`, and whatever the feed throws.
 */
export async function importCases(
  deps: Deps,
  { name, description, feed, mapping }: Import,
  by: Actor,
): Promise<Published> {
  requireName(name);
  const before = await findDataset(deps.store.db, { name });
  if (before !== null) requireLive(before);
  const revision_id = deps.ids.next('dataset_revision');
  return keepOrDrop(deps.store, revision_id, async () => {
    const counted = await stageCases(deps.store, revision_id, checkCases(feed, mapping));
    const published = await publish(deps, { name, description, revision_id, counted, by });
    if (published === null) throw new Error('An import is based on nothing');
    return published;
  });
}

/** Does what stages a revision, and drops what was staged if the revision does not come of it. */
export async function keepOrDrop<T extends Published | null>(
  store: Store,
  revisionId: string,
  work: () => Promise<T>,
): Promise<T> {
  let kept = false;
  try {
    const published = await work();
    kept = published?.revision.id === revisionId;
    return published;
  } finally {
    // Should that fail as well, the next start sweeps it.
    if (!kept) await dropStaged(store, revisionId).catch(() => {});
  }
}

function requireName(name: string): void {
  if (isDatasetName(name)) return;
  const allowed =
    '1 to 100 letters, digits, dots, dashes and underscores, a letter or digit first, and not begin with dset_';
  throw new PawlError('invalid_request', `name: must be ${allowed}`);
}
