import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../../../test/pawl.ts';
import { pawlHere as pawl } from '../../../test/pawl-here.ts';
import { type Finished, freshFolder } from '../../../test/pawl-process.ts';

let server: TestPawl;
beforeAll(async () => {
  server = await startPawl();
});
afterAll(() => server.server.close());

const file = (args: string[], cwd: string): Promise<Finished> =>
  pawl(['file', ...args], { env: { PAWL_URL: server.url, PAWL_KEY: server.key }, cwd });

test('A file is uploaded, listed, shown, downloaded and deleted', async () => {
  const cwd = freshFolder();
  writeFileSync(join(cwd, 'invoice.pdf'), '%PDF-1');
  expect((await file(['list'], cwd)).stdout).toBe(
    'There are no files; `pawl file upload FILE` brings one.\n',
  );
  const made = await file(['upload', 'invoice.pdf', '--expires-in', '3600'], cwd);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  const [, id = ''] = /^invoice\.pdf is (file_\w+): application\/pdf, 6 bytes\.\n$/.exec(made.stdout) ?? [];
  const list = await file(['list'], cwd);
  expect(list.stdout).toMatch(/^ID +NAME +TYPE +BYTES +UPLOADED +EXPIRES\n/);
  expect(list.stdout).toMatch(new RegExp(`\\n${id} +invoice\\.pdf +application/pdf +6 +\\S+ +\\S+\\n$`));
  expect((await file(['get', id], cwd)).stdout).toMatch(/\nname +invoice\.pdf\n/);
  const shown = JSON.parse((await file(['get', id, '-o', 'json'], cwd)).stdout) as object;
  expect(shown).toMatchObject({ id, type: 'file', size_bytes: 6 });
  expect((await file(['download', id], cwd)).stdout).toBe('%PDF-1');
  expect(await file(['download', id, '--file', 'copy.pdf'], cwd)).toMatchObject({ code: 0, stdout: '' });
  expect(readFileSync(join(cwd, 'copy.pdf'), 'utf8')).toBe('%PDF-1');
  expect((await file(['delete', id], cwd)).stdout).toBe(`${id} is deleted.\n`);
  const gone = await file(['download', id, '--file', 'copy.pdf'], cwd);
  expect(gone).toMatchObject({ code: 3, stderr: `pawl: file ${id} does not exist.\n` });
  expect(readFileSync(join(cwd, 'copy.pdf'), 'utf8')).toBe('%PDF-1');
});

test('What cannot be uploaded is refused by name', async () => {
  const cwd = freshFolder();
  writeFileSync(join(cwd, 'a.txt'), 'x');
  expect((await file(['upload', 'missing.txt'], cwd)).stderr).toMatch(/^pawl: missing\.txt cannot be read: /);
  expect((await file(['upload', '.'], cwd)).stderr).toMatch(/^pawl: \. cannot be read: it is no file/);
  const soon = await file(['upload', 'a.txt', '--expires-in', '5'], cwd);
  expect(soon.stderr).toBe('pawl: expires_in_seconds: must be a whole number from 3600 to 7776000.\n');
  const typed = await file(['upload', 'a.txt', '--type', 'text/markdown', '-o', 'json'], cwd);
  expect(JSON.parse(typed.stdout)).toMatchObject({ mime_type: 'text/markdown', filename: 'a.txt' });
});
