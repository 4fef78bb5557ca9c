import { describe, expect, test } from 'vitest';
import type { JobStatus } from '../core/evaluation.ts';
import type { Handle } from './dialect.ts';
import {
  countEvalRun,
  type EvalResultRow,
  type EvalRunFilter,
  findEvalRun,
  findReusable,
  insertEvalRun,
  listEvalResultPage,
  listEvalResultsOf,
  listEvalRuns,
  listEvalScores,
  lockEvalRun,
  putEvalResults,
  updateEvalRun,
} from './eval-runs.ts';
import { firstPage, openSeeded, pageBehind, sampleResult, sampleRun } from './evals.testsuite.ts';
import { listBusy } from './jobs.ts';
import { at } from './store.testsuite.ts';

describe.each(['SQLite', 'PostgreSQL'])('Eval runs on %s', (kind) => {
  const opened = openSeeded(kind);
  const insert = (...rows: Parameters<typeof sampleRun>): Promise<void> =>
    opened.store.write((tx) => insertEvalRun(tx, sampleRun(...rows)));
  const put = (...rows: EvalResultRow[]): Promise<void> =>
    opened.store.write((tx) => putEvalResults(tx, rows));
  const everywhere = Array.from({ length: 5000 }, (_, position) => position);
  const resultsOf = (id: string): Promise<EvalResultRow[]> =>
    listEvalResultsOf(opened.store.db, id, everywhere);

  test('a run comes back as it was put, and one of no eval or no dataset is refused', async () => {
    const { store } = opened;
    const fields = { endpoint: 'other', plan: '{"seed":1}', counts: '{"done":1}', fresh: 1, ended_at: at(3) };
    await insert('erun_back', fields);
    expect(await findEvalRun(store.db, 'erun_back')).toEqual(sampleRun('erun_back', fields));
    expect(await store.write((tx) => lockEvalRun(tx, store.dialect, 'erun_back'))).toMatchObject(fields);
    expect(await store.write((tx) => lockEvalRun(tx, store.dialect, 'erun_none'))).toBeNull();
    await expect(insert('erun_bad', { eval_revision: 9 })).rejects.toThrow();
    await expect(insert('erun_bad', { dataset_revision_id: 'drev_none' })).rejects.toThrow();
    await expect(insert('erun_bad', { status: 'lost' as JobStatus })).rejects.toThrow();
    await expect(insert('erun_bad', { epochs: 0 })).rejects.toThrow();
    expect(await findEvalRun(store.db, 'erun_bad')).toBeNull();
  });

  test('whoever no longer holds a run changes nothing, neither counts nor results', async () => {
    const { store } = opened;
    await insert('erun_fenced', { attempt: 2, counts: 'before' });
    const change = (attempt: number, error: string) =>
      store.write((tx) => updateEvalRun(tx, { id: 'erun_fenced', attempt }, { error }));
    expect(await change(1, 'of one before')).toBe(false);
    expect(await change(2, 'of the holder')).toBe(true);
    const late = store.write(async (tx) => {
      await putEvalResults(tx, [sampleResult('erun_fenced', 0)]);
      const ours = await countEvalRun(tx, { id: 'erun_fenced', attempt: 1, counts: 'late' });
      if (!ours) throw new Error('superseded');
    });
    await expect(late).rejects.toThrow('superseded');
    expect(await resultsOf('erun_fenced')).toEqual([]);
    const held = { id: 'erun_fenced', attempt: 2, counts: 'after' };
    expect(await store.write((tx) => countEvalRun(tx, held))).toBe(true);
    expect(await findEvalRun(store.db, 'erun_fenced')).toMatchObject({
      counts: 'after',
      error: 'of the holder',
    });
  });

  test('a result that is done stays, and one of a broken session gives way', async () => {
    await insert('erun_put');
    const done = sampleResult('erun_put', 0, { outcome: 'first' });
    const broken = sampleResult('erun_put', 1, { status: 'error', scores: '{}', outcome: 'broken' });
    await put(done, broken);
    const later = sampleResult('erun_put', 1, { outcome: 'later', outcome_key: 'another key' });
    await put({ ...done, outcome: 'second' }, later);
    expect(await resultsOf('erun_put')).toEqual([done, later]);
    await put({ ...later, status: 'error', outcome: 'broken again' });
    expect(await resultsOf('erun_put')).toEqual([done, later]);
  });

  test('one commit takes thousands of results', async () => {
    await insert('erun_many');
    const rows = Array.from({ length: 3000 }, (_, position) => sampleResult('erun_many', position));
    await put(...rows);
    expect(await resultsOf('erun_many')).toHaveLength(3000);
    const some = await listEvalScores(opened.store.db, 'erun_many', { from: 10, to: 12 });
    expect(some.map(({ position, scores }) => [position, scores])).toEqual([
      [10, '{"exact":1}'],
      [11, '{"exact":1}'],
    ]);
    expect(Object.keys(some[0] ?? {})).not.toContain('outcome');
  });

  test('results come by case and epoch, page by page, and those that broke alone', async () => {
    const { store } = opened;
    await insert('erun_pages');
    const rows = [2, 0, 1].flatMap((position) =>
      [2, 1].map((epoch) => {
        const status = epoch === 2 && position !== 1 ? ('error' as const) : ('done' as const);
        return sampleResult('erun_pages', position, { epoch, status });
      }),
    );
    await put(...rows);
    const places = (found: readonly EvalResultRow[]) => found.map(({ position, epoch }) => [position, epoch]);
    const inOrder = [
      ...[1, 2].map((epoch) => [0, epoch]),
      ...[1, 2].map((epoch) => [1, epoch]),
      ...[1, 2].map((epoch) => [2, epoch]),
    ];
    expect(places(await resultsOf('erun_pages'))).toEqual(inOrder);
    const filter = { run_id: 'erun_pages', errors: false };
    const list = { name: 'eval_results', key: ['number', 'number'], backwards: false } as const;
    expect(places(await listEvalResultPage(store.db, filter, firstPage(2)))).toEqual(inOrder.slice(0, 3));
    const rest = await listEvalResultPage(store.db, filter, pageBehind(list, [0, 2]));
    expect(places(rest)).toEqual(inOrder.slice(2));
    const broken = await listEvalResultPage(store.db, { ...filter, errors: true }, firstPage());
    expect(places(broken)).toEqual([
      [0, 2],
      [2, 2],
    ]);
    expect(places(await listEvalResultsOf(store.db, 'erun_pages', [2, 0]))).toEqual(
      inOrder.filter(([position]) => position !== 1),
    );
    expect(await listEvalResultsOf(store.db, 'erun_pages', [])).toEqual([]);
  });

  test('what may be reused is the newest of each case and of each key, of other runs, and done', async () => {
    const { store } = opened;
    for (const id of ['erun_r1', 'erun_r2', 'erun_r3']) await insert(id);
    const keyed = (run: string, position: number, fields: Partial<EvalResultRow> = {}) =>
      sampleResult(run, position, { outcome_key: 'same', ...fields });
    await put(
      keyed('erun_r1', 0),
      keyed('erun_r2', 0),
      keyed('erun_r1', 1),
      keyed('erun_r2', 1, { status: 'error' }),
      keyed('erun_r1', 2, { outcome_key: 'other' }),
      keyed('erun_r3', 0),
    );
    const case_ids = ['case 0', 'case 1', 'case 2'];
    const found = async (keys: readonly string[], run_id: string, ids = case_ids) =>
      (await findReusable(store.db, { keys, case_ids: ids, run_id })).map((row) => [row.run_id, row.case_id]);
    expect(await found(['same', 'nothing'], 'erun_r3')).toEqual([
      ['erun_r1', 'case 1'],
      ['erun_r2', 'case 0'],
    ]);
    expect(await found(['same'], 'erun_r3', ['case 9'])).toEqual([['erun_r2', 'case 0']]);
    expect(await found(['other'], 'erun_r3')).toEqual([['erun_r1', 'case 2']]);
    expect(await found(['other'], 'erun_r1')).toEqual([]);
    expect(await found([], 'erun_r3')).toEqual([]);
    const [row] = await findReusable(store.db, { keys: ['other'], case_ids, run_id: 'erun_r3' });
    expect(row).toEqual(keyed('erun_r1', 2, { outcome_key: 'other' }));
    const many = Array.from({ length: 20_000 }, (_, i) => `key ${i}`);
    expect(await found([...many, 'other'], 'erun_r3')).toEqual([['erun_r1', 'case 2']]);
  });

  test('runs are listed by whatever is asked for, and those that are not over oldest first', async () => {
    const { store } = opened;
    const statuses = ['completed', 'running', 'failed', 'pending', 'canceled'] as const;
    for (const [i, status] of statuses.entries()) {
      await insert(`erun_l${i}`, {
        agent_id: 'agent_l',
        agent_version: i % 2,
        status,
        created_at: at(50 - i),
      });
    }
    const ids = async (filter: EvalRunFilter, request = firstPage()) =>
      (await listEvalRuns(store.db, filter, request)).map(({ id }) => id);
    const agent_id = 'agent_l';
    expect(await ids({ agent_id })).toEqual(['erun_l4', 'erun_l3', 'erun_l2', 'erun_l1', 'erun_l0']);
    expect(await ids({ agent_id, agent_version: 1 })).toEqual(['erun_l3', 'erun_l1']);
    expect(await ids({ agent_id, status: 'failed', eval_id: 'eval_seed' })).toEqual(['erun_l2']);
    expect(await ids({ agent_id, eval_id: 'eval_none' })).toEqual([]);
    expect(await ids({ agent_id }, pageBehind(firstPage().list, [at(48), 'erun_l2']))).toEqual([
      'erun_l1',
      'erun_l0',
    ]);
    const busy = (await listBusy(store.db, 'eval_runs')).filter((id) => id.startsWith('erun_l'));
    expect(busy).toEqual(['erun_l3', 'erun_l1']);
  });

  test('results cannot be without their run, and a status that there is none of is refused', async () => {
    const { store } = opened;
    await expect(put(sampleResult('erun_none', 0))).rejects.toThrow();
    await insert('erun_gone');
    const lost = { status: 'lost' } as unknown as Partial<EvalResultRow>;
    await expect(put(sampleResult('erun_gone', 0, lost))).rejects.toThrow();
    await put(sampleResult('erun_gone', 0));
    await store.write((tx: Handle) => tx.deleteFrom('eval_runs').where('id', '=', 'erun_gone').execute());
    expect(await resultsOf('erun_gone')).toEqual([]);
  });
});
