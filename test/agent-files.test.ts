import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parseAgentFile } from '../src/cli/agent-files/agent-file.ts';
import { firstPrompt } from '../src/cli/tutorial/prompts.ts';
import { startPawl, type TestPawl } from './pawl.ts';
import { pawlHere } from './pawl-here.ts';
import { type Finished, freshFolder, startPawlProcess } from './pawl-process.ts';

/*
 * The goal: agents are kept as files, and whatever happens between a file, the lock and the server, nothing is made
 * twice and nothing is overwritten that somebody else has written. The method: the real command, in a process of its
 * own where it is to be killed, against a real server, with the official SDK as the somebody else. Each test has its own names, since all share
 * one server.
 */

let server: TestPawl;

beforeAll(async () => {
  server = await startPawl();
});
afterAll(() => server.server.close());

type Entry = { id: string; version: number };

/** A folder with one agent file, and the command in it. */
function folderOf(name: string, url = server.url) {
  const cwd = freshFolder();
  const at = (path: string): string => join(cwd, path);
  mkdirSync(at('agents'));
  const env = { PAWL_URL: url, PAWL_KEY: server.key };
  const start = (...args: string[]) => startPawlProcess(args, { cwd, env });
  return {
    at,
    start,
    run: (...args: string[]): Promise<Finished> => pawlHere(args, { cwd, env }),
    write: (prompt: string, more = ''): void =>
      writeFileSync(
        at('agents/a.md'),
        `---\nname: ${name}\nmodel: claude-sonnet-4-6\n${more}---\n\n${prompt}\n`,
      ),
    read: (): string => readFileSync(at('agents/a.md'), 'utf8'),
    locked: (path = 'agents/a.md'): Entry => {
      const { agents } = JSON.parse(readFileSync(at('pawl.lock.json'), 'utf8')) as {
        agents: Record<string, Entry>;
      };
      const entry = agents[path];
      if (entry === undefined) throw new Error(`The lock does not have ${path}: ${Object.keys(agents)}`);
      return entry;
    },
    /** The agents of the server under this name. */
    async made() {
      const all = [];
      for await (const agent of server.client.beta.agents.list({ include_archived: true })) {
        if (agent.name === name) all.push(agent);
      }
      return all;
    },
  };
}

async function versionsOf(id: string): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { version } of server.client.beta.agents.versions.list(id)) numbers.push(version);
  return numbers;
}

const done = { code: 0, stderr: '' };

test('A file becomes an agent, an edit becomes one version, and the same again becomes nothing', async () => {
  const { run, write, locked, made } = folderOf('story');
  write('You sort tickets.\nBe brief.', 'metadata: { team: support, old: gone }\n');
  const planned = await run('plan');
  expect(planned).toMatchObject(done);
  expect(planned.stdout).toBe('agents/a.md: a new agent, story, on claude-sonnet-4-6.\n\n1 to create.\n');
  expect(await made()).toEqual([]);

  const created = await run('apply', '--yes', '-m', 'The first');
  expect(created).toMatchObject(done);
  const { id, version } = locked();
  expect(version).toBe(1);
  expect(created.stdout).toContain(`agents/a.md is ${id} now, at version 1.\n`);
  expect(await made()).toMatchObject([{ id, system: 'You sort tickets.\nBe brief.', version: 1 }]);
  expect((await run('plan', '--exit-code')).stdout).toBe(
    `agents/a.md: unchanged, ${id} at version 1.\n\n1 unchanged.\n`,
  );

  write('You sort tickets.\nBe kind.', 'metadata: { team: support }\ndescription: Sorts\n');
  const changed = await run('plan', '--exit-code');
  expect(changed).toMatchObject({ code: 1, stderr: '' });
  expect(changed.stdout).toBe(`agents/a.md: ${id} goes from version 1 to version 2.
  --- ${id} at version 1
  +++ agents/a.md
  @@ -1,10 +1,10 @@
   ---
   name: story
  +description: Sorts
   model: claude-sonnet-4-6
   metadata:
     team: support
  -  old: gone
   ---
   
   You sort tickets.
  -Be brief.
  +Be kind.

1 to update.
`);
  expect((await run('apply', '--yes')).stdout).toContain(`agents/a.md is version 2 of ${id} now.\n`);
  expect(await made()).toMatchObject([{ version: 2, metadata: { team: 'support' }, description: 'Sorts' }]);
  const again = await run('apply');
  expect(again).toMatchObject(done);
  expect(again.stdout).toContain('1 unchanged.');
  expect(await versionsOf(id)).toHaveLength(2);
  expect(locked()).toMatchObject({ id, version: 2 });
});

