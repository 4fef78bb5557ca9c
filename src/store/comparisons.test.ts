import { beforeAll, describe, expect, test } from 'vitest';
import type { Verdict } from '../core/evaluation.ts';
import {
  findCalibration,
  findComparison,
  findFittingComparison,
  findVerdict,
  insertCalibration,
  insertComparison,
  insertVerdict,
  listCalibrations,
  listComparisons,
  updateComparison,
} from './comparisons.ts';
import type { Handle } from './dialect.ts';
import { insertEvalRun } from './eval-runs.ts';
import {
  firstPage,
  openSeeded,
  pageBehind,
  sampleCalibration,
  sampleComparison,
  sampleEval,
  sampleRun,
  sampleVerdict,
} from './evals.testsuite.ts';
import { insertEval } from './evals.ts';
import { listBusy } from './jobs.ts';
import { at } from './store.testsuite.ts';

describe.each(['SQLite', 'PostgreSQL'])('Comparisons on %s', (kind) => {
  const opened = openSeeded(kind);
  beforeAll(async () => {
    await opened.store.write((tx) => insertEvalRun(tx, sampleRun('erun_seed')));
    await opened.store.write((tx) => insertEval(tx, sampleEval('eval_other')));
  });
  const insert = (...fields: Parameters<typeof sampleComparison>): Promise<void> =>
    opened.store.write((tx) => insertComparison(tx, sampleComparison(...fields)));

  test('one that is over is changed no more', async () => {
    const { store } = opened;
    await insert('cmp_a');
    const change = (changes: Parameters<typeof updateComparison>[2]) =>
      store.write((tx) => updateComparison(tx, 'cmp_a', changes));
    expect(await change({ status: 'running' })).toBe(true);
    expect(await change({ status: 'completed', ended_at: at(3) })).toBe(true);
    expect(await change({ status: 'failed', error: 'late' })).toBe(false);
    const ended = sampleComparison('cmp_a', { status: 'completed', ended_at: at(3) });
    expect(await findComparison(store.db, 'cmp_a')).toEqual(ended);
    expect(await findComparison(store.db, 'cmp_none')).toBeNull();
  });

  test('a verdict is given once, and cannot be changed or taken away', async () => {
    const { store } = opened;
    await insert('cmp_v');
    expect(await findVerdict(store.db, 'cmp_v')).toBeNull();
    await store.write((tx) => insertVerdict(tx, sampleVerdict('cmp_v')));
    const attempts = [
      (tx: Handle) => tx.updateTable('verdicts').set({ verdict: 'fail' }).execute(),
      (tx: Handle) => tx.deleteFrom('verdicts').execute(),
    ];
    for (const attempt of attempts) {
      await expect(store.write<unknown>(attempt)).rejects.toThrow(/rows are never changed/);
    }
    const again = (tx: Handle) => insertVerdict(tx, { ...sampleVerdict('cmp_v'), verdict: 'fail' });
    const whole = (tx: Handle) => tx.deleteFrom('comparisons').where('id', '=', 'cmp_v').execute();
    for (const attempt of [again, whole]) await expect(store.write<unknown>(attempt)).rejects.toThrow();
    expect(await findVerdict(store.db, 'cmp_v')).toEqual(sampleVerdict('cmp_v'));
  });

  test('a verdict is one of four, and of a comparison that is there', async () => {
    const { store } = opened;
    await insert('cmp_w');
    const odd = { ...sampleVerdict('cmp_w'), verdict: 'maybe' as Verdict };
    await expect(store.write((tx) => insertVerdict(tx, odd))).rejects.toThrow();
    await expect(store.write((tx) => insertVerdict(tx, sampleVerdict('cmp_none')))).rejects.toThrow();
    expect(await findVerdict(store.db, 'cmp_w')).toBeNull();
  });

  test('they are listed by eval, page by page, and those that are not over oldest first', async () => {
    const { store } = opened;
    for (const [i, status] of (['running', 'failed', 'pending'] as const).entries()) {
      await insert(`cmp_l${i}`, { eval_id: 'eval_other', status, created_at: at(9 - i) });
    }
    const filter = { eval_id: 'eval_other' };
    const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);
    expect(ids(await listComparisons(store.db, filter, firstPage()))).toEqual(['cmp_l2', 'cmp_l1', 'cmp_l0']);
    expect(await listComparisons(store.db, filter, firstPage(1))).toHaveLength(2);
    const behind = pageBehind(firstPage().list, [at(8), 'cmp_l1']);
    expect(ids(await listComparisons(store.db, filter, behind))).toEqual(['cmp_l0']);
    expect((await listComparisons(store.db, {}, firstPage())).length).toBeGreaterThan(3);
    const busy = (await listBusy(store.db, 'comparisons')).filter((id) => id.startsWith('cmp_l'));
    expect(busy).toEqual(['cmp_l2', 'cmp_l0']);
  });

  test('one with a recorded run is no evidence, whichever side it is on', async () => {
    const { store } = opened;
    await store.write(async (tx) => {
      for (const version of [7, 8])
        await insertEvalRun(tx, sampleRun(`erun_${version}`, { agent_version: version }));
      await insertEvalRun(tx, sampleRun('erun_7r', { agent_version: 7, recorded: 'production' }));
      await insertEvalRun(tx, sampleRun('erun_8r', { agent_version: 8, recorded: 'shadow' }));
    });
    const { eval_id, eval_revision, dataset_revision_id, agent_id } = sampleRun('erun_7');
    const fitting = {
      ...{ eval_id, eval_revision, dataset_revision_id, agent_id },
      ...{ baseline_version: 7, candidate_version: 8, epochs: 1 },
    };
    const pairs = [
      ['erun_7r', 'erun_8'],
      ['erun_7', 'erun_8r'],
      ['erun_7r', 'erun_8r'],
    ] as const;
    for (const [i, [baseline_run_id, candidate_run_id]] of pairs.entries()) {
      await insert(`cmp_r${i}`, { baseline_run_id, candidate_run_id });
      expect(await findFittingComparison(store.db, fitting)).toBeNull();
      expect(await findFittingComparison(store.db, fitting, `cmp_r${i}`)).toBeNull();
    }
    await insert('cmp_asked', { baseline_run_id: 'erun_7', candidate_run_id: 'erun_8' });
    expect(await findFittingComparison(store.db, fitting)).toMatchObject({ id: 'cmp_asked' });
  });

  test('a calibration is found by eval, kind and key, the newest first, and cannot be changed', async () => {
    const { store } = opened;
    const rows = [
      sampleCalibration('calib_1'),
      sampleCalibration('calib_2', { created_at: at(2) }),
      sampleCalibration('calib_3', { kind: 'judge', created_at: at(3) }),
      sampleCalibration('calib_4', { key: 'other', created_at: at(4) }),
      sampleCalibration('calib_5', { eval_id: 'eval_other', created_at: at(5) }),
    ];
    for (const row of rows) await store.write((tx) => insertCalibration(tx, row));
    const key = { eval_id: 'eval_seed', kind: 'gate', key: 'k' } as const;
    expect(await findCalibration(store.db, key)).toEqual(rows[1]);
    expect(await findCalibration(store.db, { ...key, kind: 'judge' })).toEqual(rows[2]);
    expect(await findCalibration(store.db, { ...key, key: 'none' })).toBeNull();
    const attempts = [
      (tx: Handle) => tx.updateTable('calibrations').set({ report: '{"other":1}' }).execute(),
      (tx: Handle) => tx.deleteFrom('calibrations').execute(),
    ];
    for (const attempt of attempts) {
      await expect(store.write<unknown>(attempt)).rejects.toThrow(/rows are never changed/);
    }
    expect(await findCalibration(store.db, key)).toEqual(rows[1]);
    const ids = async (filter: { eval_id?: string }) =>
      (await listCalibrations(store.db, filter, firstPage())).map(({ id }) => id);
    expect(await ids({})).toEqual(['calib_1', 'calib_2', 'calib_4', 'calib_5']);
    expect(await ids({ eval_id: 'eval_seed' })).toEqual(['calib_1', 'calib_2', 'calib_4']);
  });
});
