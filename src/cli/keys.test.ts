import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../../test/pawl.ts';
import { pawlHere as pawl } from '../../test/pawl-here.ts';
import { freshFolder } from '../../test/pawl-process.ts';

let server: TestPawl;
beforeAll(async () => {
  server = await startPawl();
});
afterAll(() => server.server.close());

const keys = (args: string[], key = server.key) =>
  pawl(['keys', ...args], { env: { PAWL_URL: server.url, PAWL_KEY: key } });

test('A key is made, listed, used and revoked', async () => {
  const made = await keys(['create', 'ci', '-o', 'json']);
  expect(made.code).toBe(0);
  const { id, secret, role } = JSON.parse(made.stdout) as { id: string; secret: string; role: string };
  expect(role).toBe('editor');
  const asEditor = await keys(['list'], secret);
  expect(asEditor).toMatchObject({
    code: 3,
    stderr: 'pawl: This needs an API key with the role admin; this one has the role editor.\n',
  });

  const listed = await keys(['list']);
  expect(listed.stdout).toMatch(new RegExp(`${id} +ci +editor`));
  expect(listed.stdout).not.toContain(secret);

  const revoked = await keys(['revoke', id]);
  expect(revoked).toMatchObject({ code: 0, stdout: `${id} "ci" is revoked.\n` });
  const after = await keys(['list'], secret);
  expect(after).toMatchObject({ code: 3, stdout: '' });
  expect(after.stderr).toContain('does not know the API key from PAWL_KEY');
});

test('An admin key is made on request, and its secret is on a line of its own', async () => {
  const { stdout } = await keys(['create', 'ops', '--role', 'admin']);
  const secret = /^sk-pawl-\w+$/m.exec(stdout)?.[0] ?? '';
  expect((await keys(['list', '-o', 'json'], secret)).code).toBe(0);
});

test('A key is made with a limit, which is listed and set later', async () => {
  const { stdout } = await keys(['create', 'shop', '--rate-limit', '600', '-o', 'json']);
  const { id, rate_limit_per_minute } = JSON.parse(stdout) as { id: string; rate_limit_per_minute: number };
  expect(rate_limit_per_minute).toBe(600);
  expect((await keys(['list'])).stdout).toMatch(new RegExp(`^${id} .* 600$`, 'm'));
  for (const [limit, said] of [
    ['1200', '1200'],
    ['0', 'no limit'],
    ['default', 'default'],
  ] as const) {
    const set = await keys(['update', id, '--rate-limit', limit]);
    expect(set).toMatchObject({ code: 0, stdout: `${id} "shop" has the limit: ${said}.\n` });
  }
  const tooMuch = await keys(['update', id, '--rate-limit', '1000001']);
  expect(tooMuch).toMatchObject({ code: 3, stderr: expect.stringContaining('rate_limit_per_minute: must') });
  const noNumber = await keys(['update', id, '--rate-limit', 'many']);
  expect(noNumber).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('a whole number, or "default"'),
  });
});

describe('A key that ends', () => {
  test('is made for so long, and listed with its end', async () => {
    const before = Date.now();
    const { stdout } = await keys([
      'create',
      'month',
      '--role',
      'reviewer',
      '--expires',
      '30d',
      '-o',
      'json',
    ]);
    const { id, role, expires_at } = JSON.parse(stdout) as { id: string; role: string; expires_at: string };
    expect(role).toBe('reviewer');
    const days = (Date.parse(expires_at) - before) / 86_400_000;
    expect(days).toBeGreaterThanOrEqual(30);
    expect(days).toBeLessThan(30.1);
    const listed = await keys(['list']);
    expect(listed.stdout).toMatch(/^ID .* CREATED +EXPIRES +REVOKED +A MINUTE$/m);
    expect(listed.stdout).toMatch(new RegExp(`^${id} +month +reviewer .* ${expires_at} +default$`, 'm'));
  });

  test('is made up to a time', async () => {
    const { stdout } = await keys(['create', 'fair', '--expires', '2127-01-01T00:00:00+01:00']);
    expect(stdout).toContain('is the editor key "fair". It ends at 2126-12-31T23:00:00.000000Z.');
  });

  test.each(['soon', '30', '30w', '-1d', '2027-01-01', '1000000d'])('is not made until %s', async (when) => {
    const { code, stdout, stderr } = await keys(['create', 'x', `--expires=${when}`]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('It has to be like 90d, 12h, 30m or 2027-01-31T12:00:00Z.');
  });

  test('is not made when it has ended already', async () => {
    const late = await keys(['create', 'late', '--expires', '0m']);
    expect(late).toMatchObject({ code: 3, stderr: 'pawl: expires_at: must be in the future.\n' });
  });
});

test('The help says what each role may do', async () => {
  const { stdout } = await pawl(['keys', 'create', '--help']);
  expect(stdout).toMatch(/^ {2}releaser {2}applies promotions, moves aliases and rolls back$/m);
});

test('A list of several pages comes whole', async () => {
  const post = (name: string) =>
    fetch(`${server.url}/pawl/v1/keys`, {
      method: 'POST',
      headers: { 'x-api-key': server.key, 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    });
  for (let i = 0; i < 101; i++) await post(`many-${i}`);
  const { stdout } = await keys(['list', '-o', 'json']);
  const names = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
  expect(names.filter((name) => name.startsWith('many-'))).toHaveLength(101);
});

test('A key that does not exist cannot be revoked', async () => {
  const { code, stderr } = await keys(['revoke', 'apikey_nothing']);
  expect(code).toBe(3);
  expect(stderr).toMatch(/^pawl: .*apikey_nothing.*\.\n$/);
});

describe('The server and the key', () => {
  test('come from a flag, the environment or .env, the nearest first', async () => {
    const cwd = freshFolder();
    writeFileSync(join(cwd, '.env'), `PAWL_API_KEY=${server.key}\nPAWL_URL=http://127.0.0.1:1\n`);
    const flag = await pawl(['keys', 'list', '--url', `${server.url}/`], { cwd });
    expect(flag.code).toBe(0);
    const variable = await pawl(['keys', 'list'], { cwd, env: { ANTHROPIC_BASE_URL: server.url } });
    expect(variable.stderr).toContain('http://127.0.0.1:1 ');
    const sdkNames = { ANTHROPIC_BASE_URL: server.url, ANTHROPIC_API_KEY: server.key };
    expect((await pawl(['keys', 'list'], { env: sdkNames })).code).toBe(0);
  });

  test('are asked for when they are missing', async () => {
    const { code, stderr } = await pawl(['keys', 'list'], { env: { PAWL_URL: server.url } });
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: `pawl: The server at ${server.url} asks for an API key; set PAWL_KEY.\n`,
    });
  });

  test('are reported when nobody answers, or somebody else does', async () => {
    const nobody = await pawl(['keys', 'list', '--url', 'http://127.0.0.1:1']);
    expect(nobody.code).toBe(3);
    expect(nobody.stderr).toMatch(
      /^pawl: No server answers at http:\/\/127\.0\.0\.1:1 \(.+\); start one with/,
    );
    const noUrl = await pawl(['keys', 'list', '--url', 'localhost:7295']);
    expect(noUrl).toMatchObject({ code: 3, stderr: expect.stringContaining('has to start with http') });

    const other = createServer((_request, response) => response.writeHead(502).end('<html>')).listen(
      0,
      '127.0.0.1',
    );
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const stranger = await pawl(['keys', 'list', '--url', `http://127.0.0.1:${port}`]);
    expect(stranger).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('status 502, and not as Pawl does'),
    });
    other.close();
  });
});
