import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../../../test/pawl.ts';
import { pawlHere as pawl } from '../../../test/pawl-here.ts';

let server: TestPawl;
beforeAll(async () => {
  server = await startPawl({ vault_key: Buffer.alloc(32, 7).toString('base64') });
});
afterAll(() => server.server.close());

const token = 'sekrit-token';
const url = 'https://mcp.example.com/mcp';

const vault = (args: string[], env: Record<string, string> = {}) =>
  pawl(['vault', ...args], { env: { PAWL_URL: server.url, PAWL_KEY: server.key, ...env } });

/** Runs `pawl vault credential add` with this on its standard input. */
const add = (args: string[], input: string) =>
  pawl(['vault', 'credential', 'add', ...args], {
    env: { PAWL_URL: server.url, PAWL_KEY: server.key },
    input,
  });

async function newVault(name = 'ann'): Promise<string> {
  const { stdout } = await vault(['create', name, '-o', 'json']);
  return (JSON.parse(stdout) as { id: string }).id;
}

test('A vault is made, filled from standard input and from a variable, listed and archived', async () => {
  const id = await newVault();
  const added = await add([id, url, '--name', 'Linear'], `${token}\n`);
  expect(added).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^vcrd_\w+ is in vlt_/) });
  const env = { TOKEN: token };
  const other = ['credential', 'add', id, 'https://other.example.com', '--from-env', 'TOKEN', '-o', 'json'];
  const named = await vault(other, env);
  const credential = JSON.parse(named.stdout) as { id: string };
  expect(credential).toMatchObject({ vault_id: id, auth: { type: 'static_bearer' } });
  const listed = await vault(['credential', 'list', id]);
  expect(listed.stdout).toMatch(/vcrd_\w+ +static_bearer +https:\/\/mcp\.example\.com\/mcp +Linear/);
  expect(added.stdout + named.stdout + listed.stdout).not.toContain(token);
  const gone = await vault(['credential', 'archive', id, credential.id]);
  expect(gone.stdout).toBe(`${credential.id} is archived, and its secrets are gone.\n`);
  const left = await vault(['credential', 'list', id, '-o', 'json']);
  expect(JSON.parse(left.stdout)).toHaveLength(1);
  expect((await vault(['archive', id])).stdout).toBe(`${id} is archived, and the secrets in it are gone.\n`);
  expect((await vault(['list'])).stdout).not.toContain(id);
  expect((await vault(['list', '--all'])).stdout).toContain(id);
  const all = await vault(['credential', 'list', id, '--all', '-o', 'json']);
  expect(JSON.parse(all.stdout)).toHaveLength(2);
});

test('With --oauth, the tokens of a login are read as JSON', async () => {
  const id = await newVault();
  const login = { access_token: token, expires_at: '2199-01-01T00:00:00Z' };
  expect(await add([id, url, '--oauth'], JSON.stringify(login))).toMatchObject({ code: 0 });
  expect((await vault(['credential', 'list', id])).stdout).toContain('2199-01-01T00:00:00.000000Z');
});

describe('A secret that does not come is said to be missing', () => {
  test.each([
    ['Nothing came on standard input', [], ' \n'],
    ['NOT_THERE is not set', ['--from-env', 'NOT_THERE'], token],
    ['has to be a JSON object', ['--oauth'], token],
    ['has to be a JSON object', ['--oauth'], `["${token}"]`],
  ])('%s', async (sentence, args, input) => {
    const refused = await add(['vlt_1', url, ...args], input);
    expect(refused).toMatchObject({ stdout: '', stderr: expect.stringContaining(sentence) });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).not.toContain(token);
  });
});
