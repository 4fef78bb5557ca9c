import { expect, test } from 'vitest';
import { idleExceptions, limits, medianTooLong, tooLong } from './size.ts';
import { treeOf } from './tree.ts';

const lines = (count: number) => '//\n'.repeat(count);
const longFunction = `export const slow = () => {\n${lines(limits.function - 1)}};\n`;
const decision = 'docs/decisions/0009-slow.md';

test('a file may be as long as the limit and no longer', () => {
  expect(tooLong(treeOf({ 'src/core/a.ts': lines(500) }), [])).toEqual([]);
  expect(tooLong(treeOf({ 'src/core/a.ts': lines(501) }), [])).toEqual([
    'src/core/a.ts has 501 lines; the limit is 500.',
  ]);
});

test('a function over the limit is named with its place', () => {
  expect(tooLong(treeOf({ 'src/core/a.ts': longFunction }), [])).toEqual([
    'slow at src/core/a.ts:1 has 71 lines; the limit is 70.',
  ]);
});

test('a named function within another is measured by itself, a callback is not', () => {
  const half = lines(limits.function / 2);
  const nested = `export function outer() {\n${half}  const inner = () => {\n${half}  };\n${half}}\n`;
  expect(tooLong(treeOf({ 'src/core/a.ts': nested.replace(half, '') }), [])).toEqual([]);
  const callback = nested.replace('const inner =', 'run(').replace('};', '});');
  expect(tooLong(treeOf({ 'src/core/a.ts': callback }), [])).toHaveLength(1);
});

test('the limit of functions does not bind tests', () => {
  expect(tooLong(treeOf({ 'src/core/a.test.ts': longFunction }), [])).toEqual([]);
});

test('a named exception is let through while it is needed', () => {
  const exception = { file: 'src/core/a.ts', function: 'slow', decision };
  const long = treeOf({ 'src/core/a.ts': longFunction, [decision]: '# Slow' });
  expect(tooLong(long, [exception])).toEqual([]);
  expect(idleExceptions(long, [exception])).toEqual([]);
  expect(idleExceptions(treeOf({ 'src/core/a.ts': '' }), [exception])).toEqual([
    'slow in src/core/a.ts is short enough; take it off the list of exceptions.',
  ]);
});

test('an exception without a decision record is refused', () => {
  const exception = { file: 'src/core/a.ts', decision };
  expect(idleExceptions(treeOf({ 'src/core/a.ts': lines(501) }), [exception])).toEqual([
    'src/core/a.ts is an exception without a decision record.',
  ]);
});

test('half of the files over the median are too many', () => {
  const short = { 'src/core/a.ts': lines(10), 'src/core/b.ts': lines(120), 'src/core/c.ts': lines(400) };
  expect(medianTooLong(treeOf(short))).toEqual([]);
  expect(medianTooLong(treeOf({ ...short, 'src/core/b.ts': lines(121) }))).toEqual([
    'The median file of src has 121 lines; the limit is 120.',
  ]);
});
