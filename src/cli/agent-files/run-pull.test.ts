import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../../../test/pawl.ts';
import { pawlHere as pawl } from '../../../test/pawl-here.ts';
import { type Finished, freshFolder } from '../../../test/pawl-process.ts';
import { readLock, writeLock } from './lock.ts';

/*
 * The goal: what is pulled takes nobody else's file. The method: the command as a process against a real server, with
 * agents whose names make the same path, or are the same.
 */

let own: TestPawl;
beforeAll(async () => {
  own = await startPawl();
});
afterAll(() => own.server.close());

async function make(name: string, system: string): Promise<string> {
  return (await own.client.beta.agents.create({ name, model: 'claude-sonnet-4-6', system })).id;
}

/** An empty folder and the command in it. */
function folder() {
  const cwd = freshFolder();
  return {
    at: (path: string): string => join(cwd, path),
    run: (...args: string[]): Promise<Finished> =>
      pawl(args, { cwd, env: { PAWL_URL: own.url, PAWL_KEY: own.key } }),
    owners: () =>
      Object.fromEntries([...readLock(join(cwd, 'pawl.lock.json'))].map(([at, { id }]) => [at, id])),
  };
}

const patience = { timeout: 60_000 };
const path = 'agents/slug-clash.md';

test(
  'A file that is another agent’s is never written over, and another one can be named',
  patience,
  async () => {
    const { run, at, owners } = folder();
    const [one, other] = [await make('Slug Clash', 'One.'), await make('slug-clash', 'Other.')];
    expect((await run('pull', one)).code).toBe(0);
    for (const flags of [[], ['--force'], ['--as', path, '--force']]) {
      expect(await run('pull', other, ...flags)).toEqual({
        ...{ code: 3, stdout: '' },
        stderr: `pawl: ${path} is the file of ${one}; \`pawl pull ${other} --as FILE\` writes ${other} into another one.\n`,
      });
    }
    expect(readFileSync(at(path), 'utf8')).toContain('One.');
    expect(owners()).toEqual({ [path]: one });
    expect((await run('pull', other, '--as', 'agents/other.md')).code).toBe(0);
    expect(readFileSync(at('agents/other.md'), 'utf8')).toContain('Other.');
    expect(owners()).toEqual({ [path]: one, 'agents/other.md': other });
    expect((await run('plan', '--exit-code')).code).toBe(0);
  },
);

test(
  'A lock that somebody has made name a file outside of its folder moves no command',
  patience,
  async () => {
    const { run, at } = folder();
    const id = await make('outside', 'One.');
    writeLock(
      at('below/pawl.lock.json'),
      new Map([['../outside.md', { id, version: 1, file_hash: '', server_hash: '' }]]),
    );
    writeFileSync(at('a.md'), '---\nname: inside\nmodel: claude-sonnet-4-6\n---\n');
    for (const args of [['pull'], ['pull', id, '--force'], ['plan', 'a.md'], ['apply', 'a.md', '--yes']]) {
      expect(await run(...args, '--lock', 'below/pawl.lock.json')).toEqual({
        ...{ code: 3, stdout: '' },
        stderr: expect.stringContaining(
          'agents > ../outside.md: must be the path of a file in the folder of the lock',
        ),
      });
    }
    expect(existsSync(at('outside.md'))).toBe(false);
  },
);

test('Another file can be named only for one agent that has none', patience, async () => {
  const { run, at } = folder();
  const id = await make('one file', 'One.');
  expect((await run('pull', id, '--as', 'a.md')).code).toBe(0);
  const complaint = async (...targets: string[]): Promise<string> =>
    (await run('pull', ...targets, '--as', 'b.md')).stderr;
  expect(await complaint(id)).toContain(`${id} is in a.md; rename that file`);
  expect(await complaint('a.md')).toContain('a.md is a file already');
  expect(await complaint()).toContain('--as is about one agent');
  expect(await complaint(id, id)).toContain('--as is about one agent');
  expect(existsSync(at('b.md'))).toBe(false);
});

test('A file whose name several agents have is pulled by the id of one', patience, async () => {
  const { run, at } = folder();
  const ids = [await make('namesake', 'One.'), await make('namesake', 'Other.')];
  writeFileSync(at('a.md'), '---\nname: namesake\nmodel: claude-sonnet-4-6\n---\n');
  const refused = await run('pull', 'a.md');
  expect(refused).toMatchObject({ code: 3, stdout: '' });
  for (const id of ids) expect(refused.stderr).toContain(id);
});
