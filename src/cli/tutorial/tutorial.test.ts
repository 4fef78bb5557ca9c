import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../../test/model-server.ts';
import { startPawl } from '../../../test/pawl.ts';
import { freshFolder, pawl, startPawlProcess } from '../../../test/pawl-process.ts';
import type { Step } from './story.ts';
import { bundledTickets } from './tickets.ts';

/*
 * The goal: a newcomer can trust what the tutorial shows. The method: run it as a process, on the offline model
 * and on a fake provider that speaks real HTTP, and change one thing at a time.
 */

type Story = { server: { url: string; embedded: boolean }; steps: Step[] };

function stepOf<K extends Step['kind']>(story: Story, kind: K): Extract<Step, { kind: K }> {
  const found = story.steps.find((step) => step.kind === kind);
  if (found === undefined) throw new Error(`The story has no step ${kind}`);
  return found as Extract<Step, { kind: K }>;
}

async function tell(args: string[], env: Record<string, string> = {}): Promise<Story> {
  const { code, stdout, stderr } = await pawl(['tutorial', '-o', 'json', ...args], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Story;
}

/** A copy of the tickets that come along, with one word of one ticket changed. */
function changedTickets(id: string, from: string, to: string): string {
  const lines = readFileSync(bundledTickets, 'utf8').split('\n');
  const changed = lines.map((line) => (line.includes(`"${id}"`) ? line.replace(from, to) : line));
  expect(changed).not.toEqual(lines);
  const file = join(freshFolder(), 'tickets.jsonl');
  writeFileSync(file, changed.join('\n'));
  return file;
}

async function fakeProvider(): Promise<ModelServer> {
  const model = await startModelServer();
  onTestFinished(() => model.close());
  return model;
}

const comparison = `api-platform
  v1: 5/5
  v2: 5/5
auth
  v1: 5/5
  v2: 5/5
billing
  v1: 4/5
  v2: 2/5  <-- regressed
dashboard
  v1: 5/5
  v2: 5/5
`;

test('The story shows the regression and the way back, and says who answered', async () => {
  const { code, stdout, stderr } = await pawl(['tutorial']);
  expect(code).toBe(0);
  expect(stdout).toContain('answered by the embedded offline model (no provider is configured)');
  expect(stdout).toMatch(/env=env_\w+ {2}agent=agent_\w+ v1/);
  expect(stdout).toContain('20 tickets across 4 teams: api-platform, auth, billing, dashboard');
  expect(stdout).toContain('v1 results:\n  api-platform   5/5\n');
  expect(stdout).toContain('now at v2. Version 1 is still there, unchanged.');
  expect(stdout).toContain(comparison);
  expect(stdout).toMatch(/t-02 +Bill tripled .* billing +billing +api-platform/);
  expect(stdout).toContain('billing tickets via version=1: 4/5 correct');
  expect(stdout).toMatch(/\nv2 .*\nv1 /);
  expect(stdout).toContain('archived the agent, the environment and 46 sessions\n');
  expect(stdout + stderr).not.toContain('\u001b');
  expect(stderr).toMatch(/^(Scoring version [12]: \d+\/\d+\n)+$/);
});

test('As JSON it is one value, and nothing else is printed', async () => {
  const story = await tell([]);
  expect(story.server.embedded).toBe(true);
  expect(story.steps.map(({ kind }) => kind)).toEqual(
    'created loaded scored updated scored compared rolled_back listed archived'.split(' '),
  );
  expect(stepOf(story, 'created').served_by).toMatchObject({ provider: 'offline' });
  expect(stepOf(story, 'compared').flips.map(({ ticket }) => ticket.id)).toEqual(['t-02', 't-04']);
});

test('Another ticket gives another result: the drop comes out of prompts and tickets', async () => {
  const file = changedTickets('t-02', 'API usage', 'head count');
  const story = await tell(['--tickets', file]);
  expect(stepOf(story, 'compared').flips.map(({ ticket }) => ticket.id)).toEqual(['t-04']);
});

test('A broken tickets file is complained about by line, and nothing is started', async () => {
  const file = changedTickets('t-07', '"team":"auth"', '"team":"sales"');
  const { code, stdout, stderr } = await pawl(['tutorial', '--tickets', file]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toBe(
    `pawl: ${file}, line 7: team has to be one of billing, auth, api-platform, dashboard.\n`,
  );
});

test('A running server can be told the story, which leaves nothing open there', async () => {
  const { url, key, client, server } = await startPawl();
  onTestFinished(() => server.close());
  const story = await tell(['--url', url, '--model', 'some-model', '--concurrency', '3'], { PAWL_KEY: key });
  expect(story.server).toEqual({ url, embedded: false });
  const { agent_id, environment_id } = stepOf(story, 'created');
  const agent = await client.beta.agents.retrieve(agent_id);
  expect(agent).toMatchObject({ version: 2, model: { id: 'some-model' }, archived_at: expect.any(String) });
  expect(await client.beta.environments.retrieve(environment_id)).toMatchObject({
    archived_at: expect.any(String),
  });
  expect((await client.beta.sessions.list()).data).toEqual([]);
  const sessions = [];
  for await (const session of client.beta.sessions.list({ include_archived: true })) sessions.push(session);
  expect(sessions).toHaveLength(46);
  expect(sessions.filter((session) => session.agent.version === 2)).toHaveLength(20);
});

test('A server that is not there, or does not know the key, ends it with 3', async () => {
  const { url, server } = await startPawl();
  onTestFinished(() => server.close());
  const stranger = await pawl(['tutorial', '--url', url], { env: { ANTHROPIC_API_KEY: 'sk-of-somebody' } });
  expect(stranger.code).toBe(3);
  expect(stranger.stderr).toContain('does not know the API key from ANTHROPIC_API_KEY');
  const nobody = await pawl(['tutorial', '--url', 'http://127.0.0.1:1']);
  expect(nobody.code).toBe(3);
  expect(nobody.stderr).toMatch(/^pawl: No server answers at/);
});

test('A provider that is configured answers in place of the offline model', async () => {
  const model = await fakeProvider();
  const env = { PAWL_OPENAI_BASE_URL: `${model.url}/v1`, COOKBOOK_MODEL: 'llama-of-ours' };
  const story = await tell([], env);
  expect(stepOf(story, 'created')).toMatchObject({
    model: 'llama-of-ours',
    served_by: { provider: 'openai' },
  });
  expect(model.requests).toHaveLength(45);
  expect(model.requests[0]?.body).toMatchObject({ model: 'llama-of-ours' });
});

test('What cannot be scored is shown and counts for nobody', async () => {
  const model = await fakeProvider();
  model.when((request) => JSON.stringify(request).includes('VAT number'), { text: 'Billing, I should say.' });
  const env = { ANTHROPIC_API_KEY: 'sk-of-somebody', PAWL_ANTHROPIC_BASE_URL: model.url };
  const { code, stdout } = await pawl(['tutorial'], { env });
  expect(code).toBe(0);
  expect(stdout).toContain('answered by anthropic as claude-sonnet-4-6');
  expect(stdout).toContain('  t-03: the reply is not JSON: "Billing, I should say."');
  expect(stdout).toMatch(/billing +\d\/4 \(1 not scored\)/);
});

test('When nothing can be scored, it ends with 3 and the first reason', async () => {
  const env = { PAWL_OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', PAWL_MODEL_MAX_RETRIES: '0' };
  const { code, stderr } = await pawl(['tutorial'], { env });
  expect(code).toBe(3);
  expect(stderr).toContain(
    'pawl: No ticket could be scored. The first one: The connection to the openai provider failed',
  );
});

test('Ctrl-C stops it at once and leaves nothing open on the server', async () => {
  const model = await fakeProvider();
  const { url, key, client, server } = await startPawl({ openai_base_url: `${model.url}/l/20000/v1` });
  onTestFinished(() => server.close());
  const running = startPawlProcess(['tutorial', '--url', url], { env: { PAWL_KEY: key } });
  await expect.poll(() => model.requests.length, { timeout: 10_000 }).toBe(20);
  const before = Date.now();
  running.child.kill('SIGINT');
  expect((await running.finished).code).toBe(130);
  expect(Date.now() - before).toBeLessThan(5000);
  expect((await client.beta.sessions.list()).data).toEqual([]);
  expect((await client.beta.agents.list()).data).toEqual([]);
});
