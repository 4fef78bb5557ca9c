import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { all, chunks } from '../../../test/chunks.ts';
import { type FreshDatabase, migratedDatabase } from '../../../test/postgres.ts';
import { createAudit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import { sha256 } from '../../core/canonical.ts';
import { createClock } from '../../core/clock.ts';
import { createIds, type Ids } from '../../core/ids.ts';
import type { ListShape, PageRequest } from '../../core/page.ts';
import { decodeCursor } from '../../core/page.ts';
import type { Store } from '../../store/dialect.ts';
import { insertEvents } from '../../store/events.ts';
import { openStore } from '../../store/open.ts';
import { sampleEvent, seedSession } from '../../store/store.testsuite.ts';
import { createDatasets, type Datasets } from './datasets.ts';
import { fileFeed, listFeed } from './feed.ts';

const me: Actor = { key_id: 'apikey_me', name: 'me', role: 'editor' };

const caseList: ListShape = { name: 'cases', key: ['string', 'number'], backwards: false };
const changeList: ListShape = {
  name: 'changes',
  key: ['string', 'string', 'number', 'number'],
  backwards: false,
};
const timeList: ListShape = { name: 'times', key: ['string', 'string'], backwards: false };

const page = (list: ListShape, limit = 100, cursor: string | null = null): PageRequest => {
  const order = list === timeList ? 'desc' : 'asc';
  return { list, limit, order, cursor: cursor === null ? null : decodeCursor(cursor, list, order) };
};

const one = (id: string, fields: object = {}): object => ({ id, input: `Input of ${id}`, ...fields });

describe.each(['SQLite', 'PostgreSQL'])('Datasets on %s', (kind) => {
  let store: Store;
  let ids: Ids;
  let datasets: Datasets;
  let database: FreshDatabase | null = null;

  beforeEach(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
    const clock = createClock(Date.now);
    ids = createIds(clock, randomBytes);
    datasets = createDatasets({ store, clock, ids, audit: createAudit({ store, clock, ids }) });
  });
  afterEach(async () => {
    await store.close();
    await database?.drop();
  });

  const bring = (name: string, cases: readonly object[]) =>
    datasets.bring({ name, feed: listFeed(cases), mapping: {} }, me);
  const idsOf = async (name: string, revision: string | null = null): Promise<string[]> =>
    (await datasets.cases(name, revision, page(caseList))).data.map((kept) => kept.case.id);
  /** How many rows of cases there are whose revision does not exist. */
  async function strays(): Promise<number> {
    const query = store.db.selectFrom('dataset_cases').select('revision_id');
    const known = store.db.selectFrom('dataset_revisions').select('id');
    return (await query.where('revision_id', 'not in', known).execute()).length;
  }

  test('a file becomes a revision that says what it holds', async () => {
    const text = 'id,body,team,source_id,must_pass\n1,x,a,s,true\n2,y,b,s,\n3,z,,t,\n';
    const mapping = { input: 'body', target: 'team' };
    const feed = fileFeed(chunks(text), 'csv');
    const { dataset, unchanged } = await datasets.bring(
      {
        name: 'tickets',
        description: 'Some',
        feed,
        mapping,
      },
      me,
    );
    expect(unchanged).toBe(false);
    expect(dataset).toMatchObject({ name: 'tickets', description: 'Some', archived_at: null });
    const { data } = await datasets.cases('tickets', null, page(caseList));
    expect(dataset.revision).toMatchObject({
      cases: 3,
      hash: sha256(data.map(({ hash }) => hash).join('')),
      summary: {
        groups: [{ group: null, cases: 3 }],
        ...{ clusters: 2, must_pass: 1, without_target: 1, targets: ['a', 'b'] },
      },
    });
    expect(data.map((kept) => [kept.position, kept.case.id, kept.case.input, kept.case.target])).toEqual([
      [0, '1', 'x', 'a'],
      [1, '2', 'y', 'b'],
      [2, '3', 'z', null],
    ]);
    expect(await datasets.retrieve(dataset.id, null)).toEqual(dataset);
    expect(await datasets.retrieve('tickets', null)).toEqual(dataset);
  });

  test('more than a hundred targets are not listed', async () => {
    const cases = (count: number) =>
      Array.from({ length: count }, (_, n) => one(`${n}`, { target: `t${n}` }));
    const few = await bring('few', [...cases(100), one('long', { target: 'x'.repeat(101) }), one('null')]);
    expect(few.dataset.revision?.summary.targets).toHaveLength(100);
    const many = await bring('many', cases(101));
    expect(many.dataset.revision?.summary.targets).toBeNull();
  });

  test('other contents are another revision, and the same are the same one', async () => {
    const first = await bring('d', [one('a'), one('b')]);
    const second = await bring('d', [one('b'), one('a')]);
    expect(second.dataset.id).toBe(first.dataset.id);
    expect(second.dataset.revision?.hash).not.toBe(first.dataset.revision?.hash);
    const again = await bring('d', [one('a'), one('b')]);
    expect(again).toMatchObject({ unchanged: true, dataset: { revision: first.dataset.revision } });
    expect(await idsOf('d')).toEqual(['a', 'b']);
    const { data } = await datasets.revisions('d', page(timeList));
    expect(data).toEqual([second.dataset.revision, first.dataset.revision]);
    expect(await strays()).toBe(0);
    const elsewhere = await bring('other', [one('a'), one('b')]);
    expect(elsewhere).toMatchObject({
      unchanged: false,
      dataset: { revision: { hash: again.dataset.revision?.hash } },
    });
  });

  test('bringing what the dataset points to already changes nothing at all', async () => {
    const first = await bring('d', [one('a')]);
    expect(await bring('d', [one('a')])).toEqual({ dataset: first.dataset, unchanged: true });
    const described = { name: 'd', description: 'New', feed: listFeed([one('a')]), mapping: {} };
    expect((await datasets.bring(described, me)).dataset).toMatchObject({ description: 'New' });
    expect((await bring('d', [one('b')])).dataset).toMatchObject({ description: 'New' });
  });

  test('an import that is refused leaves nothing behind', async () => {
    const good = Array.from({ length: 1200 }, (_, n) => one(`${n}`));
    const text = [...good, { id: 'x' }].map((row) => JSON.stringify(row)).join('\n');
    const refused = datasets.bring(
      { name: 'new', feed: fileFeed(chunks(text, 9999), 'jsonl'), mapping: {} },
      me,
    );
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_dataset',
      message: 'line 1201: input: must be given, unless there are other columns to make a message from',
    });
    await expect(datasets.retrieve('new', null)).rejects.toMatchObject({ code: 'dataset_not_found' });
    expect(await strays()).toBe(0);
  });

  test('an import whose file breaks off leaves nothing behind', async () => {
    await bring('d', [one('a')]);
    async function* broken(): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < 600; n++) yield Buffer.from(`${JSON.stringify(one(`${n}`))}\n`);
      throw new Error('The line went dead');
    }
    const feed = fileFeed(broken(), 'jsonl');
    await expect(datasets.bring({ name: 'd', feed, mapping: {} }, me)).rejects.toThrow('The line went dead');
    expect(await strays()).toBe(0);
    expect(await idsOf('d')).toEqual(['a']);
  });

  test('a sweep removes what a crash left, and nothing of an import under way', async () => {
    await bring('d', [one('a')]);
    await bring(
      'left',
      Array.from({ length: 300 }, (_, n) => one(`${n}`)),
    );
    const rows = await store.db.selectFrom('dataset_cases').selectAll().where('case_id', '!=', 'a').execute();
    const left = rows.map((row) => ({ ...row, revision_id: 'drev_1' }));
    await store.write(async (tx) => void (await tx.insertInto('dataset_cases').values(left).execute()));
    expect(await strays()).toBe(300);

    let underWay = 0;
    async function* slow(): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < 600; n++) yield Buffer.from(`${JSON.stringify(one(`${n}`))}\n`);
      underWay = (await strays()) - 300;
      await datasets.sweep(true);
      expect(await strays()).toBe(underWay);
      yield Buffer.from(JSON.stringify(one('last')));
    }
    await datasets.bring({ name: 'd', feed: fileFeed(slow(), 'jsonl'), mapping: {} }, me);
    expect(underWay).toBe(500);
    expect(await strays()).toBe(0);
    expect((await datasets.retrieve('d', null)).revision?.cases).toBe(601);
    expect(await idsOf('left')).toHaveLength(100);
  });

  test('of imports side by side each is whole, and one of them is the newest', async () => {
    const batches = Array.from({ length: 6 }, (_, n) => [one('a', { n }), one('b', { n })]);
    const brought = await Promise.all(batches.map((cases) => bring('d', cases)));
    expect(new Set(brought.map(({ dataset }) => dataset.id)).size).toBe(1);
    const { data } = await datasets.revisions('d', page(timeList));
    expect(data).toHaveLength(6);
    const newest = (await datasets.retrieve('d', null)).revision?.id ?? '';
    expect(data.map(({ id }) => id)).toContain(newest);
    expect(await idsOf('d')).toEqual(['a', 'b']);
  });

  test.each(['', ' ', 'dset_x', 'a b', 'a@b', '-a', '.a', 'x'.repeat(101), 'a\0', 'a/b'])(
    'a dataset cannot be called %j',
    async (name) => {
      await expect(bring(name, [one('a')])).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringMatching(/^name: must be /),
      });
      await expect(datasets.retrieve(name, null)).rejects.toMatchObject({ code: 'dataset_not_found' });
    },
  );

  test('revisions are called by id or by the beginning of their hash', async () => {
    const { dataset } = await bring('d', [one('a')]);
    const { id = '', hash = '' } = dataset.revision ?? {};
    const other = await bring('other', [one('b')]);
    for (const wanted of [id, hash, hash.slice(0, 8), null]) {
      expect(await datasets.revision('d', wanted)).toEqual(dataset.revision);
    }
    for (const wanted of ['0'.repeat(8), 'drev_x', other.dataset.revision?.id ?? '']) {
      await expect(datasets.revision('d', wanted)).rejects.toMatchObject({
        code: 'dataset_revision_not_found',
      });
    }
    for (const wanted of [hash.slice(0, 7), 'ABCDEF01', 'a\0', '']) {
      await expect(datasets.revision('d', wanted)).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });

  test('pages of cases stay with their revision', async () => {
    await bring(
      'd',
      ['a', 'b', 'c', 'd', 'e'].map((id) => one(id)),
    );
    const first = await datasets.cases('d', null, page(caseList, 2));
    expect(first.data.map((kept) => kept.case.id)).toEqual(['a', 'b']);
    const { dataset } = await bring('d', [one('x'), one('y'), one('z')]);
    const second = await datasets.cases('d', null, page(caseList, 2, first.next_page));
    const third = await datasets.cases('d', null, page(caseList, 2, second.next_page));
    expect([...second.data, ...third.data].map((kept) => kept.case.id)).toEqual(['c', 'd', 'e']);
    expect(third.next_page).toBeNull();
    const other = datasets.cases('d', dataset.revision?.id ?? '', page(caseList, 2, first.next_page));
    await expect(other).rejects.toMatchObject({ code: 'invalid_page' });
    await bring('elsewhere', [one('a')]);
    const stranger = datasets.cases('elsewhere', null, page(caseList, 2, first.next_page));
    await expect(stranger).rejects.toMatchObject({ code: 'dataset_revision_not_found' });
  });

  test('a diff says what was added, changed and removed, page by page', async () => {
    const before = await bring('d', [one('a'), one('b', { n: 1, m: 1 }), one('c'), one('d')]);
    const after = await bring('d', [
      ...[one('e'), one('d'), one('b', { n: 2, k: 1, target: 'x', weight: 2 }), one('f')],
    ]);
    const [from, to] = [before.dataset.revision, after.dataset.revision];
    const expected = [
      { change: 'added', case_id: 'e', fields: [], place: [0, 0] },
      {
        change: 'changed',
        case_id: 'b',
        fields: ['target', 'weight', 'fields.m', 'fields.n', 'fields.k'],
        place: [0, 2],
      },
      { change: 'added', case_id: 'f', fields: [], place: [0, 3] },
      { change: 'removed', case_id: 'a', fields: [], place: [1, 0] },
      { change: 'removed', case_id: 'c', fields: [], place: [1, 2] },
    ];
    expect(await datasets.diff('d', { from: null, to: null }, page(changeList))).toEqual({
      ...{ from, to, data: expected, next_page: null },
    });
    const paged: unknown[] = [];
    let cursor: string | null = null;
    do {
      const got = await datasets.diff('d', { from: null, to: null }, page(changeList, 1, cursor));
      expect(got.data).toHaveLength(1);
      paged.push(...got.data);
      cursor = got.next_page;
      await bring('d', [one('later', { n: paged.length })]);
    } while (cursor !== null);
    expect(paged).toEqual(expected);
  });

  test('a diff may go back, and has nothing to tell of the same revision', async () => {
    const first = (await bring('d', [one('a')])).dataset.revision?.hash ?? '';
    const alone = datasets.diff('d', { from: null, to: null }, page(changeList));
    await expect(alone).rejects.toMatchObject({ code: 'dataset_revision_not_found' });
    const second = (await bring('d', [one('a'), one('b')])).dataset.revision?.hash ?? '';
    const back = await datasets.diff('d', { from: second, to: first }, page(changeList));
    expect(back.data).toMatchObject([{ change: 'removed', case_id: 'b' }]);
    expect((await datasets.diff('d', { from: first, to: first }, page(changeList))).data).toEqual([]);
  });

  test('an archived dataset can be read and takes no more cases', async () => {
    const { dataset } = await bring('d', [one('a')]);
    const archived = await datasets.archive('d', me);
    expect(archived).toMatchObject({ id: dataset.id, archived_at: expect.any(String) });
    expect(await datasets.archive(dataset.id, me)).toEqual(archived);
    await expect(bring('d', [one('b')])).rejects.toMatchObject({ code: 'dataset_archived' });
    expect(await idsOf('d')).toEqual(['a']);
    expect((await datasets.list({ include_archived: false }, page(timeList))).data).toEqual([]);
    expect((await datasets.list({ include_archived: true }, page(timeList))).data).toEqual([archived]);
    expect(await strays()).toBe(0);
  });

  test('a dataset that is archived during an import does not get it', async () => {
    await bring('d', [one('a')]);
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${JSON.stringify(one('b'))}\n`);
      await datasets.archive('d', me);
    }
    const feed = fileFeed(slow(), 'jsonl');
    await expect(datasets.bring({ name: 'd', feed, mapping: {} }, me)).rejects.toMatchObject({
      code: 'dataset_archived',
    });
    expect(await strays()).toBe(0);
  });

  test('datasets are listed by time, newest first, with what they hold', async () => {
    const made = [];
    for (const name of ['a', 'b', 'c']) made.unshift((await bring(name, [one(name)])).dataset);
    const first = await datasets.list({ include_archived: false }, page(timeList, 2));
    const second = await datasets.list({ include_archived: false }, page(timeList, 2, first.next_page));
    expect([...first.data, ...second.data]).toEqual(made);
  });

  describe('A session', () => {
    type Said = { readonly user: string } | { readonly agent: string };

    /** A session in which this was said. */
    async function sessionWith(id: string, said: readonly Said[]): Promise<void> {
      await seedSession(store, id);
      const events = said.map((one, n) => {
        const [type, text] = 'user' in one ? ['user.message', one.user] : ['agent.message', one.agent];
        const data = JSON.stringify({ type, content: [{ type: 'text', text }] });
        return sampleEvent(id, n + 1, { type: type ?? '', data });
      });
      if (events.length > 0) await store.write((tx) => insertEvents(tx, events));
    }

    test('of one turn becomes a case whose input is what the user said', async () => {
      await bring('d', [one('a', { target: 'x', group: 'g' })]);
      await sessionWith('sesn_1', [{ user: 'Help me' }, { agent: 'No' }]);
      const label = { session_id: 'sesn_1', target: 'billing', group: 'h', must_pass: true };
      const added = await datasets.add('d', label, me);
      expect(added).toMatchObject({
        unchanged: false,
        case: {
          ...{
            id: expect.stringMatching(/^case_[0-9a-f]{24}$/),
            input: 'Help me',
            target: 'billing',
            group: 'h',
          },
          ...{ must_pass: true, weight: 1, fields: { session_id: 'sesn_1', agent_version: 1 } },
        },
        dataset: { revision: { cases: 2, summary: { must_pass: 1, targets: ['x', 'billing'] } } },
      });
      expect(await idsOf('d')).toEqual(['a', added.case.id]);
      const again = await datasets.add('d', label, me);
      expect(again).toMatchObject({ unchanged: true, dataset: { revision: added.dataset.revision } });
      expect(await strays()).toBe(0);
    });

    test('of several turns becomes a conversation up to the last thing the user said', async () => {
      await bring('d', [one('a')]);
      await sessionWith('sesn_1', [
        ...[{ user: 'Hi' }, { user: 'there' }, { agent: 'Yes?' }, { user: 'Help' }, { agent: 'No' }],
      ]);
      const added = await datasets.add('d', { session_id: 'sesn_1', target: { team: null } }, me);
      expect(added.case.input).toEqual([
        { role: 'user', content: 'Hi\nthere' },
        { role: 'assistant', content: 'Yes?' },
        { role: 'user', content: 'Help' },
      ]);
    });

    test('takes the place of the case with its id', async () => {
      const cases = ['a', 'b', 'c'].map((id) => one(id, { target: id, cluster: id }));
      const before = await bring('d', cases);
      await sessionWith('sesn_1', [{ user: 'New' }]);
      const { dataset } = await datasets.add('d', { session_id: 'sesn_1', target: null, id: 'b' }, me);
      expect(await idsOf('d')).toEqual(['a', 'b', 'c']);
      expect(dataset.revision).toMatchObject({
        ...{ cases: 3, summary: { clusters: 2, without_target: 1, targets: ['a', 'c'] } },
      });
      const changes = await datasets.diff('d', { from: null, to: null }, page(changeList));
      expect(changes.from).toEqual(before.dataset.revision);
      expect(changes.data).toMatchObject([{ change: 'changed', case_id: 'b' }]);
      expect(await idsOf('d', before.dataset.revision?.id ?? '')).toEqual(['a', 'b', 'c']);
    });

    test('is added to the very revision that a file of all cases would have made', async () => {
      await bring('d', [one('a'), one('b')]);
      await sessionWith('sesn_1', [{ user: 'New' }]);
      const { dataset } = await datasets.add('d', { session_id: 'sesn_1', target: 'x' }, me);
      const text = (await all(await datasets.export('d', null, 'jsonl'))).join('');
      const feed = fileFeed(chunks(text, 100), 'jsonl');
      const whole = await datasets.bring({ name: 'd2', feed, mapping: {} }, me);
      expect(whole.dataset.revision?.hash).toBe(dataset.revision?.hash);
      expect(whole.dataset.revision?.summary).toEqual(dataset.revision?.summary);
    });

    test('is not lost beside others', async () => {
      await bring('d', [one('a')]);
      const names = Array.from({ length: 8 }, (_, n) => `sesn_${n + 1}`);
      for (const id of names) await sessionWith(id, [{ user: `I am ${id}` }]);
      const label = (id: string) => ({ session_id: id, id, target: 'x' });
      await Promise.all(names.map((id) => datasets.add('d', label(id), me)));
      expect((await idsOf('d')).toSorted()).toEqual(['a', ...names]);
    });

    test.each<[string, Said[], object, object]>([
      ['without a word of the user', [{ agent: 'Hi' }], {}, { code: 'invalid_request' }],
      ['without any word', [], {}, { code: 'invalid_request' }],
      [
        'with a group among cases without',
        [{ user: 'Hi' }],
        { group: 'g' },
        {
          ...{ code: 'invalid_dataset', message: 'group: given, while the others have none' },
        },
      ],
      [
        'with a wrong weight',
        [{ user: 'Hi' }],
        { weight: '2' },
        {
          ...{ code: 'invalid_dataset', message: 'weight: must be a number from 0.000001 to 1000000' },
        },
      ],
      [
        'that is too long',
        [{ user: 'x'.repeat(300_000) }],
        {},
        {
          ...{ code: 'invalid_dataset', message: 'a case must take at most 256 KiB' },
        },
      ],
      [
        'with NUL',
        [{ user: 'x\0' }],
        {},
        {
          ...{ code: 'invalid_dataset', message: 'input: must be well-formed text without NUL' },
        },
      ],
    ])('%s is refused, and nothing changes', async (_what, said, label, error) => {
      const { dataset } = await bring('d', [one('a')]);
      await sessionWith('sesn_1', said);
      const added = datasets.add('d', { session_id: 'sesn_1', target: 'x', ...label }, me);
      await expect(added).rejects.toMatchObject(error);
      expect(await datasets.retrieve('d', null)).toEqual(dataset);
      expect(await strays()).toBe(0);
    });

    test('must exist, and so must the dataset', async () => {
      await bring('d', [one('a')]);
      const label = { session_id: 'sesn_none', target: 'x' };
      await expect(datasets.add('d', label, me)).rejects.toMatchObject({ code: 'session_not_found' });
      await expect(datasets.add('none', label, me)).rejects.toMatchObject({
        code: 'dataset_not_found',
      });
      await sessionWith('sesn_1', [{ user: 'Hi' }]);
      await datasets.archive('d', me);
      const late = datasets.add('d', { ...label, session_id: 'sesn_1' }, me);
      await expect(late).rejects.toMatchObject({ code: 'dataset_archived' });
    });
  });
});
