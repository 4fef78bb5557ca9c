import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { startModelServer } from '../../test/model-server.ts';
import { sdk } from '../../test/pawl.ts';
import { freshFolder, pawl, startPawlProcess } from '../../test/pawl-process.ts';

const listens = /listens on (http:\/\/127\.0\.0\.1:\d+)/;
const firstKey = /ANTHROPIC_API_KEY=(sk-pawl-\w+)/;

test('The first start shows an admin key once, and the key opens the server', async () => {
  const cwd = freshFolder();
  const first = startPawlProcess(['serve', '--port', '0'], { cwd });
  const [, secret = ''] = await first.printed(firstKey);
  const [, url = ''] = await first.printed(listens);
  expect(first.stdout()).toContain(`export ANTHROPIC_BASE_URL=${url}\n`);
  expect(first.stdout()).toContain('SQLite, .pawl/pawl.db');
  expect(first.stdout()).toMatch(/Warning: no model provider is configured.*offline/);
  await expect(sdk(url, secret).beta.agents.list()).resolves.toMatchObject({ data: [] });
  await expect(sdk(url, 'sk-pawl-wrong').beta.agents.list()).rejects.toMatchObject({ status: 401 });
  first.child.kill('SIGTERM');
  const { code, stderr } = await first.finished;
  expect(code).toBe(0);
  expect(stderr).not.toContain(secret);

  const second = startPawlProcess(['serve', '--port', '0'], { cwd });
  const [, again = ''] = await second.printed(listens);
  await expect(sdk(again, secret).beta.agents.list()).resolves.toMatchObject({ data: [] });
  second.child.kill('SIGINT');
  const finished = await second.finished;
  expect(finished.code).toBe(0);
  expect(finished.stdout).not.toMatch(firstKey);
  expect(finished.stdout).not.toContain('\u001b');
});

test('The log is JSON lines on standard error, and silent when told so', async () => {
  const server = startPawlProcess(['serve', '--port', '0']);
  await server.printed(listens);
  server.child.kill('SIGTERM');
  const { stderr } = await server.finished;
  const messages = stderr
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { message: string }).message);
  expect(messages).toEqual(['Listening', 'Stopping', 'Stopped']);

  const quiet = startPawlProcess(['serve', '--port', '0', '--log-level', 'silent']);
  await quiet.printed(listens);
  quiet.child.kill('SIGTERM');
  expect((await quiet.finished).stderr).toBe('');
});

test('A second server on the same folder says so and ends with 3', async () => {
  const cwd = freshFolder();
  await startPawlProcess(['serve', '--port', '0'], { cwd }).printed(listens);
  const { code, stdout, stderr } = await pawl(['serve', '--port', '0'], { cwd });
  expect(code).toBe(3);
  expect(stdout).toBe('');
  expect(stderr).toBe('pawl: Another pawl process is using .pawl; stop it, or use another folder.\n');
});

test('A port that is taken is named', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => blocker.once('listening', resolve));
  const { port } = blocker.address() as { port: number };
  const { code, stderr } = await pawl(['serve', '--port', String(port)]);
  expect(code).toBe(3);
  expect(stderr).toBe(
    `pawl: Port ${port} of 127.0.0.1 is taken; stop what has it, or choose another with --port.\n`,
  );
  blocker.close();
});

test.each([
  ['PAWL_MODEL_ROUTES', 'claude-*=anthropic', 'not configured'],
  ['PAWL_HOST', '203.0.113.1', 'no address of this machine'],
  ['DATABASE_URL', 'postgres://pawl:hunter2@127.0.0.1:1/pawl', 'Cannot connect to PostgreSQL'],
  ['PAWL_PORT', 'many', 'PAWL_PORT: expected a whole number'],
])('A %s that cannot work ends with 3 and one sentence', async (variable, value, hint) => {
  const { code, stderr } = await pawl(['serve'], { env: { [variable]: value } });
  expect(code).toBe(3);
  expect(stderr).toContain(hint);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).not.toContain('hunter2');
});

test('Flags win over the environment, and a preset key is not shown', async () => {
  const env = { PAWL_PORT: '1', PAWL_API_KEY: 'a-preset-key-of-ours', PAWL_MODEL_ROUTES: 'gpt-*=offline' };
  const server = startPawlProcess(['serve', '--port', '0'], { env });
  const [, url = ''] = await server.printed(listens);
  await expect(sdk(url, env.PAWL_API_KEY).beta.agents.list()).resolves.toBeDefined();
  server.child.kill('SIGTERM');
  const { stdout } = await server.finished;
  expect(stdout).not.toContain(env.PAWL_API_KEY);
  expect(stdout).toContain('the one in PAWL_API_KEY');
  expect(stdout).toContain('gpt-*: offline (route gpt-*=offline)');
  expect(stdout).toContain('any other id: nobody (no route matches)');
  expect(stdout).not.toContain('Warning');
});

test('Without keys, it says that none is asked for', async () => {
  const server = startPawlProcess(['serve', '--port', '0', '--allow-no-key']);
  const [, url = ''] = await server.printed(listens);
  await server.printed(/none is asked for/);
  expect((await fetch(`${url}/v1/agents`)).status).toBe(200);
});

test('A second signal ends a server that waits for a turn', async () => {
  const model = await startModelServer();
  const env = { PAWL_OPENAI_BASE_URL: `${model.url}/l/60000/v1`, PAWL_API_KEY: 'a-preset-key-of-ours' };
  const server = startPawlProcess(['serve', '--port', '0'], { env });
  const [, url = ''] = await server.printed(listens);
  const { beta } = sdk(url, env.PAWL_API_KEY);
  const agent = await beta.agents.create({ name: 'a', model: 'm' });
  const environment = await beta.environments.create({ name: 'e' });
  const session = await beta.sessions.create({ agent: agent.id, environment_id: environment.id });
  await beta.sessions.events.send(session.id, {
    events: [{ type: 'user.message', content: [{ type: 'text', text: 'Hello' }] }],
  });
  server.child.kill('SIGTERM');
  const stopping = new Promise((resolve) => {
    server.child.stderr?.on('data', (piece: string) => piece.includes('Stopping') && resolve(null));
  });
  await stopping;
  server.child.kill('SIGTERM');
  expect((await server.finished).code).toBe(130);
  await model.close();
});
