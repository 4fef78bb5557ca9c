import { expect, test } from 'vitest';
import { all, chunks } from '../../../test/chunks.ts';
import { checkCases } from './check.ts';
import type { ColumnMapping } from './columns.ts';
import { type FileFormat, fileFeed, listFeed } from './feed.ts';

/** The complaints about a file; null when there are none. */
async function complaints(
  text: string,
  { format = 'jsonl', mapping = {} }: { format?: FileFormat; mapping?: ColumnMapping } = {},
): Promise<string[] | null> {
  const checked = all(checkCases(fileFeed(chunks(text, 1000), format), mapping));
  return checked.then(
    () => null,
    (error: Error & { code?: string }) => {
      expect(error.code).toBe('invalid_dataset');
      return error.message.split('\n');
    },
  );
}

const lines = (...rows: object[]): string => rows.map((row) => JSON.stringify(row)).join('\n');

test('Every complaint begins with its line, and all are collected', async () => {
  const text = `{"input":"a"}\n\nnothing\n{"input":7,"weight":0}\n{"input":"b"}`;
  expect(await complaints(text)).toEqual([
    'line 3: must be a JSON object',
    'line 4: input: must be a text or a list of messages',
    'line 4: weight: must be a number from 0.000001 to 1000000',
  ]);
});

test('Lines of CSV are those of the file, quotes and all', async () => {
  const text = 'input,weight\r\n"a\r\nb",1\r\n\r\n"c\r\nd",heavy\r\ne,-1\r\n';
  expect(await complaints(text, { format: 'csv' })).toEqual([
    'line 5: weight: must be a number from 0.000001 to 1000000',
    'line 7: weight: must be a number from 0.000001 to 1000000',
  ]);
});

test('What PostgreSQL cannot keep is refused by its line', async () => {
  const unfit = 'must be well-formed text without NUL';
  expect(await complaints('{"id":"a","input":"x"}\n{"input":"a\\u0000b"}\n{"input":"\\ud800"}')).toEqual([
    `line 2: input: ${unfit}`,
    `line 3: input: ${unfit}`,
  ]);
  expect(await complaints('id,input\na,"x\ny"\nb,x\0y\n', { format: 'csv' })).toEqual([
    `line 4: input: ${unfit}`,
  ]);
});

test('Two cases with one id are named both', async () => {
  const text = lines({ id: 'a', input: 'x' }, { id: 'b', input: 'x' }, { id: 'a', input: 'y' });
  expect(await complaints(text)).toEqual(['line 3: id: must be unique, and line 1 has "a" too']);
  expect(await complaints(lines({ input: 'x' }, { input: 'x' }))).toEqual([
    'line 2: must differ from line 1, or both must have an id',
  ]);
});

test('Either all cases have a group or none has', async () => {
  const grouped = { input: 'x', group: 'g' };
  expect(await complaints(lines({ ...grouped, id: 'a' }, { ...grouped, id: 'b' }))).toBeNull();
  expect(await complaints(lines({ input: 'x', group: 'g' }, { input: 'y' }, { input: 'z' }))).toEqual([
    'line 2: group: missing, while line 1 has one',
    'line 3: group: missing, while line 1 has one',
  ]);
  expect(await complaints(lines({ input: 'y' }, { input: 'x', group: 'g' }))).toEqual([
    'line 2: group: given, while line 1 has none',
  ]);
});

test('There are at most a thousand groups', async () => {
  const rows = Array.from({ length: 1001 }, (_, n) => ({ input: 'x', group: `group ${n}` }));
  expect(await complaints(lines(...rows))).toEqual(['line 1001: group: must be one of at most 1000 groups']);
  expect(await complaints(lines(...rows.slice(1)))).toBeNull();
});

test.each<[string, FileFormat]>([
  ['', 'jsonl'],
  ['\n \n', 'jsonl'],
  ['', 'csv'],
  ['input,target\n', 'csv'],
])('A file without cases is refused: %j as %s', async (text, format) => {
  expect(await complaints(text, { format })).toEqual(['a dataset must have at least one case']);
});

test('A mapping to a column that no case has is refused, and to one that some lack is not', async () => {
  const text = lines({ input: 'x', team: 'a' }, { input: 'y' });
  expect(await complaints(text, { mapping: { target: 'team' } })).toBeNull();
  expect(await complaints(text, { mapping: { target: 'teem', group: 'metadata.team' } })).toEqual([
    'teem: must be the name of a column, and no case has it',
    'metadata.team: must be the name of a column, and no case has it',
  ]);
  expect(await complaints('input,team\nx,\n', { format: 'csv', mapping: { target: 'team' } })).toBeNull();
});

test('At most 50 complaints are shown, and the reading stops after them', async () => {
  let read = 0;
  async function* bad(): AsyncGenerator<Uint8Array> {
    for (; read < 1000; read++) yield Buffer.from('bad\n');
  }
  const checked = all(checkCases(fileFeed(bad(), 'jsonl'), {}));
  const { message } = (await checked.catch((error: Error) => error as { message: string })) as {
    message: string;
  };
  const shown = message.split('\n');
  expect(shown.slice(49)).toEqual([
    'line 50: must be a JSON object',
    'only the first 50 complaints are shown',
  ]);
  expect(read).toBeLessThan(60);
  const exactly = Array.from({ length: 50 }, () => 'bad').join('\n');
  expect((await complaints(exactly))?.at(-1)).toBe('line 50: must be a JSON object');
});

test('A complaint is short, however long the names in it', async () => {
  const [complaint = ''] = (await complaints(lines({ ['x'.repeat(5000)]: '\0' }))) ?? [];
  expect(complaint.length).toBeLessThan(200);
  const [about = ''] = (await complaints(lines({ n: 1, vars: { n: 2 } }), {})) ?? [];
  expect(about).toBe('line 1: vars.n: must not be there beside a column n');
});

test('Cases of a list are called by their places', async () => {
  const checked = all(checkCases(listFeed([{ id: 'a', input: 'x' }, 7, { id: 'a', input: 'y' }]), {}));
  await expect(checked).rejects.toThrow(
    'cases[1]: must be an object\ncases[2]: id: must be unique, and cases[0] has "a" too',
  );
});

test('After the first complaint, no more cases are given', async () => {
  const given: string[] = [];
  const feed = fileFeed(chunks('{"id":"a","input":"x"}\nbad\n{"id":"b","input":"x"}'), 'jsonl');
  const reading = (async () => {
    for await (const { id } of checkCases(feed, {})) given.push(id);
  })();
  await expect(reading).rejects.toThrow('line 2');
  expect(given).toEqual(['a']);
});
