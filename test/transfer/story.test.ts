import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AuditCheckResponse, AuditEntryResponse } from '../../src/api/audit.ts';
import { openRows } from '../database-rows.ts';
import { type CountedModel, startCountedModel } from '../evals/counted-model.ts';
import { all, ask, completed, refusal } from '../evals/eval-story.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { pawlHere } from '../pawl-here.ts';
import { freshFolder, startPawlProcess } from '../pawl-process.ts';
import { type FreshDatabase, freshDatabase } from '../postgres.ts';
import { newPerson } from '../release/release-story.ts';
import { answersIn, eventually, history, say, untilIdle } from '../story.ts';
import { type Receiver, startReceiver } from '../webhook-receiver.ts';
import { everyAnswer, fileText, fillPawl, type Things } from './filled-pawl.ts';

/*
 * The goal: what users have made on one database is all there on the other, and goes on there. The method: a server with
 * a bit of everything, filled through its API; then the commands as a user types them; and each time every GET route is
 * asked and has to answer, word for word, what it did before.
 */

let root: string;
let model: CountedModel;
let receiver: Receiver;
let things: Things;
let before: Record<string, string>;
let postgres: FreshDatabase;

const settings = (): Record<string, string> => ({
  ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key', allow_private_webhooks: 'true' },
  vault_key: Buffer.alloc(32, 1).toString('base64'),
});
const place = (name: string): string => join(root, name);

/** A server on the data of a place, for as long as the work takes. */
async function serving<T>(set: Record<string, string>, work: (pawl: TestPawl) => Promise<T>): Promise<T> {
  const pawl = await startPawl({ ...settings(), ...set });
  try {
    return await work(pawl);
  } finally {
    await pawl.server.close();
  }
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'pawl-story-'));
  model = await startCountedModel();
  receiver = await startReceiver();
  postgres = await freshDatabase();
  await serving({ data_dir: place('first') }, async (pawl) => {
    things = await fillPawl(pawl, receiver);
    before = await everyAnswer(pawl, things);
  });
});
afterAll(async () => {
  await model.close();
  await receiver.close();
  await postgres.drop();
  rmSync(root, { recursive: true });
});

test('The server that is carried has something in every list, and almost every table', async () => {
  const refused = Object.entries(before).filter(([, answer]) => !answer.startsWith('200'));
  expect(refused).toEqual([]);
  const empty = Object.entries(before).filter(([, answer]) => answer.includes('"data":[]'));
  expect(empty.length, String(empty)).toBeLessThan(5);
  const rows = await openRows({ data_dir: place('first') });
  const tables = await rows.query("select name from sqlite_master where type = 'table'");
  const bare: string[] = [];
  for (const { name } of tables) {
    if ((await rows.query(`select 1 from "${name}" limit 1`)).length === 0) bare.push(String(name));
  }
  await rows.close();
  expect(bare.length, bare.join()).toBeLessThan(tables.length / 3);
});

/** What has to hold of data that have come to another place: nothing differs, and everything goes on. */
async function expectSame(pawl: TestPawl): Promise<void> {
  expect(await everyAnswer(pawl, things)).toEqual(before);
  const check = await ask<AuditCheckResponse>(pawl, '/audit/verify');
  expect(check).toMatchObject({ ok: true, broken: null });
  const { client } = pawl;
  const file = await client.files.download(things['files'] ?? '');
  expect(await file.text()).toBe(fileText);
}

/** Goes on with what is there, which changes it. */
async function goOn(pawl: TestPawl): Promise<void> {
  const { client } = pawl;
  const [session, agent] = [things['sessions'] ?? '', things['agents'] ?? ''];
  const said = answersIn(await history(client, session)).length;
  await client.beta.sessions.events.send(session, { events: [say('And now goodbye')] });
  await untilIdle(client, session);
  expect(answersIn(await history(client, session))).toHaveLength(said + 1);
  const { version } = await client.beta.agents.update(agent, { version: 3, system: 'Four.' });
  expect(version).toBe(4);
  // What was measured before the move is compared with what is measured after it.
  const { run } = await completed(pawl, things['evals'] ?? '', { agent_version: 4 });
  const pair = { candidate_run: run.id, baseline_run: things['eval_runs'] };
  const { id } = await ask<{ id: string }>(pawl, '/comparisons', pair);
  await eventually('the verdict', async () => {
    const { status } = await ask<{ status: string }>(pawl, `/comparisons/${id}`);
    return status === 'completed';
  });
  expect(await ask(pawl, '/audit/verify')).toMatchObject({ ok: true });
}

