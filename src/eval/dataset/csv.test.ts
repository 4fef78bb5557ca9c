import fc from 'fast-check';
import { expect, test } from 'vitest';
import { all, chunks } from '../../../test/chunks.ts';
import { readCsv } from './csv.ts';

const read = (text: string | Uint8Array, size?: number) => all(readCsv(chunks(text, size)));

test.each([1, 2, 7, 1000])('rows are at the line they begin on, in pieces of %i bytes', async (size) => {
  const text =
    '\uFEFFid, body\r\n1,"one\r\ntwo\r\n\r\nfive"\r\n\r\n2,"a ""quoted"" word, and a comma"\n"3",\n';
  expect(await read(text, size)).toEqual([
    { at: 2, row: { id: '1', body: 'one\r\ntwo\r\n\r\nfive' } },
    { at: 7, row: { id: '2', body: 'a "quoted" word, and a comma' } },
    { at: 8, row: { id: '3', body: undefined } },
  ]);
});

test('cells are text, but for columns of JSON', async () => {
  const text = 'n,n2:json,messages,empty:json\n01,01e0,"[{""role"":""user""}]",\n007,"""x""",[],\n';
  expect(await read(text)).toEqual([
    { at: 2, complaint: 'n2: must be JSON' },
    { at: 3, row: { n: '007', n2: 'x', messages: [] } },
  ]);
});

test.each([
  ['a,b\n1\n1,2', [2, 'must have 2 values like the header, and has 1'], 3],
  ['a,b\n1,2,3\n1,2', [2, 'must have 2 values like the header, and has 3'], 3],
  ['a,b\n"x\ny",1\n1', [4, 'must have 2 values like the header, and has 1'], 2],
])('a row of another width is refused by its line: %j', async (text, [at, complaint], good) => {
  const rows = await read(text);
  expect(rows.find((row) => 'complaint' in row)).toEqual({ at, complaint });
  expect(rows.find((row) => 'row' in row)?.at).toBe(good);
});

const quotes = 'a value with a quote in it must be in quotes, and its quotes doubled';

test.each([
  ['a,b\n1,2\n1,x"y"\n1,2', { at: 3, complaint: quotes }],
  ['a,b\n1,2\n1,"x"y\n1,2', { at: 3, complaint: quotes }],
  ['a,b\n1,2\n1,x"y\n1,2\n"', { at: 3, complaint: quotes }],
  ['a,b\n1,2\n1,"x\n1,2', { at: 3, complaint: 'a quote that begins here must be closed within 1 MiB' }],
  ['a,a\n1,2', { at: 1, complaint: 'a: must be the name of only one column' }],
  ['a,a:json\n1,2', { at: 1, complaint: 'a: must be the name of only one column' }],
  ['\n\na, \n1,2', { at: 3, complaint: 'column 2 must have a name' }],
])('what cannot be read on from ends the reading: %j', async (text, complaint) => {
  expect((await read(text)).at(-1)).toEqual(complaint);
});

test('a row is found however many come before it', async () => {
  const rows = Array.from({ length: 250 }, (_, n) => (n === 180 ? '1,x"y"' : `${n},"a\r\nb"`));
  const found = await read(['a,b', ...rows].join('\r\n'), 1000);
  expect(found).toHaveLength(181);
  expect(found.at(179)).toEqual({ at: 2 + 179 * 2, row: { a: '179', b: 'a\r\nb' } });
  expect(found.at(180)).toEqual({ at: 2 + 180 * 2, complaint: quotes });
});

test('quotes that never close do not fill the memory', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a\n"');
    for (let i = 0; i < 100; i++) yield Buffer.from(`${'x'.repeat(1000)}\n`.repeat(100));
    throw new Error('This was read too far');
  }
  expect(await all(readCsv(endless()))).toEqual([
    { at: 2, complaint: 'a quote that begins here must be closed within 1 MiB' },
  ]);
});

test('a file that is not UTF-8 is refused by its line', async () => {
  const bytes = Buffer.concat([Buffer.from('a\n1\n'), Buffer.from([0xff]), Buffer.from('\n2\n')]);
  expect((await read(bytes)).at(-1)).toEqual({ at: 3, complaint: 'must be UTF-8' });
});

test('an empty file, and a header alone, have no rows', async () => {
  expect(await read('')).toEqual([]);
  expect(await read('a,b\r\n')).toEqual([]);
});

test('whatever is in quotes comes out as it went in', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é', '\uFEFF') });
  const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 });
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 20 }), async (cells, size) => {
      const lines = cells.map(([a, b]) => `${quoted(a)},${quoted(b)}\r\n`);
      const found = await read(`a,b\r\n${lines.join('')}`, size);
      const line = (i: number): number => 2 + (lines.slice(0, i).join('').match(/\n/g)?.length ?? 0);
      expect(found).toEqual(
        cells.map(([a, b], i) => ({ at: line(i), row: { a: a || undefined, b: b || undefined } })),
      );
    }),
  );
});
