import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../../test/model-server.ts';
import { startPawl, type TestPawl } from '../../../test/pawl.ts';
import { pawlHere as pawl } from '../../../test/pawl-here.ts';
import { type Finished, freshFolder } from '../../../test/pawl-process.ts';
import { converse, makeSetting, openSession } from '../../../test/story.ts';

let model: ModelServer;
let server: TestPawl;
beforeAll(async () => {
  model = await startModelServer();
  server = await startPawl({ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' });
});
afterAll(async () => {
  await model.close();
  await server.server.close();
});

const dataset = (args: string[], cwd?: string): Promise<Finished> =>
  pawl(['dataset', ...args], {
    env: { PAWL_URL: server.url, PAWL_KEY: server.key },
    ...(cwd === undefined ? {} : { cwd }),
  });

const csv = (rows: readonly string[]): string => ['id,subject,team', ...rows, ''].join('\n');

/** A folder with a file of cases in it. */
function folderWith(name: string, text: string): string {
  const folder = freshFolder();
  writeFileSync(join(folder, name), text);
  return folder;
}

test('A file is imported, listed, shown, changed, compared and exported', async () => {
  const cwd = folderWith('first.csv', csv(['1,Invoice,billing', '2,Login,auth']));
  const columns = ['--name', 'tickets', '--input', 'subject', '--target', 'team', '--group', 'team'];
  const first = await dataset(['import', 'first.csv', ...columns], cwd);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toMatch(/^tickets is now at revision [0-9a-f]{12}: 2 cases in 2 groups\.\n$/);
  const again = await dataset(['import', 'first.csv', ...columns], cwd);
  expect(again.stdout).toMatch(
    /^tickets had these cases before, in revision [0-9a-f]{12}: 2 cases in 2 groups\.\n$/,
  );

  const list = await dataset(['list']);
  expect(list.stdout).toMatch(/^NAME +CASES +GROUPS +REVISION +CHANGED/);
  expect(list.stdout).toMatch(/\ntickets +2 +2 +[0-9a-f]{12} /);
  const show = await dataset(['show', 'tickets']);
  expect(show.stdout).toMatch(/^tickets \(dset_\w+\)\n/);
  expect(show.stdout).toMatch(/\ncases +2\n/);
  expect(show.stdout).toMatch(/\nGROUP +CASES\nbilling +1\nauth +1\n$/);

  writeFileSync(join(cwd, 'second.csv'), csv(['3,New,billing', '2,Login,billing']));
  await dataset(['import', 'second.csv', ...columns], cwd);
  const diff = await dataset(['diff', 'tickets']);
  expect(diff.code).toBe(0);
  expect(diff.stdout).toMatch(
    /^\+ 3\n~ 2: group, target\n- 1\n1 added, 1 changed, 1 removed from revision [0-9a-f]{12} to [0-9a-f]{12}\.\n$/,
  );
  const { from, to, data } = JSON.parse((await dataset(['diff', 'tickets', '-o', 'json'])).stdout) as {
    from: { hash: string };
    to: { hash: string };
    data: object[];
  };
  expect(data).toHaveLength(3);
  const back = await dataset(['diff', 'tickets', to.hash.slice(0, 8), from.hash]);
  expect(back.stdout).toMatch(/^\+ 1\n~ 2: group, target\n- 3\n/);

  const old = await dataset(['export', 'tickets', '--revision', from.hash.slice(0, 12)]);
  expect(old).toMatchObject({
    ...{ code: 0, stderr: '' },
    stdout:
      '{"id":"1","input":"Invoice","target":"billing","group":"billing"}\n' +
      '{"id":"2","input":"Login","target":"auth","group":"auth"}\n',
  });
  await dataset(['export', 'tickets', '--format', 'csv', '-f', 'out.csv'], cwd);
  expect(readFileSync(join(cwd, 'out.csv'), 'utf8')).toBe(
    'id,input,target,group\n3,New,billing,billing\n2,Login,billing,billing\n',
  );
  const same = await dataset(['import', 'out.csv', '--name', 'tickets', '-o', 'json'], cwd);
  expect(JSON.parse(same.stdout)).toMatchObject({ unchanged: true, revision: { hash: to.hash } });
});

test('Everything that is wrong with a file is said line by line', async () => {
  const cwd = folderWith('bad.jsonl', '{"input":"a"}\nnothing\n{"input":7}\n');
  const { code, stdout, stderr } = await dataset(['import', 'bad.jsonl', '--name', 'bad'], cwd);
  expect({ code, stdout, lines: stderr.split('\n') }).toEqual({
    ...{ code: 3, stdout: '' },
    lines: [
      'pawl: bad.jsonl is refused:',
      'line 2: must be a JSON object',
      'line 3: input: must be a text or a list of messages.',
      '',
    ],
  });
  expect(await dataset(['show', 'bad'])).toMatchObject({
    code: 3,
    stderr: 'pawl: dataset bad does not exist.\n',
  });
});

test('A large file shows how far it has come', async () => {
  const rows = Array.from({ length: 100 }, (_, n) =>
    JSON.stringify({ id: `${n}`, input: 'x'.repeat(100_000) }),
  );
  const cwd = folderWith('large.jsonl', rows.join('\n'));
  const { code, stdout, stderr } = await dataset(['import', 'large.jsonl', '--name', 'large'], cwd);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('100 cases') });
  expect(stderr).toMatch(/^large\.jsonl, MiB: 3\/9\n(.*\n)+large\.jsonl, MiB: 9\/9\n$/);
  const exported = await dataset(['export', 'large']);
  expect(exported.stdout.length).toBeGreaterThan(10_000_000);
});

