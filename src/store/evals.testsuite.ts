import { afterAll, beforeAll } from 'vitest';
import { migratedDatabase } from '../../test/postgres.ts';
import type { ListShape, PageRequest } from '../core/page.ts';
import type { CalibrationRow, ComparisonRow, VerdictRow } from './comparisons.ts';
import { insertDataset, insertRevision } from './datasets.ts';
import type { Store } from './dialect.ts';
import type { EvalResultRow, EvalRunRow } from './eval-runs.ts';
import { type EvalAtRevision, insertEval } from './evals.ts';
import { openStore } from './open.ts';
import { at } from './store.testsuite.ts';

/** An eval at its revision 1. */
export function sampleEval(id: string, name = `name of ${id}`): EvalAtRevision {
  const times = { created_at: at(1), updated_at: at(1), archived_at: null };
  return {
    row: { id, name, latest_revision: 1, ...times },
    revision: { eval_id: id, revision: 1, definition: '{}', hash: `hash of ${id}`, created_at: at(1) },
  };
}

/** A run of the eval and on the dataset revision that {@link openSeeded} makes. */
export function sampleRun(id: string, fields: Partial<EvalRunRow> = {}): EvalRunRow {
  return {
    ...{ id, eval_id: 'eval_seed', eval_revision: 1, agent_id: 'agent_a', agent_version: 1 },
    ...{ dataset_revision_id: 'drev_seed', endpoint: null, status: 'pending', epochs: 1, fresh: 0 },
    recorded: null,
    ...{ plan: null, counts: '{}', error: null, attempt: 0 },
    ...{ created_at: at(1), started_at: null, ended_at: null },
    ...fields,
  };
}

export function sampleResult(
  run_id: string,
  position: number,
  fields: Partial<EvalResultRow> = {},
): EvalResultRow {
  const case_id = `case ${position}`;
  return {
    ...{ run_id, position, epoch: 1, case_id, case_hash: `hash of ${case_id}`, status: 'done' },
    ...{ outcome_key: `key of ${run_id} ${position}`, scores: '{"exact":1}', outcome: '{"reply":"yes"}' },
    ...fields,
  };
}

export function sampleComparison(id: string, fields: Partial<ComparisonRow> = {}): ComparisonRow {
  return {
    ...{ id, eval_id: 'eval_seed', candidate_run_id: 'erun_seed', baseline_run_id: 'erun_seed' },
    ...{ gate: '{}', origin: null, status: 'pending', error: null, created_at: at(1), ended_at: null },
    ...fields,
  };
}

export function sampleVerdict(comparison_id: string): VerdictRow {
  return { comparison_id, verdict: 'pass', report: '{}', created_at: at(2) };
}

export function sampleCalibration(id: string, fields: Partial<CalibrationRow> = {}): CalibrationRow {
  return { id, eval_id: 'eval_seed', kind: 'gate', key: 'k', report: '{}', created_at: at(1), ...fields };
}

/** The first page, oldest first. */
export function firstPage(limit = 100): PageRequest {
  return {
    list: { name: 'any', key: ['string', 'string'], backwards: false },
    limit,
    order: 'asc',
    cursor: null,
  };
}

/** The page behind a row. */
export function pageBehind(list: ListShape, key: readonly (string | number)[], limit = 100): PageRequest {
  const cursor = { list: list.name, order: 'asc', direction: 'next', key } as const;
  return { list, limit, order: 'asc', cursor };
}

/** Opens a store with an eval and a dataset revision in it, for the tests of one database. */
export function openSeeded(kind: string): { readonly store: Store } {
  const opened: { store?: Store; drop?: () => Promise<void> } = {};
  beforeAll(async () => {
    const database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    const store = await openStore(
      database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url },
    );
    opened.store = store;
    opened.drop = async () => database?.drop();
    await store.write(async (tx) => {
      const times = { created_at: at(1), updated_at: at(1), archived_at: null };
      await insertDataset(tx, {
        ...{ id: 'dset_seed', name: 'seed', description: null, latest_revision_id: null, ...times },
      });
      await insertRevision(tx, {
        ...{ id: 'drev_seed', dataset_id: 'dset_seed', hash: 'hash', cases: 1 },
        ...{ summary: '{}', created_at: at(1) },
      });
      await insertEval(tx, sampleEval('eval_seed', 'seed'));
    });
  });
  afterAll(async () => {
    await opened.store?.close();
    await opened.drop?.();
  });
  return {
    get store() {
      if (opened.store === undefined) throw new Error('The store is not open yet');
      return opened.store;
    },
  };
}
