import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { migratedDatabase } from '../postgres.ts';
import { killAndRestart, replaceEach } from './kills.ts';
import { underTraffic } from './traffic.ts';

/*
 * The goal: whichever process is killed when, every session comes to rest, every event is there once and in order, and every
 * stream has told a stretch of that. `npm run chaos` does the same with hundreds of sessions for a minute.
 */

test('three processes on PostgreSQL, one killed after the other, lose and double nothing', async () => {
  const database = await migratedDatabase();
  const traffic = { place: { database_url: database.url }, processes: 3, sessions: 12 };
  const figures = await underTraffic(traffic, (fleet) =>
    killAndRestart(fleet, { kills: 3, everyMs: 1000, seed: 1 }),
  );
  expect(figures.problems).toEqual([]);
  // Streams were lost, or there was nothing to survive.
  expect(figures.streams).toBeGreaterThan(12);
  await database.drop();
}, 90_000);

test('one process on SQLite, killed again and again, loses and doubles nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-kills-'));
  const figures = await underTraffic({ place: { data_dir: folder }, processes: 1, sessions: 12 }, (fleet) =>
    killAndRestart(fleet, { kills: 2, everyMs: 700, seed: 2 }),
  );
  expect(figures.problems).toEqual([]);
  expect(figures.streams).toBeGreaterThan(12);
  rmSync(folder, { recursive: true });
}, 90_000);

test('processes that are replaced one by one leave their turns to the others, and nobody notices', async () => {
  const database = await migratedDatabase();
  // Turns are longer than the grace.
  const member = { settings: { stop_grace_ms: '50' } };
  const traffic = { place: { database_url: database.url }, processes: 2, sessions: 12, modelMs: 400, member };
  const figures = await underTraffic(traffic, replaceEach);
  expect(figures.problems).toEqual([]);
  expect(figures.streams).toBeGreaterThan(12);
  await database.drop();
}, 90_000);