test('Without a terminal and without --yes, nothing is made', async () => {
  const { run, write, made, at } = folderOf('unasked');
  write('Hello.');
  expect(await run('apply')).toMatchObject({ code: 3, stderr: expect.stringContaining('--yes says yes') });
  expect(await made()).toEqual([]);
  expect(existsSync(at('pawl.lock.json'))).toBe(false);
});

describe('When somebody else has changed the agent', () => {
  async function drifted(name: string) {
    const folder = folderOf(name);
    folder.write('Ours.');
    expect(await folder.run('apply', '--yes')).toMatchObject(done);
    const { id } = folder.locked();
    await server.client.beta.agents.update(id, {
      system: 'Theirs.',
      model: { id: 'claude-sonnet-4-6', effort: 'low' },
    });
    return { ...folder, id };
  }

  test('a plan shows what they did, and apply refuses', async () => {
    const { run, id } = await drifted('drift');
    const planned = await run('plan');
    expect(planned.code).toBe(1);
    expect(planned.stdout).toMatch(
      new RegExp(
        `^agents/a.md: drift: ${id} at version 2, changed (by \\S.* )?at 20\\S+( .+)?, and the lock knows version 1\\.`,
      ),
    );
    expect(planned.stdout).toContain('  -Ours.\n  +Theirs.\n');
    expect(planned.stdout).toContain('  -  effort: high\n  +  effort: low\n');
    const refused = await run('apply', '--yes');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toBe(
      'pawl: Nothing is applied; `pawl pull FILE` takes over what the server has, and `pawl apply --force` puts the files in its place.\n',
    );
    expect(await versionsOf(id)).toHaveLength(2);
  });

  test('--force makes a version of the file', async () => {
    const { run, id, locked } = await drifted('force');
    const forced = await run('apply', '--yes', '--force');
    expect(forced).toMatchObject(done);
    expect(forced.stdout).toContain('  -Theirs.\n  +Ours.\n');
    expect(await server.client.beta.agents.retrieve(id)).toMatchObject({ version: 3, system: 'Ours.' });
    expect(locked().version).toBe(3);
  });

  test('pull makes a file of the version, and keeps what the file says besides', async () => {
    const { run, read, at, locked } = await drifted('pull');
    writeFileSync(at('agents/a.md'), read().replace('name:', '# Two teams use it.\nname:'));
    expect(await run('pull', 'agents/a.md')).toMatchObject(done);
    expect(read()).toBe(
      '---\n# Two teams use it.\nname: pull\nmodel:\n  id: claude-sonnet-4-6\n  effort: low\n---\n\nTheirs.\n',
    );
    expect(locked().version).toBe(2);
    expect((await run('plan', '--exit-code')).code).toBe(0);
  });

  test('pull does not write over an edit without --force', async () => {
    const { run, read, write } = await drifted('edit');
    write('Ours, edited.');
    const refused = await run('pull');
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toBe(
      'pawl: agents/a.md says what was never applied, and --force writes over it.\n',
    );
    expect(read()).toContain('Ours, edited.');
    expect(await run('pull', '--force')).toMatchObject(done);
    expect(read()).toContain('Theirs.');
  });

  test('the same edit here and there is no drift', async () => {
    const { run, write, id, locked } = await drifted('same');
    write('Theirs.');
    expect((await run('plan')).stdout).toContain(
      `${id} at version 2 says the same; only the lock is written.`,
    );
    expect(await run('apply', '--yes')).toMatchObject(done);
    expect(await versionsOf(id)).toHaveLength(2);
    expect(locked().version).toBe(2);
  });

  test('an archived agent takes nothing more', async () => {
    const { run, write, id } = await drifted('archived');
    await server.client.beta.agents.archive(id);
    write('New.');
    const refused = await run('apply', '--yes', '--force');
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain(`${id} is archived and takes no more versions.`);
    expect(refused.stderr).toBe('pawl: Nothing is applied.\n');
  });
});

