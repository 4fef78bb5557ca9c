import {
  copyCases,
  deleteCases,
  findCasePosition,
  findDatasetRevision,
  findLastPosition,
  insertCases,
  nextCasesOwner,
} from '../../store/datasets.ts';
import type { Store } from '../../store/dialect.ts';
import { pagesOf } from './pages.ts';
import type { FitCase } from './read-case.ts';
import { type Counted, createTally } from './tally.ts';

const batchCases = 500;
const batchLength = 4 * 1024 * 1024;
/** So many rows are copied or taken away at once; others get their turn in between. */
const stretch = 10_000;

/**
 * Puts cases in place under the id of a revision that does not exist yet, as they come: until the revision is made,
 * nobody sees them.
 */
export async function stageCases(
  store: Store,
  revisionId: string,
  cases: AsyncIterable<FitCase>,
): Promise<Counted> {
  const tally = createTally();
  let position = 0;
  let batch: Parameters<typeof insertCases>[1][number][] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    const rows = batch;
    batch = [];
    length = 0;
    if (rows.length > 0) await store.write((tx) => insertCases(tx, rows));
  };
  for await (const { id, case: one, body, hash } of cases) {
    tally.add(one, hash);
    batch.push({ revision_id: revisionId, position, case_id: id, hash, body });
    position++;
    length += body.length;
    if (batch.length >= batchCases || length >= batchLength) await flush();
  }
  await flush();
  return tally.finish();
}

/** Stages the cases of a revision and one more, which takes the place of the one with its id if there is one. */
export async function stageWith(
  store: Store,
  base: { readonly id: string; readonly cases: number },
  { revision_id, fit }: { readonly revision_id: string; readonly fit: FitCase },
): Promise<Counted> {
  const position = (await findCasePosition(store.db, base.id, fit.id)) ?? base.cases;
  for (let from = 0; from < base.cases; from += stretch) {
    const copy = { from: base.id, to: revision_id, except: fit.id, range: { from, to: from + stretch } };
    await store.write((tx) => copyCases(tx, copy));
  }
  const row = { revision_id, position, case_id: fit.id, hash: fit.hash, body: fit.body };
  await store.write((tx) => insertCases(tx, [row]));
  const tally = createTally();
  const count = Math.max(base.cases, position + 1);
  for await (const page of pagesOf(store, { id: revision_id, cases: count })) {
    for (const stored of page) tally.add(stored.case, stored.hash);
  }
  return tally.finish();
}

/** Takes away what was staged for a revision that never came to be. The bodies stay for whoever brings them again. */
export async function dropStaged(store: Store, revisionId: string): Promise<void> {
  const last = (await findLastPosition(store.db, revisionId)) ?? -1;
  for (let from = 0; from <= last; from += stretch) {
    await store.write((tx) => deleteCases(tx, revisionId, { from, to: from + stretch }));
  }
}

/**
 * Drops what imports left behind that a crash broke off: cases of revisions that do not exist, with ids that were made
 * before this one. Imports of this process have later ids.
 */
export async function sweepStaged(store: Store, madeBefore: string): Promise<void> {
  let id = await nextCasesOwner(store.db, '');
  while (id !== null && id < madeBefore) {
    if ((await findDatasetRevision(store.db, id)) === null) await dropStaged(store, id);
    id = await nextCasesOwner(store.db, id);
  }
}
