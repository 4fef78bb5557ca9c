import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pawlHere as pawl } from '../../../test/pawl-here.ts';
import { freshFolder } from '../../../test/pawl-process.ts';

/** A server that answers each route as a test says, and nothing else. */
async function scripted(
  routes: Readonly<Record<string, (response: ServerResponse) => void>>,
): Promise<string> {
  const server = createServer((request, response) => routes[request.url ?? '']?.(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const problem = 'it is missing, and so are all others up to 9';
const cutShort = (response: ServerResponse): void => {
  response.end(JSON.stringify({ type: 'audit_check', ok: false, broken: { seq: 1, problem } }));
};

test('What a server knows to be missing at the end is found, although every entry that it sends is in order', async () => {
  const url = await scripted({
    '/pawl/v1/audit/export': (response) => response.end(),
    '/pawl/v1/audit/verify': cutShort,
  });
  const found = await pawl(['audit', 'verify', '--url', url]);
  expect(found).toEqual({ code: 1, stdout: `Entry 1 is not in order: ${problem}.\n`, stderr: '' });
});

test('A log that breaks off on its way is neither in order nor tampered with, and leaves no file', async () => {
  const cwd = freshFolder();
  const url = await scripted({
    '/pawl/v1/audit/export': (response) => {
      response.writeHead(200).write('{"seq":', () => response.destroy());
    },
  });
  const checked = await pawl(['audit', 'verify', '--url', url], { cwd });
  expect(checked).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('cannot be read') });
  const exported = await pawl(['audit', 'export', 'audit.jsonl', '--url', url], { cwd });
  expect(exported).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining('cannot be written'),
  });
  expect(readdirSync(cwd)).toEqual([]);
});

test('A file that cannot be read gives no answer, and one that is no log is not in order', async () => {
  const cwd = freshFolder();
  const none = await pawl(['audit', 'verify', 'none.jsonl'], { cwd });
  expect(none).toMatchObject({ code: 3, stdout: '' });
  expect(none.stderr).toMatch(/^pawl: none\.jsonl cannot be read: ENOENT/);
  writeFileSync(join(cwd, 'photo.jpg'), new Uint8Array([0xff, 0xd8, 0xff, 0x0a, 0x00]));
  const other = await pawl(['audit', 'verify', 'photo.jpg', '-o', 'json'], { cwd });
  expect(other.code).toBe(1);
  expect(JSON.parse(other.stdout)).toEqual({
    ...{ ok: false, entries: 0, head: null },
    broken: { seq: 1, problem: 'its line is no entry of an audit log' },
  });
  writeFileSync(join(cwd, 'empty.jsonl'), '');
  const empty = await pawl(['audit', 'verify', 'empty.jsonl'], { cwd });
  expect(empty).toEqual({
    ...{ code: 1, stderr: '' },
    stdout: 'Entry 1 is not in order: it is missing, for the file has no entries.\n',
  });
  const head = await pawl(['audit', 'verify', 'photo.jpg', '--head', '12'], { cwd });
  expect(head).toMatchObject({ code: 3, stderr: expect.stringContaining('a number, a colon and a hash') });
  expect(existsSync(join(cwd, '.pawl'))).toBe(false);
});

test('An export is not put where there is no folder', async () => {
  const url = await scripted({ '/pawl/v1/audit/export': (response) => response.end('{}\n') });
  const { code, stderr } = await pawl(['audit', 'export', 'nowhere/audit.jsonl', '--url', url]);
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: 'pawl: nowhere/audit.jsonl cannot be written: ENOENT.\n',
  });
});
