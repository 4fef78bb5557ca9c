import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dumpFiles, dumpPostgres, dumpSqlite } from '../scripts/dump-schema.ts';
import { type FreshDatabase, freshDatabase } from './postgres.ts';

let database: FreshDatabase;

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

test('the committed schema of SQLite is what the migrations give (npm run schema renews it)', async () => {
  expect(await dumpSqlite()).toBe(readFileSync(dumpFiles.sqlite, 'utf8'));
});

test('the committed schema of PostgreSQL is what the migrations give (npm run schema renews it)', async () => {
  expect(await dumpPostgres(database.url)).toBe(readFileSync(dumpFiles.postgres, 'utf8'));
});
