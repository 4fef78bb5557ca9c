import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freshFolder, pawl, startPawlProcess } from '../../test/pawl-process.ts';
import { packageVersion } from '../version.ts';

/** What a terminal would take for a command. */
const escapeCode = '\u001b';

test.each([
  'pawl',
  'pawl serve',
  'pawl tutorial',
  'pawl eval',
  'pawl eval run',
  'pawl eval list',
  'pawl eval show',
  'pawl eval compare',
  'pawl eval resume',
  'pawl eval watch',
  'pawl eval cancel',
  'pawl gate',
  'pawl gate check',
  'pawl gate calibrate',
  'pawl stats',
  'pawl keys',
  'pawl keys create',
  'pawl keys update',
  'pawl keys list',
  'pawl keys revoke',
  'pawl migrate',
  'pawl doctor',
])('Help of %s tells how it is used and gives an example', async (command) => {
  const { code, stdout, stderr } = await pawl([...command.split(' ').slice(1), '--help']);
  expect(code).toBe(0);
  expect(stderr).toBe('');
  expect(stdout).toContain(`Usage: ${command}`);
  expect(stdout).toMatch(/\nExample:\n {2}\$ pawl /);
  expect(stdout).not.toContain(escapeCode);
});

test('Without a command, help is printed', async () => {
  const { code, stdout } = await pawl([]);
  expect(code).toBe(0);
  expect(stdout).toContain('Usage: pawl');
});

test('The version is that of the package', async () => {
  expect(await pawl(['--version'])).toEqual({ code: 0, stdout: `${packageVersion()}\n`, stderr: '' });
});

test.each([
  [['serv'], "unknown command 'serv'"],
  [['serve', '--prot', '1'], "unknown option '--prot'"],
  [['keys'], 'Usage: pawl keys'],
  [['keys', 'create'], "missing required argument 'name'"],
  [
    ['keys', 'create', 'a', '--role', 'king'],
    'Allowed choices are viewer, editor, reviewer, releaser, admin',
  ],
  [['doctor', '-o', 'xml'], 'Allowed choices are table, json'],
  [['tutorial', '--concurrency', '0'], 'a whole number from 1 to 200'],
  [['tutorial', '--pace'], 'needs a terminal'],
  [['eval', 'run', 'a', '--candidate', '0'], 'a whole number from 1'],
  [['eval', 'run', 'a', '--baseline', 'last'], 'a whole number from 1'],
  [['eval', 'run', 'a', '--output-file', 'report.pdf'], 'has to end with one of .txt, .json'],
  [['eval', 'run', 'nowhere.yaml'], 'nowhere.yaml cannot be read'],
  [['eval', 'run', 'a', '--endpoint', 'a.test'], 'not a URL'],
  [['eval', 'run', 'a', '--endpoint', 'http://a.test'], 'set PAWL_ENDPOINT_KEY'],
  [['eval', 'watch', 'triage'], 'no id of an eval run'],
  [['gate', 'check', 'a'], "required option '--candidate <version>'"],
  [['gate', 'check', 'a', '--candidate', '1'], 'no version before version 1'],
  [['gate', 'calibrate', 'a', '--version', 'x'], 'a whole number from 1'],
  [['serve', '--port', 'http'], '--port: expected a whole number'],
])('%j is a mistake that ends with 3 and a hint', async (args, hint) => {
  const { code, stdout, stderr } = await pawl(args);
  expect(code).toBe(3);
  expect(stdout).toBe('');
  expect(stderr).toContain(hint);
  expect(stderr).not.toContain('    at ');
});

test('A stack is printed only to those who debug', async () => {
  const args = ['keys', 'list', '--url', 'http://127.0.0.1:1'];
  expect((await pawl(args)).stderr).not.toContain('    at ');
  expect((await pawl(args, { env: { PAWL_LOG_LEVEL: 'debug' } })).stderr).toContain('    at ');
});

test('Whoever stops reading early, as in a pipe to head, is no error', async () => {
  const { child, finished } = startPawlProcess(['serve', '--help']);
  child.stdout?.destroy();
  expect(await finished).toMatchObject({ code: 0, stderr: '' });
});

test.each([
  ['a no stays a no', ['audit', 'verify', 'log.jsonl'], 1],
  ['and a check that could not be made is none', ['check', '--base-file', 'base.yaml'], 3],
  ['and a yes is one', ['pin', 'show'], 0],
] as const)('Whoever stops reading early changes no answer: %s', async (_what, args, code) => {
  const cwd = freshFolder();
  const pins = (version: number) => `pins: {a: {agent: agent_1, version: ${version}}}\n`;
  writeFileSync(join(cwd, 'log.jsonl'), 'no entry');
  writeFileSync(join(cwd, 'base.yaml'), pins(1));
  writeFileSync(join(cwd, 'pawl.pins.yaml'), pins(2));
  const { child, finished } = startPawlProcess(args, { cwd, env: { PAWL_URL: 'http://127.0.0.1:9' } });
  child.stdout?.destroy();
  child.stderr?.destroy();
  expect((await finished).code).toBe(code);
});

test('Half an export is none, although nobody wanted the rest of it', async () => {
  const server = createServer((_request, response) => response.end('{}\n'.repeat(100_000)));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const what of [
    ['audit', 'export'],
    ['dataset', 'export', 'a'],
  ]) {
    const { child, finished } = startPawlProcess([...what, '--url', url]);
    child.stdout?.destroy();
    expect(await finished).toMatchObject({ code: 141, stderr: '' });
  }
});
