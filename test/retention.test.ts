import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AuditEntryResponse } from '../src/api/audit.ts';
import type { RetentionListResponse, RetentionResponse } from '../src/api/retention.ts';
import { formatTime } from '../src/core/clock.ts';
import { all, ask, refusal } from './evals/eval-story.ts';
import { type Life, live, liveHere } from './life.ts';
import { startModelServer } from './model-server.ts';
import { startPawl, type TestPawl } from './pawl.ts';
import { pawlHere as command } from './pawl-here.ts';
import { type FreshDatabase, migratedDatabase } from './postgres.ts';
import { converse, errorOf, eventually, history, makeSetting, openSession } from './story.ts';
import { startReceiver } from './webhook-receiver.ts';

/*
 * The goal: what a server is told to delete goes the way of every deletion, and is in a file before, whatever happens to
 * the process. The method: sessions that the official SDK has made are aged in the database while no server has it.
 */

const monthOld = formatTime((Date.now() - 40 * 86_400_000) * 1000);

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let folder: string;
  let place: Record<string, string>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pawl-retention-'));
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    place = { data_dir: folder, ...(database === null ? {} : { database_url: database.url }) };
  });
  afterAll(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  /** Lets nothing have happened in sessions for forty days. */
  async function age(ids: readonly string[]): Promise<void> {
    const statement = `update sessions set updated_at = '${monthOld}' where id in ('${ids.join("','")}')`;
    if (database === null) {
      const file = new Sqlite(join(folder, 'pawl.db'));
      file.exec(statement);
      file.close();
      return;
    }
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(statement);
    await client.end();
  }

  async function makeSessions({ client }: Life, count: number): Promise<string[]> {
    const setting = await makeSetting(client);
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await openSession(client, setting)).id);
    return ids;
  }

  const isThere = async ({ client }: Life, id: string): Promise<boolean> =>
    (await client.beta.sessions.retrieve(id).catch(() => null)) !== null;

  const filesIn = (dir: string): string[] =>
    readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl.gz'));
  const exportedIn = (dir: string): { id: string; events: { type: string }[] }[] =>
    filesIn(dir).flatMap((name) => {
      const lines = gunzipSync(readFileSync(join(dir, name)))
        .toString('utf8')
        .trimEnd()
        .split('\n');
      return lines.map((line) => JSON.parse(line) as { id: string; events: { type: string }[] });
    });

  test('an old session is exported and deleted, webhooks are told, and a younger one stays', async () => {
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    const model = await startModelServer();
    onTestFinished(() => model.close());
    const first = await liveHere({
      ...{ ...place, allow_private_webhooks: 'true', anthropic_base_url: model.url },
    });
    const hook = { url: `${receiver.url}/told`, enabled_events: ['session.deleted'] };
    await ask(first, '/webhooks', hook);
    const [old = '', young = ''] = await makeSessions(first, 2);
    const said = await converse(first.client, old, 'Where is my parcel?');
    await ask(first, `/sessions/${old}/scores`, { name: 'helpful', value: 1 });
    await first.kill();
    await age([old]);

    const exports = join(folder, 'exports');
    const settings = { retention_days: '30', export_dir: exports, allow_private_webhooks: 'true' };
    const second = await liveHere({ ...place, ...settings });
    await eventually('the old session to be gone', async () => !(await isThere(second, old)));
    expect(await isThere(second, young)).toBe(true);
    expect((await errorOf(second.client.beta.sessions.retrieve(old))).status).toBe(404);
    const [line, ...others] = exportedIn(exports);
    expect(others).toEqual([]);
    expect(line).toMatchObject({ id: old, complete: true, scores: [{ name: 'helpful', value: 1 }] });
    expect(line?.events).toEqual(said);
    const [told] = await eventually('the webhook to be told', () =>
      receiver.received.length > 0 ? receiver.received : null,
    );
    expect(JSON.parse(told?.body ?? '')).toMatchObject({ data: { type: 'session.deleted', id: old } });
    await second.kill();
  });

  // On PostgreSQL, others would wait for the dead one's duty to run out.
  test.runIf(kind === 'SQLite')(
    'a server that is killed between export and deletion loses nothing',
    async () => {
      const first = await liveHere(place);
      const ids = await makeSessions(first, 80);
      await first.kill();
      await age(ids);
      const exports = join(folder, 'killed');
      const settings = { ...place, retention_days: '30', export_dir: exports };
      const killed = await live(settings);
      await eventually('an export', () => {
        try {
          return filesIn(exports).length > 0;
        } catch {
          return false;
        }
      });
      await killed.kill();
      const known = new Set(exportedIn(exports).map(({ id }) => id));
      const after = await liveHere(place);
      for (const id of ids) expect(known.has(id) || (await isThere(after, id))).toBe(true);
      await after.kill();
      const last = await liveHere(settings);
      await eventually('all to be gone', async () => {
        const { data } = await last.client.beta.sessions.list({ limit: 100 });
        return !data.some(({ id }) => ids.includes(id));
      });
      expect(new Set(exportedIn(exports).map(({ id }) => id))).toEqual(new Set(ids));
      await last.kill();
    },
  );

  test.runIf(kind === 'PostgreSQL')(
    'who follows a session at another process is told of its end',
    async () => {
      const first = await liveHere(place);
      const [old = ''] = await makeSessions(first, 1);
      await first.kill();
      await age([old]);
      const asked = await liveHere({ ...place, role: 'api' });
      const stream = await asked.client.beta.sessions.events.stream(old);
      const seen = (async () => {
        const types: string[] = [];
        for await (const event of stream) types.push(event.type);
        return types;
      })();
      const working = await liveHere({ ...place, role: 'worker', retention_days: '30' });
      expect(await seen).toContain('session.deleted');
      await working.kill();
      await asked.kill();
    },
  );
});

