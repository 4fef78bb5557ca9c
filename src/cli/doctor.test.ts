import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freshFolder, pawl, startPawlProcess } from '../../test/pawl-process.ts';

type Report = {
  ok: boolean;
  configuration_problem: string | null;
  configuration: { name: string; value: unknown; source: string }[];
  database: { kind: string; place: string; schema: string | null; in_use: boolean; problem: string | null };
  models: { id: string; route: { provider: string; because: string } | null }[];
  providers: { provider: string; endpoint: string; problem: string | null }[];
};

async function doctor(
  env: Record<string, string>,
  cwd = freshFolder(),
): Promise<{ code: number | null; report: Report }> {
  const { code, stdout } = await pawl(['doctor', '-o', 'json'], { env, cwd });
  return { code, report: JSON.parse(stdout) as Report };
}

/** A model provider that gives every request the same status. */
async function provider(status: number): Promise<string> {
  const server: Server = createServer((_request, response) => response.writeHead(status).end('{}'));
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/v1`;
}

test('On a fresh machine all is well, and the offline model serves everything', async () => {
  const { code, report } = await doctor({});
  expect(code).toBe(0);
  expect(report).toMatchObject({ ok: true, configuration_problem: null, providers: [] });
  expect(report.database).toEqual({
    ...{ kind: 'SQLite', place: '.pawl/pawl.db', schema: null, in_use: false, problem: null },
  });
  const claude = report.models.find(({ id }) => id === 'claude-sonnet-4-6');
  expect(claude?.route).toMatchObject({ provider: 'offline', because: 'no provider is configured' });
});

test('Each setting is shown with its source, and no secret is', async () => {
  const cwd = freshFolder();
  writeFileSync(join(cwd, '.env'), 'PAWL_API_KEY=a-very-secret-key\n');
  writeFileSync(join(cwd, 'pawl.yaml'), 'max_turns: 7\n');
  const { code, stdout } = await pawl(['doctor'], { cwd, env: { PAWL_PORT: '8080' } });
  expect(code).toBe(0);
  expect(stdout).toMatch(/port +8080 +environment/);
  expect(stdout).toMatch(/max_turns +7 +pawl\.yaml/);
  expect(stdout).toMatch(/api_key +set +\.env/);
  expect(stdout).toMatch(/openai_api_key +not set +default/);
  expect(stdout).not.toContain('a-very-secret-key');
});

test('A database that a server is using is fine', async () => {
  const cwd = freshFolder();
  await startPawlProcess(['serve', '--port', '0'], { cwd }).printed(/listens on/);
  const { code, report } = await doctor({}, cwd);
  expect(code).toBe(0);
  expect(report.database).toMatchObject({
    in_use: true,
    schema: expect.stringMatching(/^\d{4}_/),
    problem: null,
  });
});

test('A database that cannot be reached is a problem, told without its password', async () => {
  const { code, report } = await doctor({ DATABASE_URL: 'postgres://pawl:hunter2@127.0.0.1:1/pawl' });
  expect(code).toBe(1);
  expect(report.database).toMatchObject({ kind: 'PostgreSQL', place: 'postgres://pawl@127.0.0.1:1/pawl' });
  expect(report.database.problem).toContain('ECONNREFUSED');
  expect(JSON.stringify(report)).not.toContain('hunter2');
});

test('A setting that is a URL, or has some in it, is shown without what may be secret there', async () => {
  const answering = await provider(200);
  const { report } = await doctor({
    PAWL_OPENAI_BASE_URL: answering.replace('//', '//ann:hunter2@'),
    PAWL_OTLP_ENDPOINT: 'https:ann:hunter2@traces.example/otlp',
    PAWL_SCORER_URLS: 'https://one.example/a?token=hunter2,x , https://ann:hunter2@two.example/b',
    PAWL_EVAL_ENDPOINTS: 'one=https://ann:hunter2@one.example,two=https://two.example',
    PAWL_EVAL_ENDPOINT_KEYS: 'one=hunter2,two=hunter2',
  });
  expect(JSON.stringify(report)).not.toContain('hunter2');
  const shown = new Map(report.configuration.map(({ name, value }) => [name, value]));
  expect(
    ['openai_base_url', 'otlp_endpoint', 'scorer_urls', 'eval_endpoints'].map((name) => shown.get(name)),
  ).toEqual([
    answering,
    'https:traces.example/otlp',
    'https://one.example/a , https://two.example/b',
    'one=https://one.example,two=https://two.example',
  ]);
});

test('A provider that answers is well, and so is one that lists no models', async () => {
  for (const status of [200, 404]) {
    const url = await provider(status);
    const { code, report } = await doctor({ PAWL_OPENAI_BASE_URL: url });
    expect({ code, providers: report.providers }).toMatchObject({
      code: 0,
      providers: [{ provider: 'openai', endpoint: url, problem: null }],
    });
  }
});

test('A provider that refuses the key or does not answer is a problem', async () => {
  const refusing = await doctor({
    PAWL_ANTHROPIC_BASE_URL: await provider(401),
    PAWL_ANTHROPIC_API_KEY: 'sk-of-somebody',
  });
  expect(refusing.code).toBe(1);
  expect(refusing.report.providers[0]?.problem).toBe('does not accept the API key (status 401)');
  expect(JSON.stringify(refusing.report)).not.toContain('sk-of-somebody');
  const silent = await doctor({ PAWL_OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' });
  expect(silent.code).toBe(1);
  expect(silent.report.providers[0]?.problem).toContain('does not answer');
});

test('A configuration that cannot be read, or does not fit together, is the problem', async () => {
  const unread = await doctor({ PAWL_PORT: 'many' });
  expect(unread).toMatchObject({ code: 1, report: { ok: false } });
  expect(unread.report.configuration_problem).toMatch(/^PAWL_PORT: expected/);
  const unfit = await doctor({ PAWL_MODEL_ROUTES: '*=anthropic' });
  expect(unfit.code).toBe(1);
  expect(unfit.report.configuration_problem).toContain('not configured');
});
