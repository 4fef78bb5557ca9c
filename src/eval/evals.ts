import type { Audit } from '../access/audit.ts';
import type { Actor } from '../access/keys.ts';
import { contentHash } from '../core/canonical.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { maxInteger, type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { NamedFilter } from '../store/datasets.ts';
import type { Handle, Store } from '../store/dialect.ts';
import {
  type EvalAtRevision,
  type EvalRevisionRow,
  type EvalRow,
  findEval,
  findEvalRevision,
  insertEval,
  insertEvalRevision,
  listEvals,
  lockEvalByName,
  setEvalArchived,
} from '../store/evals.ts';
import { findNamedDataset } from './dataset/revision.ts';
import type { EvalDefinition } from './definition.ts';

/** An eval at one of its revisions. */
export type Eval = {
  readonly id: string;
  readonly name: string;
  readonly revision: number;
  readonly hash: string;
  readonly definition: EvalDefinition;
  readonly created_at: string;
  readonly updated_at: string;
  readonly archived_at: string | null;
};

/** Which evals are listed. `dataset` is the id or the name of one that their cases come from. */
export type EvalListing = NamedFilter & { readonly dataset?: string | undefined };

type Deps = { readonly store: Store; readonly clock: Clock; readonly ids: Ids; readonly audit: Audit };

/** Eval definitions under their names; every change makes a revision, and none is ever lost. */
export function createEvals({ store, clock, ids, audit }: Deps) {
  /** What is kept of a revision in the audit log; the definition is there for ever under its number. */
  async function record(tx: Handle, one: Eval, before: EvalRow | null, by: Actor): Promise<Eval> {
    await audit.append(tx, {
      ...{
        action: before === null ? 'eval.created' : 'eval.updated',
        outcome: 'done',
        actor: by,
        reason: null,
      },
      subject: { type: 'eval', id: one.id },
      before: before === null ? null : { revision: before.latest_revision },
      after: { name: one.name, revision: one.revision, hash: one.hash },
    });
    return one;
  }

  return {
    /**
     * Keeps a definition under its name: as a new eval, as the next revision of one, or not at all when that is what
     * the newest revision says already.
     * @throws PawlError `eval_archived`
     */
    async put(definition: EvalDefinition, by: Actor): Promise<Eval> {
      const hash = contentHash(definition);
      return store.write(async (tx) => {
        const now = formatTime(clock.now());
        const fields = { definition: JSON.stringify(definition), hash, created_at: now };
        let row = await lockEvalByName(tx, store.dialect, definition.name);
        if (row === null) {
          const id = ids.next('eval');
          const made = { id, name: definition.name, latest_revision: 1, created_at: now, updated_at: now };
          const first = {
            row: { ...made, archived_at: null },
            revision: { eval_id: id, revision: 1, ...fields },
          };
          if (await insertEval(tx, first)) return record(tx, read(first), null, by);
          row = await lockEvalByName(tx, store.dialect, definition.name);
        }
        if (row === null) throw new Error(`Eval ${definition.name} is neither new nor there`);
        if (row.archived_at !== null) {
          throw new PawlError('eval_archived', `eval ${row.name} is archived; give the new one another name`);
        }
        const latest = await findEvalRevision(tx, row.id, row.latest_revision);
        if (latest?.hash === hash) return read({ row, revision: latest });
        const revision: EvalRevisionRow = { eval_id: row.id, revision: row.latest_revision + 1, ...fields };
        await insertEvalRevision(tx, revision);
        const next = read({ row: { ...row, latest_revision: revision.revision, updated_at: now }, revision });
        return record(tx, next, row, by);
      });
    },

    /** An eval by id or name, at a revision or its newest. @throws PawlError `eval_not_found` */
    async retrieve(idOrName: string, revision?: number): Promise<Eval> {
      const row = await findEval(store.db, idOrName);
      const number = revision ?? row?.latest_revision ?? 0;
      const found =
        row === null || number > maxInteger ? null : await findEvalRevision(store.db, row.id, number);
      if (row !== null && found !== null) return read({ row, revision: found });
      const what =
        row === null ? `eval ${idOrName} does not exist` : `eval ${row.name} has no revision ${revision}`;
      throw new PawlError('eval_not_found', what);
    },

    /** Archives for good; doing it again changes nothing. @throws PawlError `eval_not_found` */
    async archive(idOrName: string, by: Actor): Promise<Eval> {
      const current = await this.retrieve(idOrName);
      if (current.archived_at !== null) return current;
      const now = formatTime(clock.now());
      await store.write(async (tx) => {
        await setEvalArchived(tx, current.id, now);
        await audit.append(tx, {
          ...{ action: 'eval.archived', outcome: 'done', actor: by, reason: null },
          subject: { type: 'eval', id: current.id },
          ...{ before: { archived_at: null }, after: { archived_at: now } },
        });
      });
      return { ...current, archived_at: now, updated_at: now };
    },

    /** Evals by creation time, each at its newest revision. @throws PawlError `dataset_not_found` */
    async list({ dataset, ...named }: EvalListing, request: PageRequest): Promise<Page<Eval>> {
      const used = dataset === undefined ? undefined : await findNamedDataset(store.db, dataset);
      const datasets = used === undefined ? undefined : [used.name, used.id];
      const rows = await listEvals(store.db, request, { ...named, datasets });
      const page = pageOf(rows, request, ({ row }) => [row.created_at, row.id]);
      return { data: page.data.map(read), next_page: page.next_page };
    },
  };
}

export type Evals = ReturnType<typeof createEvals>;

/** The row of an eval, by its id or its name. @throws PawlError `eval_not_found` */
export async function requireEval(db: Handle, idOrName: string): Promise<EvalRow> {
  const row = await findEval(db, idOrName);
  if (row !== null) return row;
  throw new PawlError('eval_not_found', `eval ${idOrName.slice(0, 100)} does not exist`);
}

function read({ row, revision }: EvalAtRevision): Eval {
  const { latest_revision: _latest, ...fields } = row;
  return {
    ...fields,
    revision: revision.revision,
    hash: revision.hash,
    definition: JSON.parse(revision.definition) as EvalDefinition,
  };
}