describe('A copy', () => {
  test('goes from SQLite to PostgreSQL and back, and servers go on with it on both', async () => {
    const cwd = freshFolder();
    const env = { MY_DATABASE: postgres.url, PAWL_DATA_DIR: place('second') };
    const there = await pawlHere(['copy', '--from', place('first'), '--to', 'env:MY_DATABASE'], { env, cwd });
    expect(there).toMatchObject({ code: 0, stderr: '' });
    expect(there.stdout).toMatch(
      /^env:MY_DATABASE has \d+ rows of \d+ tables, and the bytes of 1 files now\. Each/,
    );
    expect(there.stdout).toMatch(/Secrets in vaults stay encrypted: .* the same PAWL_VAULT_KEY\.\n$/);
    await serving({ database_url: postgres.url, data_dir: place('second') }, expectSame);
    const back = ['copy', '--from', 'env:MY_DATABASE', '--to', place('third'), '-o', 'json'];
    const again = await pawlHere(back, { env, cwd });
    expect(again).toMatchObject({ code: 0 });
    expect(JSON.parse(again.stdout)).toMatchObject({ files: 1, missing_files: 0 });
    await serving({ data_dir: place('third') }, async (pawl) => {
      await expectSame(pawl);
      await goOn(pawl);
    });
    await serving({ database_url: postgres.url, data_dir: place('second') }, goOn);
  });

  test('into a database that holds something is refused, and a URL on the command line is not repeated', async () => {
    const copying = (from: string, to: string) => pawlHere(['copy', '--from', from, '--to', to]);
    mkdirSync(place('full'));
    writeFileSync(join(place('full'), 'pawl.db'), 'something of a person');
    const full = await copying(place('first'), place('full'));
    expect(full.code).toBe(3);
    expect(full.stderr).toMatch(
      /^pawl: There is a database in .* already \(pawl\.db\)\. It is filled only while it is empty/,
    );
    const same = await copying(place('first'), place('first'));
    expect(same.stderr).toBe('pawl: --from and --to are the same place.\n');
    const bare = await copying(place('first'), 'postgres://pawl:hunter2@db.example.com/pawl');
    expect(bare).toMatchObject({ code: 3, stdout: '' });
    expect(bare.stderr).toMatch(/^pawl: --to: put the URL into a variable and name that/);
    expect(bare.stderr).not.toContain('hunter2');
    expect((await copying(place('first'), 'env:NOT_SET')).stderr).toBe(
      'pawl: --to: the variable NOT_SET is not set.\n',
    );
    expect((await copying(place('nothing'), place('other'))).stderr).toMatch(
      /^pawl: There is no database in /,
    );
    const env = { WRONG: 'postgres://pawl:hunter2@127.0.0.1:1/pawl' };
    const lost = await pawlHere(['copy', '--from', place('first'), '--to', 'env:WRONG'], { env });
    expect(lost.stderr).toMatch(/^pawl: Cannot .*PostgreSQL: .*ECONNREFUSED/);
    expect(lost.stderr).not.toContain('hunter2');
  });
});

