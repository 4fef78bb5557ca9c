import { setImmediate } from 'node:timers/promises';
import { canonicalJson } from '../../core/canonical.ts';
import type { PageRequest } from '../../core/page.ts';
import { type DifferingCase, listDifferingCases, readBodies } from '../../store/datasets.ts';
import type { Store } from '../../store/dialect.ts';
import type { Case } from '../case.ts';

/** What has become of one case between two revisions. */
export type CaseChange = {
  readonly change: 'added' | 'changed' | 'removed';
  readonly case_id: string;
  /** The parts of the case that differ, as in `target` or `fields.subject`; empty unless it changed. */
  readonly fields: readonly string[];
  /** Where it stands: 0 for what the newer revision holds and 1 for what was removed, and the position there. */
  readonly place: readonly [0 | 1, number];
};

type Revision = { readonly id: string; readonly cases: number };

/** So many positions are looked at in one query. */
const windowCases = 2000;

/**
 * The changes from one revision to another by case id: what was added or changed in the order of the newer one, then
 * what was removed in the order of the older one. Gives one more than the page holds, if there is one.
 */
export async function listChanges(
  store: Store,
  { from, to }: { readonly from: Revision; readonly to: Revision },
  { limit, after }: { limit: PageRequest['limit']; after: CaseChange['place'] | null },
): Promise<CaseChange[]> {
  const found: Found[] = [];
  for (const side of [0, 1] as const) {
    if (after !== null && after[0] > side) continue;
    const [one, other] = side === 0 ? [to, from] : [from, to];
    const start = after?.[0] === side ? after[1] + 1 : 0;
    for (let at = start; at < one.cases && found.length <= limit; at += windowCases) {
      const range = { from: at, to: at + windowCases };
      const rows = await listDifferingCases(store.db, { revision_id: one.id, other_id: other.id, range });
      // What differs on both sides has been told from the newer one.
      const told = side === 0 ? rows : rows.filter((row) => row.other_hash === null);
      found.push(...told.map((row) => ({ side, row })));
      await setImmediate();
    }
  }
  return describe(store, found.slice(0, limit + 1));
}

type Found = { readonly side: 0 | 1; readonly row: DifferingCase };

async function describe(store: Store, found: readonly Found[]): Promise<CaseChange[]> {
  const changed = found.filter(({ side, row }) => side === 0 && row.other_hash !== null);
  const hashes = changed.flatMap(({ row }) => [row.hash, row.other_hash ?? '']);
  const bodies = await readBodies(store.db, hashes);
  const caseOf = (hash: string): Case => JSON.parse(bodies.get(hash) ?? 'null') as Case;
  return found.map(({ side, row: { position, case_id, hash, other_hash } }) => {
    const place = [side, position] as const;
    if (side === 1) return { change: 'removed', case_id, fields: [], place };
    if (other_hash === null) return { change: 'added', case_id, fields: [], place };
    return { change: 'changed', case_id, fields: changedParts(caseOf(other_hash), caseOf(hash)), place };
  });
}

/** The names of what two cases with the same id do not have alike. */
function changedParts(before: Case, after: Case): string[] {
  const { fields: fieldsBefore, ...partsBefore } = before;
  const { fields: fieldsAfter, ...partsAfter } = after;
  return [
    ...differences(partsBefore, partsAfter),
    ...differences(fieldsBefore, fieldsAfter).map((name) => `fields.${name}`),
  ];
}

function differences(before: object, after: object): string[] {
  const left = new Map(Object.entries(before));
  const right = new Map(Object.entries(after));
  const names = [...new Set([...left.keys(), ...right.keys()])];
  const same = (name: string): boolean =>
    left.has(name) === right.has(name) && canonicalJson(left.get(name)) === canonicalJson(right.get(name));
  return names.filter((name) => !same(name));
}
