import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { pawlHere as pawl } from '../../../test/pawl-here.ts';
import { type Finished, freshFolder } from '../../../test/pawl-process.ts';
import { gitRepository, onePin } from '../../../test/pins/git-repository.ts';

/*
 * The goal: whoever keeps pins in a file can set and read them without a server, and with one does not pin what is
 * not there. The method: the commands as processes, and a stand-in for any Managed Agents endpoint.
 */

/** A server that knows versions 1 and 2 of agent_1, and an alias. */
async function endpoint(): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host');
    const version = pathname.endsWith('@production') ? 2 : Number(searchParams.get('version'));
    const known = /^\/v1\/agents\/agent_1(@production)?$/.test(pathname) && version <= 2;
    const allowed = request.headers.authorization === 'Bearer key';
    const body = known ? { id: 'agent_1', name: 'triage', version, archived_at: null } : null;
    response.writeHead(allowed ? (known ? 200 : 404) : 401, { 'content-type': 'application/json' });
    const message = allowed ? `agent_1 has no version ${version}` : 'who is there?';
    response.end(
      JSON.stringify(
        allowed && body !== null ? body : { type: 'error', error: { type: 'not_found_error', message } },
      ),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const pin = (cwd: string, args: string, env: Record<string, string> = {}): Promise<Finished> =>
  pawl(['pin', ...args.split(' ')], { cwd, env });

const patience = { timeout: 60_000 };

describe('Setting a pin', patience, () => {
  test('without a server makes and changes the file, and needs the agent once', async () => {
    const cwd = freshFolder();
    const file = join(cwd, 'pawl.pins.yaml');
    const set = async (args: string): Promise<Finished> => pin(cwd, `set ${args} --offline`);
    expect(await set('triage 1')).toEqual({
      ...{ code: 3, stdout: '' },
      stderr: 'pawl: pawl.pins.yaml has no pin triage yet; --agent says which agent it is of.\n',
    });
    expect(await set('triage 1 --agent agent_1 --eval evals/a.yaml')).toEqual({
      ...{ code: 0, stdout: 'triage is pinned to version 1 of agent_1; new.\n', stderr: '' },
    });
    writeFileSync(file, `# Ours.\n${readFileSync(file, 'utf8')}`);
    expect((await set('triage 2')).stdout).toBe(
      'triage is pinned to version 2 of agent_1; it was version 1 of agent_1.\n',
    );
    expect(readFileSync(file, 'utf8')).toBe(`# Ours.\n${onePin(2, { lines: ['eval: evals/a.yaml'] })}`);
    expect((await set('triage 2')).stdout).toContain('triage stays at version 2');
    expect((await set('triage 2 --eval=')).code).toBe(0);
    expect(readFileSync(file, 'utf8')).not.toContain('eval');
  });

  test.each([
    ['triage 0', /pawl: command-argument value '0' is invalid.*a whole number from 1/],
    ['triage @', /An alias begins with a small letter/],
    ['triage @production --agent agent_1 --offline', /--offline needs the number of a version/],
    ['a/b 1 --agent agent_1 --offline', /^pawl: a\/b: a name must be text/],
    [
      'triage 1 --agent triage --offline',
      /^pawl: pawl\.pins\.yaml: pins\.triage\.agent: must be the id of an agent/,
    ],
  ])('refuses %s', async (args, complaint) => {
    const refused = await pin(freshFolder(), `set ${args}`);
    expect(refused).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(complaint) });
  });

  test('asks a server for the version, and for what an alias stands for', async () => {
    const [cwd, url] = [freshFolder(), await endpoint()];
    const set = (args: string, key = 'key') => pin(cwd, `set triage ${args} --url ${url}`, { PAWL_KEY: key });
    expect(await set('1 --agent agent_1')).toMatchObject({ code: 0, stderr: '' });
    expect(await set('3')).toEqual({ code: 3, stdout: '', stderr: 'pawl: agent_1 has no version 3.\n' });
    expect((await set('@production')).stdout).toContain('is pinned to version 2 of agent_1');
    expect((await set('1', 'wrong')).stderr).toBe(`pawl: ${url} refuses to look up agent_1: who is there?\n`);
    expect(readFileSync(join(cwd, 'pawl.pins.yaml'), 'utf8')).toBe(onePin(2));
  });

  test('goes on where no server answers, unless an alias is asked for', async () => {
    const env = { PAWL_URL: 'http://127.0.0.1:9' };
    const cwd = freshFolder();
    const set = await pin(cwd, 'set triage 7 --agent agent_1', env);
    expect(set).toMatchObject({ code: 0, stdout: expect.stringContaining('is pinned to version 7') });
    expect(set.stderr).toMatch(
      /^No server answers at .*\. Whether there is a version 7 was not looked up\.\n$/,
    );
    const alias = await pin(cwd, 'set triage @production', env);
    expect(alias).toMatchObject({ code: 3, stderr: expect.stringMatching(/^pawl: No server answers at /) });
  });
});

describe('Pins', patience, () => {
  test('are shown all, or one', async () => {
    const cwd = freshFolder();
    writeFileSync(
      join(cwd, 'p.yaml'),
      `${onePin(3, { lines: ['note: on trial'] })}  b: {agent: agent_2, version: 1}\n`,
    );
    const show = (args: string) => pin(cwd, `show ${args} --file p.yaml`);
    expect((await show('-o table')).stdout).toBe(
      'PIN     VERSION  AGENT    EVAL  NOTE\ntriage  3        agent_1        on trial\nb       1        agent_2\n',
    );
    expect(JSON.parse((await show('b -o json')).stdout)).toEqual({
      pins: { b: { agent: 'agent_2', version: 1, eval: null, note: null } },
    });
    expect((await show('c')).stderr).toBe('pawl: p.yaml has no pin c.\n');
  });

  test('are set against those of the base, by git or by a file', async () => {
    const { folder: cwd, ...repository } = gitRepository();
    const base = repository.commit({ readme: '' });
    repository.commit({ 'pawl.pins.yaml': onePin(1) });
    repository.write({
      'pawl.pins.yaml': `${onePin(2)}  b: {agent: agent_2, version: 1}\n`,
      'old.yaml': onePin(2),
    });
    const diff = async (args: string) => (await pin(cwd, `diff ${args}`)).stdout;
    expect(await diff('-o table')).toBe('triage  version 1 → 2\nb       new: version 1 of agent_2\n');
    expect(await diff('--base-file old.yaml')).toBe('b  new: version 1 of agent_2\n');
    expect(await diff('--base-file old.yaml --file old.yaml')).toBe('No pin differs from old.yaml.\n');
    expect(JSON.parse(await diff(`${base} -o json`))).toMatchObject({
      base: `${base} at ${base.slice(0, 12)}`,
      changes: [
        { kind: 'added', name: 'triage' },
        { kind: 'added', name: 'b' },
      ],
    });
  });
});
