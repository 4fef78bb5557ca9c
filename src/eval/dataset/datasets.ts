import type { Audit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import { type Clock, formatTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import { createIds, type Ids } from '../../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../../core/page.ts';
import {
  type CaseFilter,
  type DatasetRow,
  findCases,
  findDatasetRevisions,
  listDatasets,
  listRevisions,
  lockDataset,
  type NamedFilter,
  updateDataset,
} from '../../store/datasets.ts';
import type { Store } from '../../store/dialect.ts';
import type { Case } from '../case.ts';
import { addCase } from './add-case.ts';
import { type CaseChange, listChanges } from './diff.ts';
import { exportRevision } from './export.ts';
import type { FileFormat } from './feed.ts';
import { type Import, importCases } from './import.ts';
import type { KeptCase } from './pages.ts';
import type { Published } from './publish.ts';
import {
  type DatasetRevision,
  findNamedDataset,
  findRevision,
  readRevision,
  requireRevisionBefore,
} from './revision.ts';
import { caseByHand, caseOfSession, type GivenCase, type SessionLabel } from './session-case.ts';
import { sweepStaged } from './stage.ts';

/** A dataset with one of its revisions: the one that was asked for, or else the one that it points to. */
export type Dataset = Omit<DatasetRow, 'latest_revision_id'> & { readonly revision: DatasetRevision | null };

/** What came of bringing cases. `unchanged` says that the dataset had a revision with just these. */
export type DatasetChange = { readonly dataset: Dataset; readonly unchanged: boolean };

/** Longer than any import takes: a day. */
const importUs = 86_400_000_000;

type Deps = { readonly store: Store; readonly clock: Clock; readonly ids: Ids; readonly audit: Audit };

/**
 * Sets of cases under a name. What a dataset held at one moment is a revision, which never changes; equal contents
 * are one revision. Datasets are called by their id or name, and revisions by their id or the beginning of their
 * hash; without any, the one is meant that the dataset points to.
 */
export function createDatasets(deps: Deps) {
  const { store, clock, ids, audit } = deps;
  const firstId = ids.next('dataset_revision');
  let turn: Promise<unknown> = Promise.resolve();

  const requireDataset = (idOrName: string): Promise<DatasetRow> => findNamedDataset(store.db, idOrName);

  async function revision(idOrName: string, wanted: string | null): Promise<DatasetRevision> {
    return findRevision(store.db, await requireDataset(idOrName), wanted);
  }

  return {
    /**
     * Makes cases the newest revision of a dataset, and the dataset if need be.
     * @throws PawlError `invalid_request`, `dataset_archived`, `invalid_dataset`, and what the feed throws.
     */
    async bring(given: Import, by: Actor): Promise<DatasetChange> {
      return changeOf(await importCases(deps, given, by));
    },

    /**
     * Makes a revision of the newest one and one more case, of a session or as it is given.
     * @throws PawlError `dataset_not_found`, `dataset_archived`, `session_not_found`, `invalid_request`,
     *   `invalid_dataset`, `overloaded`
     */
    async add(
      idOrName: string,
      given: SessionLabel | GivenCase,
      by: Actor,
    ): Promise<DatasetChange & { readonly case: Case; readonly hash: string }> {
      const dataset = await requireDataset(idOrName);
      const fit = 'session_id' in given ? await caseOfSession(store, given) : caseByHand(given);
      // One after the other: each is made from what the one before has left.
      const added = turn.then(() => addCase(deps, dataset.name, { fit, by }));
      turn = added.catch(() => {});
      return { ...changeOf(await added), case: fit.case, hash: fit.hash };
    },

    /** @throws PawlError `dataset_not_found`, `dataset_revision_not_found`, `invalid_request` */
    async retrieve(idOrName: string, wanted: string | null): Promise<Dataset> {
      const row = await requireDataset(idOrName);
      return withRevision(row, await findRevision(store.db, row, wanted));
    },

    /** @throws PawlError `dataset_not_found`, `dataset_revision_not_found`, `invalid_request` */
    revision,

    /** Datasets by creation time. */
    async list(filter: NamedFilter, request: PageRequest): Promise<Page<Dataset>> {
      const rows = await listDatasets(store.db, filter, request);
      const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
      const wanted = page.data.flatMap(({ latest_revision_id: id }) => (id === null ? [] : [id]));
      const revisions = await findDatasetRevisions(store.db, wanted);
      const byId = new Map(revisions.map((one) => [one.id, readRevision(one)]));
      const data = page.data.map((row) => withRevision(row, byId.get(row.latest_revision_id ?? '') ?? null));
      return { data, next_page: page.next_page };
    },

    /** A dataset's revisions by creation time. @throws PawlError `dataset_not_found` */
    async revisions(idOrName: string, request: PageRequest): Promise<Page<DatasetRevision>> {
      const { id } = await requireDataset(idOrName);
      const page = pageOf(await listRevisions(store.db, id, request), request, (row) => [
        row.created_at,
        row.id,
      ]);
      return { data: page.data.map(readRevision), next_page: page.next_page };
    },

    /**
     * The cases of a revision in order. A cursor stays with the revision that it was made for.
     * @throws PawlError `dataset_not_found`, `dataset_revision_not_found`, `invalid_request`, `invalid_page`
     */
    async cases(
      idOrName: string,
      wanted: string | null,
      request: PageRequest,
      filter: CaseFilter = {},
    ): Promise<Page<KeptCase>> {
      const [cursorId, after] = (request.cursor?.key ?? [null, -1]) as [string | null, number];
      const { id } = await revision(idOrName, wanted ?? cursorId);
      requireSame(cursorId, id);
      const found = await findCases(store.db, { revision_id: id, after, ...filter }, request.limit + 1);
      const page = pageOf(found, request, (row) => [id, row.position]);
      const data = page.data.map(({ body, ...row }) => ({ ...row, case: JSON.parse(body) as Case }));
      return { data, next_page: page.next_page };
    },

    /**
     * What became of the cases from one revision to another; without `from`, from the one before `to`. A cursor stays
     * with the revisions that it was made for.
     * @throws PawlError `dataset_not_found`, `dataset_revision_not_found`, `invalid_request`, `invalid_page`
     */
    async diff(
      idOrName: string,
      wanted: { readonly from: string | null; readonly to: string | null },
      request: PageRequest,
    ): Promise<Page<CaseChange> & { readonly from: DatasetRevision; readonly to: DatasetRevision }> {
      const [fromId, toId, ...place] = (request.cursor?.key ?? [null, null]) as [
        string | null,
        string | null,
        ...(CaseChange['place'] | readonly []),
      ];
      const row = await requireDataset(idOrName);
      const to = await findRevision(store.db, row, wanted.to ?? toId);
      const older = wanted.from ?? fromId;
      const from =
        older === null ? await requireRevisionBefore(store.db, to) : await findRevision(store.db, row, older);
      requireSame(fromId, from.id);
      requireSame(toId, to.id);
      const after = place.length === 0 ? null : place;
      const changes = await listChanges(store, { from, to }, { limit: request.limit, after });
      const page = pageOf(changes, request, (change) => [from.id, to.id, ...change.place]);
      return { data: page.data, next_page: page.next_page, from, to };
    },

    /**
     * A revision as a file, in pieces of whole lines; imported again, it gives the same hash.
     * @throws PawlError `dataset_not_found`, `dataset_revision_not_found`, `invalid_request`
     */
    async export(
      idOrName: string,
      wanted: string | null,
      format: FileFormat,
    ): Promise<AsyncIterable<string>> {
      return exportRevision(store, await revision(idOrName, wanted), format);
    },

    /** Archives for good; doing it again changes nothing. @throws PawlError `dataset_not_found` */
    async archive(idOrName: string, by: Actor): Promise<Dataset> {
      const { id } = await requireDataset(idOrName);
      const archived_at = formatTime(clock.now());
      await store.write(async (tx) => {
        const row = await lockDataset(tx, store.dialect, { id });
        if (row?.archived_at !== null) return;
        await updateDataset(tx, id, { archived_at, updated_at: archived_at });
        await audit.append(tx, {
          ...{ action: 'dataset.archived', outcome: 'done', actor: by, reason: null },
          ...{ subject: { type: 'dataset', id }, before: { archived_at: null }, after: { archived_at } },
        });
      });
      return this.retrieve(id, null);
    },

    /**
     * Removes what imports of an earlier process left behind when a crash broke them off. Where other processes may be in the
     * middle of one, it has to be old.
     */
    sweep(isAlone: boolean): Promise<void> {
      const longAgo = { now: () => clock.now() - importUs };
      const firstOf = createIds(longAgo, (size) => new Uint8Array(size));
      return sweepStaged(store, isAlone ? firstId : firstOf.next('dataset_revision'));
    },
  };
}

export type Datasets = ReturnType<typeof createDatasets>;

function withRevision(row: DatasetRow, revision: DatasetRevision | null): Dataset {
  const { latest_revision_id: _latest, ...rest } = row;
  return { ...rest, revision };
}

function changeOf({ dataset, revision, unchanged }: Published): DatasetChange {
  return { dataset: withRevision(dataset, readRevision(revision)), unchanged };
}

function requireSame(cursorId: string | null, revisionId: string): void {
  if (cursorId === null || cursorId === revisionId) return;
  throw new PawlError('invalid_page', 'page: this cursor was made for another revision');
}