type OnAnswer = (request: {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}) => Promise<void>;

/** A door to the server that hands on everything, and does something about an answer before it is let out. */
async function doorTo(target: string, onAnswer: OnAnswer): Promise<string> {
  const passOn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', headers } = request;
    const body = method === 'POST' ? await textOf(request) : null;
    const { host: _host, connection: _connection, 'content-length': _length, ...sent } = headers;
    const answer = await fetch(`${target}${request.url}`, {
      ...{ method, body, headers: sent as Record<string, string> },
    });
    const answered = await answer.text();
    await onAnswer({ method, headers });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answered);
  };
  const door = createServer((request, response) => void passOn(request, response));
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    door.closeAllConnections();
    door.close();
  });
  return `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
}

describe('When the command is killed before it could write the lock', () => {
  async function killedAtFirstWrite(name: string) {
    let kill = (): void => {};
    let killed = false;
    const url = await doorTo(server.url, async ({ method }) => {
      if (method !== 'POST' || killed) return;
      killed = true;
      kill();
    });
    const folder = folderOf(name, url);
    return {
      ...folder,
      async applyAndDie() {
        killed = false;
        const { child, finished } = folder.start('apply', '--yes');
        kill = () => child.kill('SIGKILL');
        expect(await finished).toMatchObject({ code: null });
      },
    };
  }

  test('an agent that was made is found again and not made twice', async () => {
    const { applyAndDie, write, run, at, made, locked } = await killedAtFirstWrite('killed');
    write('Hello.');
    await applyAndDie();
    expect(existsSync(at('pawl.lock.json'))).toBe(false);
    expect(await made()).toHaveLength(1);
    const again = await run('apply', '--yes');
    expect(again).toMatchObject(done);
    expect(again.stdout).toContain('at version 1, and the lock knows it now.\n');
    expect(await made()).toMatchObject([{ id: locked().id, version: 1 }]);
  });

  test('not even after the file was edited: then somebody has to say what it stands for', async () => {
    const { applyAndDie, write, run, made, read } = await killedAtFirstWrite('killed-edited');
    write('Hello.');
    await applyAndDie();
    write('Hello again.');
    const refused = await run('apply', '--yes');
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('has its name and says something else.\n');
    expect(refused.stdout).toContain('  -Hello.\n  +Hello again.\n');
    expect(await made()).toHaveLength(1);
    expect(await run('pull', 'agents/a.md')).toMatchObject({ code: 3 });
    expect(await run('apply', '--yes', '--force')).toMatchObject(done);
    expect(await made()).toMatchObject([{ version: 2, system: 'Hello again.' }]);
    expect(read()).toContain('Hello again.');
  });

  test('a version that was made is found again', async () => {
    const { applyAndDie, write, run, made, locked } = await killedAtFirstWrite('killed-update');
    write('Hello.');
    await applyAndDie();
    expect(await run('apply', '--yes')).toMatchObject(done);
    write('Hello again.');
    await applyAndDie();
    expect(locked().version).toBe(1);
    expect(await run('apply', '--yes')).toMatchObject(done);
    expect(locked().version).toBe(2);
    expect(await made()).toMatchObject([{ version: 2 }]);
  });
});

test('A change between plan and update is not overwritten, and the message goes along', async () => {
  const messages: (string | undefined)[] = [];
  let hurry = async (): Promise<void> => {};
  const url = await doorTo(server.url, async ({ headers, method }) => {
    if (method === 'POST') messages.push(headers['pawl-message']?.toString());
    else await hurry();
  });
  const { run, write, locked, made } = folderOf('race', url);
  write('Ours.');
  expect(await run('apply', '--yes', '--message', 'Grüße: 100 %')).toMatchObject(done);
  const { id } = locked();
  write('Ours again.');
  hurry = async () => {
    hurry = async () => {};
    await server.client.beta.agents.update(id, { system: 'Theirs.' });
  };
  const late = await run('apply', '--yes');
  expect(late.code).toBe(1);
  expect(late.stderr).toMatch(
    /^pawl: agents\/a\.md: version: agent .* Somebody was faster; look at `pawl plan` again\.\n$/,
  );
  expect(await made()).toMatchObject([{ version: 2, system: 'Theirs.' }]);
  expect(locked().version).toBe(1);
  expect(messages).toEqual([encodeURIComponent('Grüße: 100 %'), undefined]);
});

test('A file that was renamed stays the same agent, even when it was edited too', async () => {
  const { run, write, locked, at, made } = folderOf('moved');
  write('Hello.');
  expect(await run('apply', '--yes')).toMatchObject(done);
  const { id } = locked();
  renameSync(at('agents/a.md'), at('agents/b.md'));
  expect((await run('plan')).stdout).toContain(
    `agents/b.md: ${id} at version 1 says the same; only the lock is written. It was agents/a.md before.\n`,
  );
  writeFileSync(at('agents/b.md'), '---\nname: moved\nmodel: claude-sonnet-4-6\n---\nHello again.');
  expect(await run('apply', '--yes')).toMatchObject(done);
  expect(locked('agents/b.md')).toMatchObject({ id, version: 2 });
  expect(() => locked('agents/a.md')).toThrow('does not have agents/a.md: agents/b.md');
  expect(await made()).toHaveLength(1);
});

test('A file that was renamed can be pulled, and leaves no entry behind', async () => {
  const { run, write, locked, at } = folderOf('pulled');
  write('Hello.');
  expect(await run('apply', '--yes')).toMatchObject(done);
  const { id } = locked();
  renameSync(at('agents/a.md'), at('agents/b.md'));
  expect(await run('pull', 'agents/b.md')).toMatchObject(done);
  expect(locked('agents/b.md').id).toBe(id);
  expect(() => locked()).toThrow('does not have agents/a.md: agents/b.md');
});

test('The agent of a file that is gone stays as it is, and a lost lock finds its agents again', async () => {
  const { run, write, locked, at, made } = folderOf('gone');
  write('Hello.');
  writeFileSync(at('agents/b.md'), '---\nname: gone too\nmodel: claude-sonnet-4-6\n---\n');
  expect(await run('apply', '--yes')).toMatchObject(done);
  const before = locked();
  rmSync(at('agents/b.md'));
  const planned = await run('plan', '--exit-code');
  expect(planned.code).toBe(0);
  expect(planned.stdout).toContain('agents/b.md is gone; its agent stays as it is');
  rmSync(at('pawl.lock.json'));
  expect(await run('apply', '--yes')).toMatchObject(done);
  expect(locked()).toEqual(before);
  expect(await made()).toHaveLength(1);
});

test('The lock of another server makes nothing here', async () => {
  const { run, write, at, made } = folderOf('elsewhere');
  const entry = { id: 'agent_elsewhere', version: 1, file_hash: '', server_hash: '' };
  writeFileSync(at('pawl.lock.json'), JSON.stringify({ lock_version: 1, agents: { 'agents/a.md': entry } }));
  write('Hello.');
  writeFileSync(at('agents/b.md'), '---\nname: elsewhere too\nmodel: claude-sonnet-4-6\n---\n');
  const refused = await run('apply', '--yes', '--force');
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain(
    `agents/a.md: agent_elsewhere is not at ${server.url}. Name the lock of that server`,
  );
  expect(await made()).toEqual([]);
  expect(await run('apply', '--yes', '--lock', 'here.lock.json')).toMatchObject(done);
  expect(await made()).toHaveLength(1);
});

test('What a server refuses is told with the file, and what was done before is kept', async () => {
  const { run, write, at, locked } = folderOf('first');
  write('Hello.');
  const long = 'x'.repeat(257);
  writeFileSync(at('agents/b.md'), `---\nname: ${long}\nmodel: claude-sonnet-4-6\n---\n`);
  const refused = await run('apply', '--yes');
  expect(refused.code).toBe(3);
  expect(refused.stderr).toBe('pawl: agents/b.md: name: must have at most 256 characters.\n');
  expect(locked()).toMatchObject({ version: 1 });
});

test('An agent of the server becomes a file by its id', async () => {
  const { run, at } = folderOf('any');
  const agent = await server.client.beta.agents.create({
    ...{ name: 'Über: Tickets!', model: 'claude-sonnet-4-6', system: '\n---\nSort.\n', description: 'Sorts' },
    metadata: { since: '2026' },
  });
  const pulled = await run('pull', agent.id, '-o', 'json');
  expect(pulled).toMatchObject(done);
  const path = 'agents/über-tickets.md';
  expect(JSON.parse(pulled.stdout)).toEqual({
    files: [{ path, action: 'written', agent_id: agent.id, version: 1 }],
  });
  expect(readFileSync(at(path), 'utf8')).toBe(
    '---\nname: "Über: Tickets!"\ndescription: Sorts\nmodel: claude-sonnet-4-6\nmetadata:\n  since: "2026"\n---\n\n\n---\nSort.\n\n',
  );
  const planned = await run('plan', '--exit-code', '-o', 'json');
  expect(planned.code).toBe(0);
  expect(JSON.parse(planned.stdout)).toEqual({
    files: [{ path, action: 'unchanged', agent_id: agent.id, version: 1, diff: null }],
    gone: [],
  });
  expect((await run('pull', agent.id)).stdout).toBe(
    `${path} says already what ${agent.id} says at version 1.\n`,
  );
});

test('A program gets what became of each file, and the plan stays beside it', async () => {
  const { run, write, locked } = folderOf('program');
  write('Hello.');
  const { code, stdout, stderr } = await run('apply', '--yes', '-o', 'json');
  expect(code).toBe(0);
  expect(stderr).toContain('1 to create.');
  const { id } = locked();
  expect(JSON.parse(stdout)).toEqual({
    files: [{ path: 'agents/a.md', action: 'created', agent_id: id, version: 1 }],
  });
  await server.client.beta.agents.archive(id);
  const refused = await run('apply', '--yes', '-o', 'json');
  expect({ code: refused.code, result: JSON.parse(refused.stdout) }).toEqual({
    code: 1,
    result: { files: [] },
  });
});

test('Without a server, the data of the folder will do', async () => {
  const cwd = freshFolder();
  mkdirSync(join(cwd, 'agents'));
  writeFileSync(join(cwd, 'agents/a.md'), '---\nname: embedded\nmodel: claude-sonnet-4-6\n---\n');
  const run = (...args: string[]) => pawlHere(args, { cwd });
  expect((await run('apply', '--yes')).code).toBe(0);
  expect((await run('plan', '--exit-code')).code).toBe(0);
});

const root = join(import.meta.dirname, '..');
const pageText = (path: string): string => readFileSync(join(root, path), 'utf8');

test('The example is the agent of the tutorial, and can be applied', async () => {
  const path = 'examples/agents/ticket-triage.md';
  const { system, name } = parseAgentFile(pageText(path), path);
  expect(system).toBe(firstPrompt);
  const { run, at, made } = folderOf(name);
  writeFileSync(at('agents/a.md'), pageText(path));
  expect(await run('apply', '--yes')).toMatchObject(done);
  expect(await made()).toMatchObject([{ system: firstPrompt, version: 1 }]);
});

test('The agent file that the reference shows can be read', () => {
  const path = 'docs/reference/agent-files.md';
  const [, block = ''] = /^```markdown\n([\s\S]*?)^```$/m.exec(pageText(path)) ?? [];
  expect(parseAgentFile(block, path)).toMatchObject({
    name: 'ticket-triage',
    model: { id: expect.any(String) },
  });
});
