import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migratedDatabase } from '../../test/postgres.ts';
import {
  copyCases,
  type DatasetRevisionRow,
  type DatasetRow,
  deleteCases,
  findCasePosition,
  findDataset,
  findLastPosition,
  findRevisionBefore,
  findRevisionsByHash,
  insertCases,
  insertDataset,
  insertRevision,
  listDifferingCases,
  nextCasesOwner,
  readBodies,
  readCases,
} from './datasets.ts';
import type { Handle, Store } from './dialect.ts';
import { openStore } from './open.ts';
import { at } from './store.testsuite.ts';

const sampleDataset = (id: string, fields: Partial<DatasetRow> = {}): DatasetRow => ({
  ...{ id, name: `name of ${id}`, description: null, latest_revision_id: null },
  ...{ created_at: at(1), updated_at: at(1), archived_at: null, ...fields },
});

const sampleRevision = (id: string, fields: Partial<DatasetRevisionRow> = {}): DatasetRevisionRow => ({
  ...{ id, dataset_id: 'dset_a', hash: `hash of ${id}`, cases: 1, summary: '{}', created_at: at(1) },
  ...fields,
});

/** Cases called by the letters of `ids`, each with its id as its content unless another is given. */
function sampleCases(revision_id: string, ids: string, contents: Readonly<Record<string, string>> = {}) {
  return Array.from(ids, (case_id, position) => {
    const body = contents[case_id] ?? `"${case_id}"`;
    return { revision_id, position, case_id, hash: `hash of ${body}`, body };
  });
}

