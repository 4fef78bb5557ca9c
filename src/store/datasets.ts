import type { Selectable } from 'kysely';
import type { PageRequest } from '../core/page.ts';
import type { DatasetCaseTable, DatasetRevisionTable, DatasetTable } from './database.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seek } from './keyset.ts';
import { oneHolds } from './search.ts';

export type DatasetRow = Selectable<DatasetTable>;
export type DatasetRevisionRow = Selectable<DatasetRevisionTable>;
export type DatasetCaseRow = Selectable<DatasetCaseTable>;
/** A case of a revision with its content. */
export type StoredCase = Pick<DatasetCaseRow, 'position' | 'hash'> & { readonly body: string };
/** Positions from `from` on, up to but without `to`. */
export type PositionRange = { readonly from: number; readonly to: number };

/** Remembers a dataset, unless one has its name. */
export async function insertDataset(tx: Handle, row: DatasetRow): Promise<void> {
  const query = tx.insertInto('datasets').values(row);
  await query.onConflict((conflict) => conflict.column('name').doNothing()).execute();
}

/** A dataset by its id or by its name; null when there is none. */
export async function findDataset(
  db: Handle,
  key: { readonly id: string } | { readonly name: string },
): Promise<DatasetRow | null> {
  const [column, value] = 'id' in key ? (['id', key.id] as const) : (['name', key.name] as const);
  return (await db.selectFrom('datasets').selectAll().where(column, '=', value).executeTakeFirst()) ?? null;
}

/** The same, locked until the transaction ends. */
export async function lockDataset(
  tx: Handle,
  dialect: Dialect,
  key: { readonly id: string } | { readonly name: string },
): Promise<DatasetRow | null> {
  const [column, value] = 'id' in key ? (['id', key.id] as const) : (['name', key.name] as const);
  const query = dialect.lock(tx.selectFrom('datasets').selectAll().where(column, '=', value));
  return (await query.executeTakeFirst()) ?? null;
}

export async function updateDataset(
  tx: Handle,
  id: string,
  changes: Partial<Omit<DatasetRow, 'id'>>,
): Promise<void> {
  await tx.updateTable('datasets').set(changes).where('id', '=', id).execute();
}

/** Which of the things that have a name are meant. */
export type NamedFilter = {
  readonly include_archived: boolean;
  /** A part of the name or of the description, if there is one. */
  readonly search?: string | undefined;
};

/** Datasets by creation time; one more than the page holds, if there is one. */
export async function listDatasets(
  db: Handle,
  filter: NamedFilter,
  request: PageRequest,
): Promise<DatasetRow[]> {
  let query = db.selectFrom('datasets').selectAll();
  if (filter.search !== undefined) query = query.where(oneHolds(['name', 'description'], filter.search));
  if (!filter.include_archived) query = query.where('archived_at', 'is', null);
  return seek(query, 'datasets', request).execute();
}

/** Makes a revision of the cases that have been put in place under its id. From now on nothing changes them. */
export async function insertRevision(tx: Handle, row: DatasetRevisionRow): Promise<void> {
  await tx.insertInto('dataset_revisions').values(row).execute();
}

export async function findDatasetRevision(db: Handle, id: string): Promise<DatasetRevisionRow | null> {
  const query = db.selectFrom('dataset_revisions').selectAll().where('id', '=', id);
  return (await query.executeTakeFirst()) ?? null;
}

/** The revisions with these ids, in any order. */
export async function findDatasetRevisions(
  db: Handle,
  ids: readonly string[],
): Promise<DatasetRevisionRow[]> {
  if (ids.length === 0) return [];
  return db.selectFrom('dataset_revisions').selectAll().where('id', 'in', ids).execute();
}

/** At most two of a dataset's revisions whose hash, in hexadecimal, begins like this. */
export async function findRevisionsByHash(
  db: Handle,
  datasetId: string,
  prefix: string,
): Promise<DatasetRevisionRow[]> {
  const query = db.selectFrom('dataset_revisions').selectAll().where('dataset_id', '=', datasetId);
  // `g` comes behind every hexadecimal digit.
  return query.where('hash', '>=', prefix).where('hash', '<', `${prefix}g`).limit(2).execute();
}

/** The revision that a dataset got before this one; null when it was the first. */
export async function findRevisionBefore(
  db: Handle,
  { dataset_id, created_at, id }: Pick<DatasetRevisionRow, 'dataset_id' | 'created_at' | 'id'>,
): Promise<DatasetRevisionRow | null> {
  const query = db.selectFrom('dataset_revisions').selectAll().where('dataset_id', '=', dataset_id);
  const before = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(created_at, id)));
  return (
    (await before.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(1).executeTakeFirst()) ?? null
  );
}

/** A dataset's revisions by creation time; one more than the page holds, if there is one. */
export async function listRevisions(
  db: Handle,
  datasetId: string,
  request: PageRequest,
): Promise<DatasetRevisionRow[]> {
  const query = db.selectFrom('dataset_revisions').selectAll().where('dataset_id', '=', datasetId);
  return seek(query, 'dataset_revisions', request).execute();
}

/** Puts cases in place for a revision that does not exist yet. Bodies that are known already are left alone. */
export async function insertCases(
  tx: Handle,
  rows: readonly (DatasetCaseRow & { readonly body: string })[],
): Promise<void> {
  const bodies = rows.map(({ hash, body }) => ({ hash, body }));
  await tx
    .insertInto('dataset_bodies')
    .values(bodies)
    .onConflict((conflict) => conflict.column('hash').doNothing())
    .execute();
  await tx
    .insertInto('dataset_cases')
    .values(rows.map(({ body: _body, ...row }) => row))
    .execute();
}

