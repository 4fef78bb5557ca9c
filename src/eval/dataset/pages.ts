import { setImmediate } from 'node:timers/promises';
import { readCases } from '../../store/datasets.ts';
import type { Store } from '../../store/dialect.ts';
import type { Case } from '../case.ts';

/** A case as it is kept. */
export type KeptCase = { readonly position: number; readonly hash: string; readonly case: Case };

const pageCases = 100;

/** The cases of a revision in order, so many at a time that a page is at most 25 MiB. */
export async function* pagesOf(
  { db }: Pick<Store, 'db'>,
  revision: { readonly id: string; readonly cases: number },
): AsyncGenerator<readonly KeptCase[]> {
  for (let from = 0; from < revision.cases; from += pageCases) {
    const rows = await readCases(db, revision.id, { from, to: from + pageCases });
    yield rows.map(({ position, hash, body }) => ({ position, hash, case: JSON.parse(body) as Case }));
    // SQLite answers within one turn of the event loop, and others want theirs.
    await setImmediate();
  }
}
