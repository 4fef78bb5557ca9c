import type { Audit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import type { Clock } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import { findDataset, findDatasetRevision } from '../../store/datasets.ts';
import type { Store } from '../../store/dialect.ts';
import { maxCases } from './check.ts';
import { keepOrDrop } from './import.ts';
import { type Published, publish } from './publish.ts';
import type { FitCase } from './read-case.ts';
import { stageWith } from './stage.ts';
import type { Counted } from './tally.ts';

type Deps = { readonly store: Store; readonly clock: Clock; readonly ids: Ids; readonly audit: Audit };

/** How often a case is added anew because somebody else has made a revision in the meantime. */
const maxRaces = 5;

/**
 * Makes the newest revision of a dataset: what it holds now, and one more case, which takes the place of the one with
 * its id if there is one.
 * @throws PawlError `dataset_archived`, `invalid_dataset`, `overloaded`
 */
export async function addCase(
  deps: Deps,
  name: string,
  { fit, by }: { readonly fit: FitCase; readonly by: Actor },
): Promise<Published> {
  const { db } = deps.store;
  for (let races = 0; races < maxRaces; races++) {
    const dataset = await findDataset(db, { name });
    const base = await findDatasetRevision(db, dataset?.latest_revision_id ?? '');
    if (base === null) throw new Error(`Dataset ${name} has no cases to begin from`);
    const revision_id = deps.ids.next('dataset_revision');
    const published = await keepOrDrop(deps.store, revision_id, async () => {
      const counted = await stageWith(deps.store, base, { revision_id, fit });
      requireFit(counted, fit);
      return publish(deps, { name, revision_id, counted, based_on: base.id, by });
    });
    if (published !== null) return published;
  }
  throw new PawlError('overloaded', 'The dataset is changing too fast to add a case; try again');
}

function requireFit({ cases, summary: { groups } }: Counted, { case: one }: FitCase): void {
  if (cases > maxCases) {
    throw new PawlError('invalid_dataset', `a dataset must have at most ${maxCases} cases`);
  }
  if (groups.length > 1 && groups.some(({ group }) => group === null)) {
    const complaint =
      one.group === null ? 'missing, while the others have one' : 'given, while the others have none';
    throw new PawlError('invalid_dataset', `group: ${complaint}`);
  }
}