describe('Over HTTP and by commands', () => {
  let pawl: TestPawl;
  let agent_id: string;
  let ids: string[];

  beforeAll(async () => {
    pawl = await startPawl({ retention_days: '90', file_retention_days: '365' });
    const setting = await makeSetting(pawl.client);
    agent_id = setting.agent.id;
    const sessions = [await openSession(pawl.client, setting), await openSession(pawl.client, setting)];
    ids = sessions.map(({ id }) => id);
    await converse(pawl.client, ids[0] ?? '', 'Hello');
  });
  afterAll(() => pawl.server.close());

  const remove = async (): Promise<RetentionResponse> => {
    const url = `${pawl.url}/pawl/v1/agents/${agent_id}/retention`;
    const answer = await fetch(url, { method: 'DELETE', headers: { 'x-api-key': pawl.key } });
    return (await answer.json()) as RetentionResponse;
  };

  test('an agent has the rule of the server, then its own, then that of the server again', async () => {
    const path = `/agents/${agent_id}/retention`;
    const due = { sessions: 0, kept: 0, more: false };
    const ofServer = { type: 'retention', agent_id, agent_name: 'triage', source: 'server', days: 90, due };
    expect(await ask(pawl, path)).toMatchObject({ ...ofServer, export: false, updated_at: null });
    const own = await ask<RetentionResponse>(pawl, path, { days: 7, reason: 'Short lives' });
    expect(own).toMatchObject({ source: 'agent', days: 7, due });
    expect(await ask(pawl, path, { days: null })).toMatchObject({ source: 'agent', days: null });
    expect(await remove()).toMatchObject(ofServer);
    const entries = await all<AuditEntryResponse>(pawl, `/audit?subject=${agent_id}`);
    const changes = entries.filter(({ action }) => action === 'retention.changed');
    expect(changes.map(({ before, after, reason }) => [before, after, reason])).toEqual([
      [{ days: null, export: false }, null, null],
      [{ days: 7, export: false }, { days: null, export: false }, null],
      [null, { days: 7, export: false }, 'Short lives'],
    ]);
  });

  test('the list has every agent, and says what the server does by itself', async () => {
    const list = await ask<RetentionListResponse>(pawl, '/retention?limit=1');
    expect(list).toMatchObject({ data: [{ agent_id }], next_page: null });
    expect(list.server).toEqual({ days: 90, export: false, file_days: 365 });
  });

  test.each<[string, object]>([
    ['days', { days: 0 }],
    ['days', { days: 36_501 }],
    ['days', { days: 1.5 }],
    ['days', {}],
    ['export', { days: 1, export: true }],
    ['export', { days: 1, export: 'yes' }],
    ['reason', { days: 1, reason: '' }],
  ])('a rule with a wrong %s is refused by name, and changes nothing: %j', async (field, rule) => {
    const path = `/agents/${agent_id}/retention`;
    const before = await ask(pawl, path);
    expect(await refusal(pawl, path, rule)).toMatchObject({
      status: 400,
      message: expect.stringContaining(`${field}: `) as unknown,
    });
    expect(await ask(pawl, path)).toEqual(before);
  });

  test('sessions are exported line by line, all or some of them', async () => {
    const lines = async (query: string) => {
      const url = `${pawl.url}/pawl/v1/sessions/export${query}`;
      const answer = await fetch(url, { headers: { 'x-api-key': pawl.key } });
      expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
      const text = await answer.text();
      return text === ''
        ? []
        : text
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line) as { id: string });
    };
    const exported = await lines('');
    expect(exported.map(({ id }) => id)).toEqual(ids);
    expect(exported[0]).toMatchObject({
      ...{ type: 'session_export', complete: true, agent: { id: agent_id, version: 1, name: 'triage' } },
      events: await history(pawl.client, ids[0] ?? ''),
    });
    expect(await lines(`?agent_id=${agent_id}`)).toEqual(exported);
    const { created_at } = await pawl.client.beta.sessions.retrieve(ids[1] ?? '');
    const time = encodeURIComponent(created_at);
    expect((await lines(`?created_at[lt]=${time}`)).map(({ id }) => id)).toEqual(ids.slice(0, 1));
    expect((await lines(`?created_at[gte]=${time}`)).map(({ id }) => id)).toEqual(ids.slice(1));
  });

  test('commands show, set and clear rules', async () => {
    const env = { PAWL_URL: pawl.url, PAWL_KEY: pawl.key };
    const shown = await command(['retention', 'show'], { env });
    expect(shown.stdout).toContain('90 days');
    expect(shown.stdout).toContain('files for 365 days');
    const set = await command(['retention', 'set', 'triage', '1', '--no-export'], { env });
    expect(set.stdout).toMatch(/triage +agent_\w+ +1 day +agent +no +0 +0/);
    expect((await command(['retention', 'set', 'triage', 'soon'], { env })).code).not.toBe(0);
    const never = await command(['retention', 'set', 'triage', 'never', '-o', 'json'], { env });
    expect(JSON.parse(never.stdout)).toMatchObject({ days: null, source: 'agent' });
    expect((await command(['retention', 'clear', 'triage'], { env })).stdout).toMatch(/90 days +server/);
  });

  test('a command writes sessions into a file, compressed where its name says so', async () => {
    const env = { PAWL_URL: pawl.url, PAWL_KEY: pawl.key };
    const dir = mkdtempSync(join(tmpdir(), 'pawl-export-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const paths = [join(dir, 'all.jsonl'), join(dir, 'some.jsonl.gz')] as const;
    writeFileSync(`${paths[0]}.part`, '', { mode: 0o644 });
    const done = await command(['session', 'export', '--to', paths[0]], { env });
    expect([done.code, done.stderr]).toEqual([0, `2 sessions in ${paths[0]}\n`]);
    await command(['session', 'export', '--agent', 'triage', '--to', paths[1]], { env });
    const plain = readFileSync(paths[0], 'utf8');
    expect(gunzipSync(readFileSync(paths[1])).toString('utf8')).toBe(plain);
    expect((await command(['session', 'export'], { env })).stdout).toBe(plain);
    const refused = await command(['session', 'export', '--before', 'soon', '--to', join(dir, 'x')], { env });
    expect(refused).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('created_at[lt]: ') as unknown,
    });
    expect(readdirSync(dir).toSorted()).toEqual(['all.jsonl', 'some.jsonl.gz']);
    // All that users said is nobody's but the owner's to read.
    expect(paths.map((path) => statSync(path).mode & 0o077)).toEqual([0, 0]);
  });
});
