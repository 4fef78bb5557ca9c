import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { all, chunks } from '../../../test/chunks.ts';
import { createAudit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import { createClock } from '../../core/clock.ts';
import type { Json } from '../../core/evaluation.ts';
import { createIds } from '../../core/ids.ts';
import type { Store } from '../../store/dialect.ts';
import { openStore } from '../../store/open.ts';
import { roles } from './columns.ts';
import { createDatasets, type Datasets } from './datasets.ts';
import { type FileFormat, fileFeed, listFeed } from './feed.ts';
import type { Row } from './row.ts';

const me: Actor = { key_id: 'apikey_me', name: 'me', role: 'editor' };

let store: Store;
let datasets: Datasets;

beforeAll(async () => {
  store = await openStore({ kind: 'memory' });
  const clock = createClock(Date.now);
  const ids = createIds(clock, randomBytes);
  datasets = createDatasets({ store, clock, ids, audit: createAudit({ store, clock, ids }) });
});
afterAll(() => store.close());

async function textOf(name: string, format: FileFormat): Promise<string> {
  return (await all(await datasets.export(name, null, format))).join('');
}

test('JSONL has a line for each case, with what was said and no more', async () => {
  const cases = [
    { id: 'a', prompt: 'Hi', label: 'x', category: 'g', must_pass: true, note: 1 },
    { id: 'b', messages: [{ role: 'user', content: 'Hi' }], group: 'g', weight: 2, vars: { tags: ['x'] } },
  ];
  await datasets.bring({ name: 'lines', feed: listFeed(cases), mapping: {} }, me);
  expect(await textOf('lines', 'jsonl')).toBe(
    '{"id":"a","input":"Hi","target":"x","group":"g","must_pass":true,"note":1}\n' +
      '{"id":"b","messages":[{"content":"Hi","role":"user"}],"group":"g","weight":2,"vars":{"tags":["x"]}}\n',
  );
});

test('CSV has text where text will do, and JSON elsewhere', async () => {
  const cases = [
    { id: 'a', input: 'one, "two"\nthree', target: 'x', note: '', some: 'here' },
    { id: 'b', messages: [{ role: 'user', content: 'Hi' }], target: 'y', note: '7', weight: 0.5 },
  ];
  await datasets.bring({ name: 'table', feed: listFeed(cases), mapping: {} }, me);
  expect(await textOf('table', 'csv')).toBe(
    'id,input,target,note,some:json,messages,weight\n' +
      'a,"one, ""two""\nthree",x,,"""here""",,\n' +
      'b,,y,7,,"[{""content"":""Hi"",""role"":""user""}]",0.5\n',
  );
});

test('CSV is refused for cases with more fields than columns can be', async () => {
  const fields = Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`field ${n}`, n]));
  await datasets.bring({ name: 'wide', feed: listFeed([{ id: 'a', ...fields }]), mapping: {} }, me);
  await expect(datasets.export('wide', null, 'csv')).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringMatching(/^format: must be jsonl/),
  });
  expect(await textOf('wide', 'jsonl')).toContain('"field 1000":1000');
});

const awkward = fc.constantFrom(
  '"',
  ',',
  '\n',
  '\r',
  ' ',
  '\uFEFF',
  'é',
  '🧑🏽‍🚀',
  'a',
  '0',
  ':json',
  '__proto__',
);
const text = fc.oneof(fc.string(), fc.string({ unit: awkward })).filter((one) => !one.includes('\0'));
const name = fc.oneof(text, fc.constantFrom(...roles, 'messages', 'label', 'vars', 'tags', 'x:json', ' x'));
const { value: json } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    ...[text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)],
    ...[fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(name, tie('value'), { maxKeys: 3 })],
  ),
}));
const shown = text.filter((one) => one.trim() !== '');
const named = text.filter((one) => one !== '' && one.length <= 200);
const messages = fc
  .tuple(
    fc.array(fc.record({ role: fc.constantFrom('user', 'assistant'), content: shown }), { maxLength: 3 }),
    shown,
  )
  .map(([before, last]) => [...before, { role: 'user', content: last }]);
const anyCase = fc
  .record(
    {
      input: fc.oneof(shown, messages),
      target: json,
      group: named,
      cluster: named,
      weight: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      must_pass: fc.boolean(),
      split: named,
      vars: fc.dictionary(name, json, { maxKeys: 4 }),
    },
    { requiredKeys: ['input', 'group'] },
  )
  .map((one): Row => one as Row);

test.each<FileFormat>(['jsonl', 'csv'])(
  'a revision that is exported as %s comes back the same',
  async (format) => {
    const sets = fc.uniqueArray(fc.tuple(named, anyCase), {
      minLength: 1,
      maxLength: 5,
      selector: ([id]) => id,
    });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(sets, fc.integer({ min: 1, max: 4096 }), async (set, size) => {
        const dataset = `${format}${round++}`;
        const feed = listFeed(set.map(([id, one]) => ({ id, ...one })));
        const { dataset: made } = await datasets.bring({ name: dataset, feed, mapping: {} }, me);
        const file = await textOf(dataset, format);
        const back = await datasets.bring(
          {
            ...{ name: dataset, feed: fileFeed(chunks(file, size), format), mapping: {} },
          },
          me,
        );
        expect(back).toEqual({ dataset: made, unchanged: true });
      }),
      { numRuns: 300 },
    );
  },
);
