import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAgentFile } from '../src/cli/agent-files/agent-file.ts';
import { startPawl, type TestPawl } from './pawl.ts';
import { pawlHere as pawl } from './pawl-here.ts';
import { type Finished, freshFolder } from './pawl-process.ts';

/*
 * The goal: what an agent may call is kept as a file like the rest of it. The method: the command as a process against
 * a real server, and the official SDK beside it.
 */

let server: TestPawl;
beforeAll(async () => {
  server = await startPawl();
});
afterAll(() => server.server.close());

/** A folder with one agent file, and the command in it. */
function folder() {
  const cwd = freshFolder();
  const path = join(cwd, 'agents/a.md');
  mkdirSync(join(cwd, 'agents'));
  return {
    run: (...args: string[]): Promise<Finished> =>
      pawl(args, { cwd, env: { PAWL_URL: server.url, PAWL_KEY: server.key } }),
    write: (prompt: string, more = ''): void =>
      writeFileSync(path, `---\nname: armed\nmodel: claude-sonnet-4-6\n${more}---\n\n${prompt}\n`),
    read: (): string => readFileSync(path, 'utf8'),
  };
}

const done = { code: 0, stderr: '' };

test('Tools and MCP servers go from a file to the server and back', { timeout: 60_000 }, async () => {
  const { run, write, read } = folder();
  const custom = (description: string) => `  - type: custom
    name: look_up
    description: ${description}
    input_schema:
      type: object
      properties:
        id: { type: string, description: 'Begins with C-.' } # as on the invoice
      required: [id]
`;
  const toolset = `  - { type: mcp_toolset, mcp_server_name: crm }
mcp_servers: [{ type: url, name: crm, url: https://crm.example.com/mcp }]
`;
  write('Help.', `tools:\n${custom('Looks up a customer.')}${toolset}`);
  expect(await run('apply', '--yes')).toMatchObject(done);
  const { agents } = server.client.beta;
  const [agent] = (await agents.list()).data;
  if (agent === undefined) throw new Error('Nothing was made');
  const default_config = { enabled: true, permission_policy: { type: 'always_ask' } };
  expect(agent).toMatchObject({
    tools: [
      { name: 'look_up', input_schema: { required: ['id'] } },
      { type: 'mcp_toolset', mcp_server_name: 'crm', default_config, configs: [] },
    ],
    mcp_servers: [{ type: 'url', name: 'crm', url: 'https://crm.example.com/mcp' }],
  });
  expect((await run('plan', '--exit-code')).code).toBe(0);

  write('Help.', `tools:\n${custom('Finds a customer.')}${toolset}`);
  const planned = await run('plan');
  expect(planned.stdout.match(/^ {2}[-+] .*/gm)).toEqual([
    '  -    description: Looks up a customer.',
    '  +    description: Finds a customer.',
  ]);
  expect(await run('apply', '--yes')).toMatchObject(done);
  const second = await agents.retrieve(agent.id);
  expect(second).toMatchObject({ version: 2, tools: [{ description: 'Finds a customer.' }, agent.tools[1]] });

  const edited = read();
  await agents.update(agent.id, { tools: agent.tools as never });
  expect((await run('pull')).code).toBe(0);
  expect(read()).not.toBe(edited);
  expect(parseAgentFile(read(), 'a.md').tools).toMatchObject([
    { name: 'look_up', description: 'Looks up a customer.' },
    { type: 'mcp_toolset', mcp_server_name: 'crm' },
  ]);
  expect((await run('plan', '--exit-code')).code).toBe(0);

  write('Help.');
  expect(await run('apply', '--yes')).toMatchObject(done);
  expect(await agents.retrieve(agent.id)).toMatchObject({ version: 4, tools: [], mcp_servers: [] });
});
