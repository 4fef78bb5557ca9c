import { expect, test } from 'vitest';
import { deadFiles, importCycles, packageOf, runtimeDependencies, unresolvedImports } from './modules.ts';
import { treeOf } from './tree.ts';

const manifest = JSON.stringify({
  dependencies: { zod: '1', '@scope/a': '1' },
  devDependencies: { vitest: '1' },
});

function judge(path: string, text: string): string[] {
  return unresolvedImports(treeOf({ 'package.json': manifest, 'src/core/there.ts': '', [path]: text }));
}

test('a tracked file, a built-in module and a declared package resolve', () => {
  const text = `import './there.ts'; import 'node:path'; import 'zod'; import '@scope/a/deep';`;
  expect(judge('src/core/a.ts', text)).toEqual([]);
});

test('a file that is not tracked does not resolve', () => {
  expect(judge('src/core/a.ts', `import './gone.ts';`)).toEqual([
    'src/core/a.ts imports src/core/gone.ts, which is not tracked.',
  ]);
});

test('a package that is not declared does not resolve', () => {
  expect(judge('src/core/a.ts', `import 'lodash';`)).toEqual([
    'src/core/a.ts imports lodash, which is not declared.',
  ]);
});

test('a development package is for tests, even where only its types are used', () => {
  const text = `import type { Mock } from 'vitest';`;
  expect(judge('src/core/a.test.ts', text)).toEqual([]);
  expect(judge('src/core/a.testsuite.ts', text)).toEqual([]);
  expect(judge('src/core/a.ts', text)).toHaveLength(1);
});

test('a built-in module is written with node: before it', () => {
  expect(judge('src/core/a.ts', `import 'fs/promises';`)).toEqual([
    'src/core/a.ts imports fs without node: before it.',
  ]);
});

test('a scoped package keeps both parts of its name', () => {
  expect(packageOf('@scope/a/deep')).toBe('@scope/a');
  expect(packageOf('kysely/migration')).toBe('kysely');
});

test('a file that only its own test imports is dead', () => {
  const files = {
    'src/cli/pawl.ts': `import '../core/used.ts';`,
    'src/core/used.ts': '',
    'src/core/unused.ts': '',
    'src/core/unused.test.ts': `import './unused.ts';`,
  };
  expect(deadFiles(treeOf(files))).toEqual(['src/core/unused.ts is imported by nothing but its own test.']);
});

test('files that import each other are a cycle, also by types and over a third', () => {
  const files = {
    'src/core/a.ts': `import type { B } from './b.ts';`,
    'src/core/b.ts': `import { c } from './c.ts';`,
    'src/core/c.ts': `export { a } from './a.ts';`,
  };
  expect(importCycles(treeOf(files))).toEqual([
    'src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts is a cycle.',
  ]);
});

test('two ways to the same file are no cycle', () => {
  const files = {
    'src/core/a.ts': `import './b.ts'; import './c.ts';`,
    'src/core/b.ts': `import './c.ts';`,
    'src/core/c.ts': '',
  };
  expect(importCycles(treeOf(files))).toEqual([]);
});

test('the count of dependencies leaves out those of development', () => {
  expect(runtimeDependencies(treeOf({ 'package.json': manifest }))).toEqual(['@scope/a', 'zod']);
});
