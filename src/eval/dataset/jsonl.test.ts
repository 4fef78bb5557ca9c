import { expect, test } from 'vitest';
import { all, chunks } from '../../../test/chunks.ts';
import { readJsonl } from './jsonl.ts';
import { maxLineBytes } from './lines.ts';

test.each([1, 2, 7, 1000])('rows come with their lines, in pieces of %i bytes', async (size) => {
  const text = '\uFEFF{"a":"héllo 🧑🏽‍🚀"}\r\n\n   \r\n{"a":2}\n\t{"a":[3]} ';
  expect(await all(readJsonl(chunks(text, size)))).toEqual([
    { at: 1, row: { a: 'héllo 🧑🏽‍🚀' } },
    { at: 4, row: { a: 2 } },
    { at: 5, row: { a: [3] } },
  ]);
});

test('an empty file has no rows', async () => {
  expect(await all(readJsonl(chunks('')))).toEqual([]);
  expect(await all(readJsonl(chunks('\uFEFF\n\r\n')))).toEqual([]);
});

test.each(['{"a":1', '[1]', '"a"', 'null', '7', '{a:1}', '{"a":1}{"a":2}', '{"a":"\u0000"}'])(
  'the line %j is refused by its number, and reading goes on',
  async (line) => {
    expect(await all(readJsonl(chunks(`{}\n${line}\n{}`)))).toEqual([
      { at: 1, row: {} },
      { at: 2, complaint: 'must be a JSON object' },
      { at: 3, row: {} },
    ]);
  },
);

test('a line that is not UTF-8 is refused by its number, and reading goes on', async () => {
  const bytes = Buffer.concat([Buffer.from('{}\n{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}\n{}')]);
  expect(await all(readJsonl(chunks(bytes)))).toEqual([
    { at: 1, row: {} },
    { at: 2, complaint: 'must be UTF-8' },
    { at: 3, row: {} },
  ]);
});

test('a line may have 1 MiB and not a byte more', async () => {
  const line = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`;
  const text = `${line(maxLineBytes)}\n${line(maxLineBytes + 1)}\n{}`;
  const rows = await all(readJsonl(chunks(text, 60_000)));
  expect(rows.map((one) => ('row' in one ? one.at : one))).toEqual([
    1,
    { at: 2, complaint: 'must be at most 1 MiB long' },
    3,
  ]);
});

test('a member called __proto__ is a member like any other', async () => {
  const [read] = await all(readJsonl(chunks('{"__proto__":{"polluted":true}}')));
  expect(Object.entries(read !== undefined && 'row' in read ? read.row : {})).toEqual([
    ['__proto__', { polluted: true }],
  ]);
});