describe('A backup', () => {
  test('is made beside a running server or by it, and restored into both databases', async () => {
    const cwd = freshFolder();
    const file = join(cwd, 'monday.pawl');
    // As one that was broken off may have left it, or somebody who would like to read what comes.
    writeFileSync(`${file}.part`, '', { mode: 0o644 });
    const beside = await serving({ data_dir: place('first') }, () =>
      pawlHere(['backup', 'monday.pawl'], { cwd, env: { PAWL_DATA_DIR: place('first') } }),
    );
    expect(beside).toMatchObject({ code: 0, stderr: '' });
    expect(beside.stdout).toMatch(
      /^monday\.pawl has \d+ rows of \d+ tables, and the bytes of 1 files, in \d+ bytes\. It was read back\.\n/,
    );
    expect(readdirSync(cwd)).toEqual(['monday.pawl']);
    expect(statSync(file).mode & 0o077).toBe(0);
    const env = { PAWL_DATA_DIR: place('fourth') };
    const restored = await pawlHere(['restore', 'monday.pawl'], { cwd, env });
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    expect(restored.stdout).toMatch(
      /^SQLite, .*pawl\.db has \d+ rows .* Each table was read back and is as in the backup\.\n/,
    );
    await serving({ data_dir: place('fourth') }, expectSame);
    expect((await pawlHere(['restore', 'monday.pawl'], { cwd, env })).stderr).toMatch(
      /There is a database in/,
    );

    const second = await freshDatabase();
    onTestFinished(() => second.drop());
    const pg = { DATABASE_URL: second.url, PAWL_DATA_DIR: place('fifth') };
    const into = await pawlHere(['restore', 'monday.pawl', '-o', 'json'], { cwd, env: pg });
    expect(into).toMatchObject({ code: 0, stderr: '' });
    const onPostgres = { database_url: second.url, data_dir: place('fifth') };
    const asked = await serving(onPostgres, async (pawl) => {
      await expectSame(pawl);
      return pawlHere(['backup', 'tuesday.pawl', '-o', 'json'], {
        cwd,
        env: { PAWL_URL: pawl.url, PAWL_KEY: pawl.key },
      });
    });
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    const [monday, tuesday] = [into, asked].map(
      ({ stdout }) => JSON.parse(stdout) as { tables: Record<string, number> },
    );
    // The one that asked is in the log.
    const entries = (monday?.tables['audit_entries'] ?? 0) + 1;
    expect(tuesday?.tables).toEqual({ ...monday?.tables, audit_entries: entries });
  });

  test('is for admins alone, tells of itself in the audit log, and has no secret in the clear but those of webhooks', async () => {
    await serving({ data_dir: place('first') }, async (pawl) => {
      const releaser = await newPerson(pawl, 'Eve', 'releaser');
      expect(await refusal(releaser, '/backup')).toMatchObject({ status: 403, code: 'permission' });
      const response = await fetch(`${pawl.url}/pawl/v1/backup`, { headers: { 'x-api-key': pawl.key } });
      expect(response.headers.get('content-type')).toBe('application/gzip');
      const text = gunzipSync(await response.arrayBuffer()).toString('utf8');
      const [entry] = await all<AuditEntryResponse>(pawl, '/audit');
      expect(entry).toMatchObject({ action: 'backup.made', subject: { type: 'server', id: 'backup' } });
      expect(text).toContain(entry?.hash);
      for (const secret of ['very-secret-token', pawl.key, releaser.key]) expect(text).not.toContain(secret);
    });
  });

  test('of a server in memory has all that is there', async () => {
    const pawl = await startPawl();
    onTestFinished(() => pawl.server.close());
    await sdk(pawl.url, pawl.key).files.upload({ file: new File([fileText], 'hello.txt') });
    const cwd = freshFolder();
    const env = { PAWL_URL: pawl.url, PAWL_KEY: pawl.key };
    const made = await pawlHere(['backup', 'memory.pawl', '-o', 'json'], { cwd, env });
    expect(JSON.parse(made.stdout)).toMatchObject({ file: 'memory.pawl', files: 1, tables: { files: 1 } });
  });

  test('that cannot be made leaves the one from before alone, and nothing beside it', async () => {
    const cwd = freshFolder();
    const good = await pawlHere(['backup', 'monday.pawl'], { cwd, env: { PAWL_DATA_DIR: place('first') } });
    expect(good.code).toBe(0);
    const kept = readFileSync(join(cwd, 'monday.pawl'));
    const failed = await pawlHere(['backup', 'monday.pawl'], {
      cwd,
      env: { PAWL_DATA_DIR: place('nothing') },
    });
    expect(failed).toMatchObject({ code: 3, stdout: '' });
    expect(failed.stderr).toMatch(/^pawl: There is no database in /);
    expect(readdirSync(cwd)).toEqual(['monday.pawl']);
    expect(readFileSync(join(cwd, 'monday.pawl')).equals(kept)).toBe(true);
    const away = await pawlHere(['backup', 'monday.pawl', '--url', 'http://127.0.0.1:1'], { cwd });
    expect(away.stderr).toMatch(/^pawl: No server answers/);
    expect(existsSync(join(cwd, 'monday.pawl.part'))).toBe(false);
    expect((await pawlHere(['restore', 'sunday.pawl'], { cwd })).stderr).toBe(
      'pawl: sunday.pawl cannot be read.\n',
    );
  });
});

test('A backup that is interrupted leaves nothing', async () => {
  const cwd = freshFolder();
  const stalling = createServer((_request, response) => response.write(gzipSync('hello').subarray(0, 12)));
  await new Promise<void>((resolve) => stalling.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    stalling.closeAllConnections();
    stalling.close();
  });
  const { port } = stalling.address() as AddressInfo;
  const running = startPawlProcess(['backup', 'a.pawl', '--url', `http://127.0.0.1:${port}`], { cwd });
  await eventually('the first bytes', () => {
    const part = join(cwd, 'a.pawl.part');
    return existsSync(part) && statSync(part).size > 0;
  });
  running.child.kill('SIGINT');
  expect(await running.finished).toMatchObject({ code: 130, stdout: '', stderr: '' });
  expect(readdirSync(cwd)).toEqual([]);
});
