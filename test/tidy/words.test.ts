import { expect, test } from 'vitest';
import { treeOf } from './tree.ts';
import { barrels, drawers, machineTraces, unfinishedWork } from './words.ts';

test.each([
  'src/core/utils.ts',
  'src/utils/date.ts',
  'src/core/date-utils.ts',
  'src/core/helpers.ts',
  'test/helper.test.ts',
  'src/common/date.ts',
  'src/core/shared.ts',
  'src/core/types.ts',
  'src/core/index.ts',
  'scripts/lib/date.ts',
  'src/misc.ts',
])('%s is a drawer', (path) => {
  expect(drawers(treeOf({ [path]: '' }))).toHaveLength(1);
});

test('a name that merely holds such a word is none', () => {
  expect(
    drawers(treeOf({ 'src/core/event-types.ts': '', 'src/store/library.ts': '', 'docs/index.md': '' })),
  ).toEqual([]);
});

test.each([
  `export * from './a.ts';`,
  `export { a } from './a.ts';\nexport type { B } from './b.ts';`,
  `import { a } from './a.ts';\nexport { a };`,
])('a file that only re-exports is a barrel: %s', (text) => {
  expect(barrels(treeOf({ 'src/core/a.ts': text }))).toHaveLength(1);
});

test('a file with something of its own is no barrel', () => {
  expect(barrels(treeOf({ 'src/core/a.ts': `export { b } from './b.ts';\nexport const a = 1;` }))).toEqual(
    [],
  );
});

test.each(['// FIXME later', 'see XXX', '/* HACK */'])('%s says that something is unfinished', (text) => {
  expect(unfinishedWork(treeOf({ 'src/core/a.ts': text }))).toHaveLength(1);
});

test.each([`test.only('a', f);`, `describe.skip('a', f);`, `test.concurrent.only('a', f);`])(
  '%s leaves tests out',
  (text) => {
    expect(unfinishedWork(treeOf({ 'src/core/a.test.ts': text }))).toEqual([
      'src/core/a.test.ts:1 runs only some of the tests.',
    ]);
  },
);

test('a method of a product may be called skip', () => {
  expect(unfinishedWork(treeOf({ 'src/core/a.ts': `cursor.skip('a');` }))).toEqual([]);
});

test.each([
  'cd /home/anna/pawl',
  '"/root/.npmrc"',
  'see /Users/anna/pawl',
  '`/work/tree`',
  'http://10.0.0.7/registry',
  'https://npm.example.internal/a',
  '"resolved": "https://npm.example.com/a.tgz"',
])('%s tells of a machine', (text) => {
  expect(machineTraces(treeOf({ 'docs/a.md': text }))).toHaveLength(1);
});

test.each([
  'GET /v1/environments/:id/work/poll',
  'https://example.com/home/page',
  '"resolved": "https://registry.npmjs.org/a.tgz"',
  'a ~/work/tree',
  'http://127.0.0.1:8080',
])('%s tells of none', (text) => {
  expect(machineTraces(treeOf({ 'docs/a.md': text }))).toEqual([]);
});