test.each([
  [['import', 'none.jsonl', '--name', 'x'], /none\.jsonl cannot be read: .*ENOENT/],
  [['import', 'cases.txt', '--name', 'x'], /must end with \.jsonl, \.ndjson or \.csv/],
  [['import', 'folder.csv', '--name', 'x'], /folder\.csv is not a file/],
  [['import', 'cases.jsonl'], /required option '--name <name>'/],
  [['import', 'cases.jsonl', '--name', 'a b'], /name: must be 1 to 100 letters/],
  [['show', 'none'], /dataset none does not exist/],
  [['diff', 'none'], /dataset none does not exist/],
  [['export', 'none', '-f', 'cases.jsonl'], /dataset none does not exist/],
  [['add-case', 'none', '--session', 'sesn_x', '--target', 'x'], /dataset none does not exist/],
  [['add-case', 'none', '--session', 'sesn_x'], /required option '--target <text>'/],
])('pawl dataset %j says what is wrong', async (args, message) => {
  const cwd = folderWith('cases.jsonl', '{"input":"x"}\n');
  writeFileSync(join(cwd, 'cases.txt'), '');
  mkdirSync(join(cwd, 'folder.csv'));
  const { code, stdout, stderr } = await dataset(args, cwd);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toMatch(message);
  expect(readFileSync(join(cwd, 'cases.jsonl'), 'utf8')).toBe('{"input":"x"}\n');
});

test('An export that cannot be written leaves no file', async () => {
  const cwd = folderWith('cases.jsonl', '{"input":"x"}\n');
  await dataset(['import', 'cases.jsonl', '--name', 'written'], cwd);
  const { code, stderr } = await dataset(['export', 'written', '-f', 'no/such/folder.jsonl'], cwd);
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: 'pawl: no/such/folder.jsonl cannot be written: ENOENT.\n',
  });
  expect(existsSync(join(cwd, 'no'))).toBe(false);
});

test('A session becomes a labelled case', async () => {
  const cwd = folderWith('cases.jsonl', '{"id":"a","input":"x","group":"g"}\n');
  await dataset(['import', 'cases.jsonl', '--name', 'sessions'], cwd);
  const { id } = await openSession(server.client, await makeSetting(server.client));
  await converse(server.client, id, 'Where is my invoice?');
  const label = ['--session', id, '--target', 'billing', '--group', 'g', '--id', 'b', '--must-pass'];
  const added = await dataset(['add-case', 'sessions', ...label]);
  expect(added).toMatchObject({ code: 0, stderr: '' });
  expect(added.stdout).toMatch(/^b is now in sessions, revision [0-9a-f]{12}: 2 cases in 1 group\.\n$/);
  const again = await dataset(['add-case', 'sessions', ...label]);
  expect(again.stdout).toMatch(/^b was in sessions, revision [0-9a-f]{12}: 2 cases in 1 group\.\n$/);
  expect((await dataset(['export', 'sessions'])).stdout.split('\n')[1]).toBe(
    `{"id":"b","input":"Where is my invoice?","target":"billing","group":"g","must_pass":true,"agent_version":1,"session_id":"${id}"}`,
  );
});

test('Without a server, the data of the folder are used', async () => {
  const cwd = folderWith('cases.jsonl', '{"id":"a","input":"x"}\n');
  const made = await pawl(['dataset', 'import', 'cases.jsonl', '--name', 'here'], { cwd });
  expect(made.stdout).toMatch(/^here is now at revision [0-9a-f]{12}: 1 case\.\n$/);
  expect((await pawl(['dataset', 'export', 'here'], { cwd })).stdout).toBe('{"id":"a","input":"x"}\n');
  expect((await pawl(['dataset', 'list'], { cwd: freshFolder() })).stdout).toMatch(/^There are no datasets/);
});
