import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatasetChangeResponse, DatasetResponse } from '../src/api/wire/datasets.ts';
import { openRows } from './database-rows.ts';
import { testKey } from './pawl.ts';
import { type Running, startNode } from './pawl-process.ts';
import { type FreshDatabase, migratedDatabase } from './postgres.ts';
import { programs } from './programs.ts';
import { eventually } from './story.ts';

/*
 * The goal: a large file is imported without being held in memory, and an import that is killed leaves nothing behind
 * after the next start. The method: a server in a process of its own, whose memory can be seen and which can be killed.
 */

type Life = { readonly running: Running; readonly url: string };

async function live(settings: Record<string, string>): Promise<Life> {
  // The flag that `pawl` itself runs with: V8 would otherwise take its time to collect what is no longer used.
  const flags = JSON.stringify({ api_key: testKey, ...settings });
  const running = startNode(['--max-semi-space-size=8', programs.server, flags]);
  const [, url = ''] = await running.printed(/^(\S+) took up/);
  return { running, url: `${url}/pawl/v1/datasets` };
}

async function upload(url: string, name: string, body: AsyncIterable<Uint8Array>): Promise<Response> {
  return fetch(`${url}/import?name=${name}&target=team&group=team`, {
    method: 'POST',
    headers: { 'x-api-key': testKey, 'content-type': 'application/x-ndjson' },
    body: ReadableStream.from(body),
    duplex: 'half',
  });
}

const read = (url: string): Promise<Response> => fetch(url, { headers: { 'x-api-key': testKey } });

/** So many lines of a file, some at a time. */
function linesOf(first: number, count: number): Buffer {
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  const rows = numbers.map((n) => {
    const words = { subject: `Ticket number ${n}`, body: `I have waited for ${n} days. `.repeat(4) };
    return JSON.stringify({ id: `ticket-${n}`, ...words, team: ['billing', 'auth', 'dashboard'][n % 3] });
  });
  return Buffer.from(`${rows.join('\n')}\n`);
}

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let folder: string;
  let place: { data_dir: string } | { database_url: string };

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    folder = mkdtempSync(join(tmpdir(), 'pawl-import-'));
    place = database === null ? { data_dir: folder } : { database_url: database.url };
  });
  afterAll(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  async function countRows(): Promise<Record<string, number>> {
    const rows = await openRows(place);
    const count = (table: string): string => `(select count(*) from ${table}) as ${table}`;
    const tables = ['datasets', 'dataset_revisions', 'dataset_cases'];
    const [counts = {}] = await rows.query(`select ${tables.map(count).join(', ')}`);
    await rows.close();
    return Object.fromEntries(Object.entries(counts).map(([table, n]) => [table, Number(n)]));
  }

  test('an import that is killed leaves nothing to be seen, and is swept up by whoever is alone', async () => {
    const first = await live(place);
    async function* few(): AsyncGenerator<Uint8Array> {
      yield linesOf(0, 10);
    }
    expect((await upload(first.url, 'few', few())).status).toBe(200);
    const before = await countRows();
    expect(before).toEqual({ datasets: 1, dataset_revisions: 1, dataset_cases: 10 });

    async function* unfinished(): AsyncGenerator<Uint8Array> {
      yield linesOf(0, 2000);
      await once(first.running.child, 'exit');
    }
    const broken = upload(first.url, 'many', unfinished());
    broken.catch(() => {});
    await eventually('staged cases', async () => ((await countRows())['dataset_cases'] ?? 0) > 1000);
    expect((await read(`${first.url}/many`)).status).toBe(404);
    first.running.child.kill('SIGKILL');
    await expect(broken).rejects.toThrow();

    const second = await live(place);
    // Where others may be in the middle of an import, what is left of one goes after a day.
    if (kind === 'SQLite') {
      await eventually('the sweep', async () => (await countRows())['dataset_cases'] === 10);
      expect(await countRows()).toEqual(before);
    }
    expect((await read(`${second.url}/many`)).status).toBe(404);
    const kept = (await (await read(`${second.url}/few`)).json()) as DatasetResponse;
    expect(kept.revision?.cases).toBe(10);
    second.running.child.kill('SIGKILL');
    await second.running.finished;
  });

  // A hundred thousand on one database; the other reads the same stream.
  const size = kind === 'SQLite' ? 100_000 : 20_000;

  test(`${size} cases take no more memory than their ids`, async () => {
    const { running, url } = await live(place);
    const memory = (): number =>
      Number(execFileSync('ps', ['-o', 'rss=', '-p', `${running.child.pid}`])) * 1024;
    const before = memory();
    let most = before;
    async function* many(): AsyncGenerator<Uint8Array> {
      for (let from = 0; from < size; from += 500) {
        yield linesOf(from, 500);
        if (from % 5000 === 0) most = Math.max(most, memory());
      }
    }
    const response = await upload(url, 'large', many());
    most = Math.max(most, memory());
    expect(response.status).toBe(200);
    const { revision } = (await response.json()) as DatasetChangeResponse;
    expect(revision).toMatchObject({
      cases: size,
      summary: { targets: ['billing', 'auth', 'dashboard'] },
    });
    expect((most - before) / 1024 ** 2).toBeLessThan(120);

    let bytes = 0;
    for await (const chunk of (await read(`${url}/large/export`)).body ?? []) bytes += chunk.length;
    expect(bytes).toBeGreaterThan(150 * size);
    expect((memory() - before) / 1024 ** 2).toBeLessThan(120);
  }, 120_000);
});
