import { describe, expect, test } from 'vitest';
import type { Handle } from './dialect.ts';
import { firstPage, openSeeded, pageBehind, sampleEval } from './evals.testsuite.ts';
import {
  deleteEvalObject,
  type EvalObjectRow,
  findEval,
  findEvalObject,
  findEvalRevision,
  findNewestEvalObject,
  insertEval,
  insertEvalObject,
  insertEvalRevision,
  listEvals,
  lockEvalByName,
  setEvalArchived,
} from './evals.ts';
import { at } from './store.testsuite.ts';

describe.each(['SQLite', 'PostgreSQL'])('Evals on %s', (kind) => {
  const opened = openSeeded(kind);

  test('a name belongs to whoever has it first', async () => {
    const { store } = opened;
    const insert = (id: string) => store.write((tx) => insertEval(tx, sampleEval(id, 'mine')));
    expect([await insert('eval_a'), await insert('eval_b')]).toEqual([true, false]);
    expect(await findEval(store.db, 'mine')).toMatchObject({ id: 'eval_a' });
    expect(await findEval(store.db, 'eval_b')).toBeNull();
    expect(await findEvalRevision(store.db, 'eval_b', 1)).toBeNull();
  });

  test('an id is meant before a name that looks like it', async () => {
    const { store } = opened;
    await store.write((tx) => insertEval(tx, sampleEval('eval_c', 'eval_d')));
    await store.write((tx) => insertEval(tx, sampleEval('eval_d')));
    expect(await findEval(store.db, 'eval_d')).toMatchObject({ id: 'eval_d' });
    expect(await findEval(store.db, 'name of eval_d')).toMatchObject({ id: 'eval_d' });
  });

  test('a revision is added and becomes the latest, and none takes the place of another', async () => {
    const { store } = opened;
    const { row, revision } = sampleEval('eval_e');
    await store.write((tx) => insertEval(tx, { row, revision }));
    const second = { ...revision, revision: 2, hash: 'second', created_at: at(5) };
    await store.write((tx) => insertEvalRevision(tx, second));
    const locked = await store.write((tx) => lockEvalByName(tx, store.dialect, row.name));
    expect(locked).toEqual({ ...row, latest_revision: 2, updated_at: at(5) });
    expect(await findEvalRevision(store.db, 'eval_e', 1)).toEqual(revision);
    expect(await findEvalRevision(store.db, 'eval_e', 2)).toEqual(second);
    const taken = store.write((tx) => insertEvalRevision(tx, { ...second, hash: 'other' }));
    await expect(taken).rejects.toThrow();
    expect(await findEvalRevision(store.db, 'eval_e', 2)).toEqual(second);
  });

  test('what a revision said cannot be changed or taken away', async () => {
    const { store } = opened;
    const attempts = [
      (tx: Handle) => tx.updateTable('eval_revisions').set({ definition: '{"other":1}' }).execute(),
      (tx: Handle) => tx.deleteFrom('eval_revisions').execute(),
    ];
    for (const attempt of attempts) {
      await expect(store.write<unknown>(attempt)).rejects.toThrow(/rows are never changed/);
    }
    const whole = (tx: Handle) => tx.deleteFrom('evals').where('id', '=', 'eval_seed').execute();
    await expect(store.write<unknown>(whole)).rejects.toThrow();
    expect(await findEvalRevision(store.db, 'eval_seed', 1)).toMatchObject({ definition: '{}' });
  });

  test('those that are not archived are listed at their latest revision, page by page', async () => {
    const { store } = opened;
    await store.write((tx) => setEvalArchived(tx, 'eval_seed', at(9)));
    expect(await findEval(store.db, 'seed')).toMatchObject({ archived_at: at(9), updated_at: at(9) });
    const all = await listEvals(store.db, firstPage());
    expect(all.map(({ row }) => row.id)).toEqual(['eval_a', 'eval_c', 'eval_d', 'eval_e']);
    expect(all.at(-1)?.revision).toMatchObject({ revision: 2, hash: 'second' });
    const page = firstPage(2);
    expect(await listEvals(store.db, page)).toHaveLength(3);
    const rest = await listEvals(store.db, pageBehind(page.list, [at(1), 'eval_c']));
    expect(rest.map(({ row }) => row.id)).toEqual(['eval_d', 'eval_e']);
  });

  test('those of a dataset are found by what their latest revision calls it', async () => {
    const { store } = opened;
    const of = (id: string, dataset: string) => {
      const { row, revision } = sampleEval(id);
      const definition = JSON.stringify({
        dataset: { name: dataset, revision: null },
        message: '"dataset":{"name":"b",',
      });
      return { row, revision: { ...revision, definition } };
    };
    for (const one of [of('eval_x', 'a'), of('eval_y', 'A'), of('eval_z', 'b')]) {
      await store.write((tx) => insertEval(tx, one));
    }
    const moved = { ...of('eval_z', 'a').revision, revision: 2, hash: 'moved' };
    await store.write((tx) => insertEvalRevision(tx, moved));
    const found = async (...datasets: string[]) =>
      (await listEvals(store.db, firstPage(), { include_archived: false, datasets })).map(
        ({ row }) => row.id,
      );
    expect(await found('a')).toEqual(['eval_x', 'eval_z']);
    expect(await found('A', 'none')).toEqual(['eval_y']);
    expect(await found('b')).toEqual([]);
  });

  test('an object that was made at an endpoint is remembered by what it was made from', async () => {
    const { store } = opened;
    const object = (hash: string, fields: Partial<EvalObjectRow> = {}): EvalObjectRow => ({
      ...{ endpoint: '', kind: 'judge', name: 'fair', hash, object_id: `agent of ${hash}`, version: 1 },
      ...{ created_at: at(1), ...fields },
    });
    const put = (row: EvalObjectRow) => store.write((tx) => insertEvalObject(tx, row));
    await put(object('one'));
    await put(object('one', { object_id: 'agent of a second try' }));
    await put(object('two', { created_at: at(2), version: null }));
    await put(object('three', { endpoint: 'other', created_at: at(3) }));
    const key = { endpoint: '', kind: 'judge', name: 'fair' };
    expect(await findEvalObject(store.db, { ...key, hash: 'one' })).toEqual(object('one'));
    expect(await findEvalObject(store.db, { ...key, hash: 'three' })).toBeNull();
    expect(await findNewestEvalObject(store.db, key)).toMatchObject({ hash: 'two', version: null });
    expect(await findNewestEvalObject(store.db, { ...key, name: 'unfair' })).toBeNull();
    await store.write((tx) => deleteEvalObject(tx, 'agent of two'));
    expect(await findNewestEvalObject(store.db, key)).toMatchObject({ hash: 'one' });
  });
});