/** Puts the cases of one revision in place for another, but for the one with this id. */
export async function copyCases(
  tx: Handle,
  copy: {
    readonly from: string;
    readonly to: string;
    readonly except: string;
    readonly range: PositionRange;
  },
): Promise<void> {
  await tx
    .insertInto('dataset_cases')
    .columns(['revision_id', 'position', 'case_id', 'hash'])
    .expression((eb) =>
      eb
        .selectFrom('dataset_cases')
        .select(({ val }) => [val(copy.to).as('revision_id'), 'position', 'case_id', 'hash'])
        .where('revision_id', '=', copy.from)
        .where('position', '>=', copy.range.from)
        .where('position', '<', copy.range.to)
        .where('case_id', '!=', copy.except),
    )
    .execute();
}

/** Takes cases away again whose revision does not exist. */
export async function deleteCases(
  tx: Handle,
  revisionId: string,
  { from, to }: PositionRange,
): Promise<void> {
  const query = tx.deleteFrom('dataset_cases').where('revision_id', '=', revisionId);
  await query.where('position', '>=', from).where('position', '<', to).execute();
}

/** The highest position under a revision's id; null when there is none. */
export async function findLastPosition(db: Handle, revisionId: string): Promise<number | null> {
  const query = db.selectFrom('dataset_cases').select('position').where('revision_id', '=', revisionId);
  return (await query.orderBy('position', 'desc').limit(1).executeTakeFirst())?.position ?? null;
}

/** The next revision id behind this one under which there are cases, existing or not; null behind the last. */
export async function nextCasesOwner(db: Handle, after: string): Promise<string | null> {
  const query = db.selectFrom('dataset_cases').select('revision_id').where('revision_id', '>', after);
  return (await query.orderBy('revision_id').limit(1).executeTakeFirst())?.revision_id ?? null;
}

export async function findCasePosition(
  db: Handle,
  revisionId: string,
  caseId: string,
): Promise<number | null> {
  const query = db.selectFrom('dataset_cases').select('position').where('revision_id', '=', revisionId);
  return (await query.where('case_id', '=', caseId).executeTakeFirst())?.position ?? null;
}

/** The cases of a revision at these positions, in order. */
export async function readCases(
  db: Handle,
  revisionId: string,
  { from, to }: PositionRange,
): Promise<StoredCase[]> {
  return db
    .selectFrom('dataset_cases as one')
    .innerJoin('dataset_bodies', 'dataset_bodies.hash', 'one.hash')
    .select(['one.position', 'one.hash', 'dataset_bodies.body'])
    .where('one.revision_id', '=', revisionId)
    .where('one.position', '>=', from)
    .where('one.position', '<', to)
    .orderBy('one.position')
    .execute();
}

/** Which cases of a revision are meant; an absent field does not limit. */
export type CaseFilter = {
  readonly case_id?: string | undefined;
  /** A part of the id. */
  readonly search?: string | undefined;
};

/** The cases of a revision that are meant, behind a position and in order; so many at most. */
export async function findCases(
  db: Handle,
  {
    revision_id,
    after,
    case_id,
    search,
  }: CaseFilter & { readonly revision_id: string; readonly after: number },
  limit: number,
): Promise<StoredCase[]> {
  let query = db
    .selectFrom('dataset_cases as one')
    .innerJoin('dataset_bodies', 'dataset_bodies.hash', 'one.hash')
    .select(['one.position', 'one.hash', 'dataset_bodies.body'])
    .where('one.revision_id', '=', revision_id)
    .where('one.position', '>', after);
  if (case_id !== undefined) query = query.where('one.case_id', '=', case_id);
  if (search !== undefined) query = query.where(oneHolds(['one.case_id'], search));
  return query.orderBy('one.position').limit(limit).execute();
}

/** A case that another revision does not have, or has otherwise. */
export type DifferingCase = Pick<DatasetCaseRow, 'position' | 'case_id' | 'hash'> & {
  /** The hash of the case with the same id over there; null when there is none. */
  readonly other_hash: string | null;
};

/** The cases of a revision at these positions that differ from what another one has, in order. */
export async function listDifferingCases(
  db: Handle,
  { revision_id, other_id, range }: { revision_id: string; other_id: string; range: PositionRange },
): Promise<DifferingCase[]> {
  return db
    .selectFrom('dataset_cases as one')
    .leftJoin('dataset_cases as other', (join) =>
      join.onRef('other.case_id', '=', 'one.case_id').on('other.revision_id', '=', other_id),
    )
    .select(['one.position', 'one.case_id', 'one.hash', 'other.hash as other_hash'])
    .where('one.revision_id', '=', revision_id)
    .where('one.position', '>=', range.from)
    .where('one.position', '<', range.to)
    .where((eb) => eb.or([eb('other.hash', 'is', null), eb('other.hash', '!=', eb.ref('one.hash'))]))
    .orderBy('one.position')
    .execute();
}

/** The contents of cases by their hashes. */
export async function readBodies(
  db: Handle,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (hashes.length === 0) return new Map();
  const rows = await db.selectFrom('dataset_bodies').selectAll().where('hash', 'in', hashes).execute();
  return new Map(rows.map(({ hash, body }) => [hash, body]));
}
