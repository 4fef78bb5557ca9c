import { expect, test } from 'vitest';
import { databaseOutsideStore, environmentReaders, impureCore } from './purity.ts';
import { treeOf } from './tree.ts';

const inCore = (text: string) => impureCore(treeOf({ 'src/core/a.ts': text }));
const inApi = (text: string) => databaseOutsideStore(treeOf({ 'src/api/a.ts': text }));

test.each([
  `export const now = Date.now();`,
  `export const now = new Date();`,
  `export const dice = Math.random();`,
  `export const id = crypto.randomUUID();`,
  `export const dev = process.argv;`,
  `export const page = fetch('https://example.com');`,
  `export const go = globalThis;`,
  `export const object = { fetch };`,
  `export const object = { now: Date['now'] };`,
  `setTimeout(() => undefined, 1);`,
  `import { readFileSync } from 'node:fs';`,
  `import { randomBytes } from 'node:crypto';`,
  `import type { z } from 'zod';`,
])('core may not say: %s', (text) => {
  expect(inCore(text)).toHaveLength(1);
});

test.each([
  `import { createHash } from 'node:crypto';`,
  `export const then = new Date(0);`,
  `export type Port = { fetch(): void; readonly process: string };`,
  `export const a = (port: { fetch: () => void }) => port.fetch();`,
  `export const b = { process: 1 };`,
  `// Date.now is for others.`,
])('core may say: %s', (text) => {
  expect(inCore(text)).toEqual([]);
});

test.each([
  `import { Kysely } from 'kysely';`,
  `import type { Pool } from 'pg';`,
  `import { Migrator } from 'kysely/migration';`,
  'export const a = sql`now()`;',
  `export const a = 'select id from agents where id = ?';`,
  'export const a = `SELECT id\nFROM agents WHERE id = 1`;',
  `export const a = 'insert into agents values (1)';`,
  `export const a = 'pragma foreign_keys = on';`,
])('outside store nobody may say: %s', (text) => {
  expect(inApi(text)).toHaveLength(1);
});

test('prose that begins like a statement is no SQL', () => {
  expect(inApi(`export const a = 'Select one from the list'; export const b = 'Update the agent';`)).toEqual(
    [],
  );
});

test('the store may hold SQL', () => {
  expect(
    databaseOutsideStore(treeOf({ 'src/store/a.ts': `export const a = 'select id from agents';` })),
  ).toEqual([]);
});

test.each([
  `export const a = process.env;`,
  `export const a = process.env['HOME'];`,
  `export const a = globalThis.process.env;`,
  `export const a = process['env'];`,
  `const { env } = process;`,
  `import { env } from 'node:process';`,
])('only config.ts may say: %s', (text) => {
  expect(environmentReaders(treeOf({ 'src/api/a.ts': text }))).toHaveLength(1);
  expect(environmentReaders(treeOf({ 'src/config.ts': text }))).toEqual([]);
});