describe.each(['SQLite', 'PostgreSQL'])('Datasets on %s', (kind) => {
  let store: Store;
  let drop = async (): Promise<void> => {};

  beforeAll(async () => {
    const database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
    drop = async () => database?.drop();
    await store.write((tx) => insertDataset(tx, sampleDataset('dset_a')));
  });
  afterAll(async () => {
    await store.close();
    await drop();
  });

  const stage = (rows: ReturnType<typeof sampleCases>): Promise<void> =>
    store.write((tx) => insertCases(tx, rows));

  test('a name belongs to whoever has it first', async () => {
    await store.write((tx) => insertDataset(tx, sampleDataset('dset_b', { name: 'mine' })));
    await store.write((tx) => insertDataset(tx, sampleDataset('dset_c', { name: 'mine' })));
    expect(await findDataset(store.db, { name: 'mine' })).toMatchObject({ id: 'dset_b' });
    expect(await findDataset(store.db, { id: 'dset_c' })).toBeNull();
  });

  test('cases with the same content share it', async () => {
    await stage(sampleCases('drev_share1', 'ab', { b: '"a"' }));
    await stage(sampleCases('drev_share2', 'a'));
    expect(await readCases(store.db, 'drev_share1', { from: 0, to: 9 })).toEqual([
      { position: 0, hash: 'hash of "a"', body: '"a"' },
      { position: 1, hash: 'hash of "a"', body: '"a"' },
    ]);
    expect([...(await readBodies(store.db, ['hash of "a"', 'no hash']))]).toEqual([['hash of "a"', '"a"']]);
  });

  test('an id stands only once in a revision', async () => {
    await expect(stage(sampleCases('drev_twice', 'aba'))).rejects.toThrow();
    expect(await findLastPosition(store.db, 'drev_twice')).toBeNull();
  });

  test('cases can be taken away until their revision exists, and nothing changes them then', async () => {
    await stage(sampleCases('drev_kept', 'abc'));
    await store.write((tx) => deleteCases(tx, 'drev_kept', { from: 2, to: 9 }));
    expect(await findLastPosition(store.db, 'drev_kept')).toBe(1);
    await store.write((tx) => insertRevision(tx, sampleRevision('drev_kept', { cases: 2 })));
    const refused = expect.objectContaining({ message: expect.stringContaining('rows are never changed') });
    const attempts = [
      (tx: Handle) => deleteCases(tx, 'drev_kept', { from: 0, to: 9 }),
      (tx: Handle) => tx.updateTable('dataset_cases').set({ case_id: 'x' }).execute(),
      (tx: Handle) => tx.updateTable('dataset_bodies').set({ body: 'x' }).execute(),
      (tx: Handle) => tx.deleteFrom('dataset_bodies').execute(),
      (tx: Handle) => tx.updateTable('dataset_revisions').set({ cases: 9 }).execute(),
      (tx: Handle) => tx.deleteFrom('dataset_revisions').execute(),
    ];
    for (const attempt of attempts) await expect(store.write<unknown>(attempt)).rejects.toEqual(refused);
    expect(await readCases(store.db, 'drev_kept', { from: 0, to: 9 })).toHaveLength(2);
  });

  test('a dataset has no two revisions with one hash', async () => {
    await store.write((tx) => insertRevision(tx, sampleRevision('drev_one', { hash: 'same' })));
    await expect(
      store.write((tx) => insertRevision(tx, sampleRevision('drev_two', { hash: 'same' }))),
    ).rejects.toThrow();
  });

  test('revisions are found by the beginning of their hash, and by what they came after', async () => {
    for (const [n, hash] of ['aaaa0', 'aaaa1', 'aaab'].entries()) {
      const fields = { hash, dataset_id: 'dset_b', created_at: at(n) };
      await store.write((tx) => insertRevision(tx, sampleRevision(`drev_hash${n}`, fields)));
    }
    const found = async (prefix: string): Promise<string[]> =>
      (await findRevisionsByHash(store.db, 'dset_b', prefix)).map(({ hash }) => hash).toSorted();
    expect(await found('aaaa')).toEqual(['aaaa0', 'aaaa1']);
    expect(await found('aaab')).toEqual(['aaab']);
    expect(await found('aaac')).toEqual([]);
    expect(await findRevisionsByHash(store.db, 'dset_a', 'aaab')).toEqual([]);
    const last = sampleRevision('drev_hash2', { dataset_id: 'dset_b', created_at: at(2) });
    expect(await findRevisionBefore(store.db, last)).toMatchObject({ id: 'drev_hash1' });
    expect(await findRevisionBefore(store.db, { ...last, created_at: at(0) })).toMatchObject({
      id: 'drev_hash0',
    });
    expect(await findRevisionBefore(store.db, { ...last, id: '', created_at: at(0) })).toBeNull();
  });

  test('cases are copied, but for one', async () => {
    await stage(sampleCases('drev_from', 'abcd'));
    const copy = { from: 'drev_from', to: 'drev_to', except: 'b' };
    await store.write((tx) => copyCases(tx, { ...copy, range: { from: 0, to: 3 } }));
    const rows = await readCases(store.db, 'drev_to', { from: 0, to: 9 });
    expect(rows.map(({ position, body }) => [position, body])).toEqual([
      [0, '"a"'],
      [2, '"c"'],
    ]);
    expect(await findCasePosition(store.db, 'drev_to', 'c')).toBe(2);
    expect(await findCasePosition(store.db, 'drev_to', 'b')).toBeNull();
  });

  test('what differs from another revision is found by position', async () => {
    await stage(sampleCases('drev_old', 'abcd'));
    await stage(sampleCases('drev_new', 'dcxb', { c: '"other"' }));
    const differing = async (revision_id: string, other_id: string, from = 0, to = 9): Promise<unknown> =>
      (await listDifferingCases(store.db, { revision_id, other_id, range: { from, to } })).map((row) => [
        ...[row.position, row.case_id, row.other_hash],
      ]);
    expect(await differing('drev_new', 'drev_old')).toEqual([
      [1, 'c', 'hash of "c"'],
      [2, 'x', null],
    ]);
    expect(await differing('drev_new', 'drev_old', 2, 3)).toEqual([[2, 'x', null]]);
    expect(await differing('drev_old', 'drev_new')).toEqual([
      [0, 'a', null],
      [2, 'c', 'hash of "other"'],
    ]);
  });

  test('whoever has cases is found one after the other', async () => {
    const owners: string[] = [];
    for (let id = await nextCasesOwner(store.db, ''); id !== null; id = await nextCasesOwner(store.db, id)) {
      owners.push(id);
    }
    expect(owners).toEqual(owners.toSorted());
    expect(new Set(owners).size).toBe(owners.length);
    expect(owners).toContain('drev_kept');
    expect(owners).not.toContain('drev_twice');
  });
});
