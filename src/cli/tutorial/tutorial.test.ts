import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { ask, type PageOf } from '../../../test/evals/eval-story.ts';
import { type ModelServer, startModelServer } from '../../../test/model-server.ts';
import { startPawl, type TestPawl } from '../../../test/pawl.ts';
import { pawlHere as pawl } from '../../../test/pawl-here.ts';
import { freshFolder, startPawlProcess } from '../../../test/pawl-process.ts';
import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { EvalRunResponse } from '../../api/eval-runs.ts';
import type { RolloutListed } from '../../api/rollouts.ts';
import type { KeyResponse, NewKeyResponse } from '../../api/wire/keys.ts';
import { follow } from './follow.ts';
import type { Step } from './step.ts';
import { tellStory } from './story.ts';
import { bundledTickets, liveTickets } from './tickets.ts';

/*
 * The goal: a newcomer can trust what the tutorial shows. The method: run it as a process, on the offline model
 * and on a fake provider that speaks real HTTP, and change one thing at a time. The whole of its text is compared with
 * the README elsewhere.
 */

type Story = { server: { url: string; embedded: boolean }; steps: Step[] };

function stepOf<K extends Step['kind']>(story: Story, kind: K): Extract<Step, { kind: K }> {
  const found = story.steps.find((step) => step.kind === kind);
  if (found === undefined) throw new Error(`The story has no step ${kind}`);
  return found as Extract<Step, { kind: K }>;
}

function comparisonsOf(story: Story): ComparisonResponse[] {
  return story.steps.flatMap((step) => ('comparison' in step ? [step.comparison] : []));
}

/** The cases that turned, by the version that turned them. */
function turned(story: Story): Record<string, string[]> {
  return Object.fromEntries(
    comparisonsOf(story).map(({ candidate, report }) => [
      `v${candidate.agent_version}`,
      report?.flips.shown.map(({ case_id }) => case_id) ?? [],
    ]),
  );
}

async function tell(args: string[], env: Record<string, string> = {}): Promise<Story> {
  const { code, stdout, stderr } = await pawl(['tutorial', '-o', 'json', ...args], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Story;
}

/** A copy of the tickets that come along, where one text of each of these tickets is another. */
function changedTickets(changes: Readonly<Record<string, readonly [from: string, to: string]>>): string {
  const lines = readFileSync(bundledTickets, 'utf8').split('\n');
  const changed = lines.map((line) => {
    const change = Object.entries(changes).find(([id]) => line.includes(`"${id}"`))?.[1];
    return change === undefined ? line : line.replace(...change);
  });
  expect(changed.filter((line, i) => line !== lines[i])).toHaveLength(Object.keys(changes).length);
  const file = join(freshFolder(), 'tickets.jsonl');
  writeFileSync(file, changed.join('\n'));
  return file;
}

/** Tells the story to a server until version 3 is approved, in this process; what was made is put away then. */
async function tellUntilApproved(shared: TestPawl, tickets: string): Promise<Story> {
  const { url, key, client } = shared;
  const access = { url, key, key_from: null };
  const { signal } = new AbortController();
  const steps: Step[] = [];
  const story = tellStory({
    ...{ client, access, is_shared: true, model: 'some-model', tickets, signal },
    ...{ concurrency: null, customers_per_second: null, onCanary: () => {} },
    follow: (subject) => follow(access, subject, { signal, screen: null }),
  });
  for await (const step of story) {
    steps.push(step);
    if (step.kind === 'approved') break;
  }
  return { server: { url, embedded: false }, steps };
}

async function sharedServer(set: Parameters<typeof startPawl>[0] = {}): Promise<TestPawl> {
  const shared = await startPawl(set);
  onTestFinished(() => shared.server.close());
  return shared;
}

async function fakeProvider(): Promise<ModelServer> {
  const model = await startModelServer();
  onTestFinished(() => model.close());
  return model;
}

/** A server that is none of ours. */
async function strange(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What of a story is not archived on a server. */
async function leftOpen(shared: TestPawl): Promise<unknown[]> {
  const { agents, sessions, environments } = shared.client.beta;
  const own = (await Promise.all([agents.list(), sessions.list(), environments.list()])).flatMap(
    ({ data }): unknown[] => data,
  );
  const rooms = await Promise.all(
    ['datasets', 'evals'].map(async (kind) => ask<PageOf<unknown>>(shared, `/${kind}`)),
  );
  const keys = await ask<PageOf<KeyResponse>>(shared, '/keys');
  const others = keys.data.filter(({ name, revoked_at }) => name !== 'preset' && revoked_at === null);
  return [...own, ...rooms.flatMap(({ data }) => data), ...others];
}

test('As JSON it is one value with what the API gave, and nothing is left open on a server for many', {
  timeout: 60_000,
}, async () => {
  const shared = await sharedServer();
  const env = { PAWL_KEY: shared.key };
  const story = await tell(['--url', shared.url, '--model', 'some-model', '--concurrency', '3'], env);
  expect(story.server).toEqual({ url: shared.url, embedded: false });
  expect(story.steps.map(({ kind }) => kind)).toEqual(
    (
      'created loaded defined scored served updated asked overridden rolled_back updated asked approved ' +
      'canary_started canary_changed canary_changed canary_changed canary_ended ' +
      'updated asked approved canary_started canary_changed canary_ended listed archived'
    ).split(' '),
  );
  const served = story.steps.flatMap((step) => ('session_version' in step ? [step.session_version] : []));
  expect(served).toEqual([1, 2, 1, 3, 3]);
  expect(stepOf(story, 'overridden').promotion.override).toMatchObject({ reason: 'The launch is tonight.' });
  expect(stepOf(story, 'listed').moves.map(({ kind }) => kind)).toEqual([
    ...['promotion', 'rollback', 'promotion', 'set'],
  ]);
  expect(stepOf(story, 'created').served_by).toMatchObject({ provider: 'offline' });
  expect(stepOf(story, 'defined').eval.definition.concurrency).toBe(3);
  expect(stepOf(story, 'scored').run).toMatchObject({ agent_version: 1, counts: { done: 20, reused: 0 } });
  expect(comparisonsOf(story).map(({ verdict }) => verdict)).toEqual(['fail', 'pass', 'pass', 'pass']);
  expect(turned(story)).toEqual({ v1: [], v2: ['t-02', 't-04'], v3: [], v4: [] });
  const [, again] = comparisonsOf(story);
  expect(again?.baseline.id).toBe(stepOf(story, 'scored').run.id);
  expect(again?.candidate.counts).toMatchObject({ done: 20, reused: 0 });

  expect(await leftOpen(shared)).toEqual([]);
  const { agent_id } = stepOf(story, 'created');
  const agent = await shared.client.beta.agents.retrieve(agent_id);
  expect(agent).toMatchObject({ version: 4, model: { id: 'some-model' } });
  const [others, customers]: Record<number, number>[] = [{}, {}];
  for await (const session of shared.client.beta.sessions.list({ agent_id, include_archived: true })) {
    const counts = 'targeting_key' in session.metadata ? customers : others;
    if (counts !== undefined) counts[session.agent.version] = (counts[session.agent.version] ?? 0) + 1;
  }
  // Version 1 ran twice. Sessions were opened to see who answers, and after each move to see what production is.
  expect(others).toEqual({ 1: 43, 2: 21, 3: 22, 4: 20 });
  expect(customers).toEqual(servedIn(story));
});

/** How many customers a version has answered, both canaries together. */
function servedIn(story: Story): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const step of story.steps) {
    if (step.kind !== 'canary_ended') continue;
    for (const { version, customers } of step.customers) counts[version] = (counts[version] ?? 0) + customers;
  }
  return counts;
}

test('Other tickets give other results, and a story that breaks off leaves nothing open and its names free', async () => {
  const shared = await sharedServer();
  const first = await tellUntilApproved(shared, fileURLToPath(bundledTickets));
  expect(turned(first)).toEqual({ v1: [], v2: ['t-02', 't-04'], v3: [] });
  expect(await leftOpen(shared)).toEqual([]);
  // The drop comes out of prompts and tickets. The narrower rule is obeyed too, by a ticket about quotas and no bill.
  const file = changedTickets({
    't-02': ['API usage', 'head count'],
    't-18': ['A lighter font would do.', 'It hides our quotas.'],
  });
  const story = await tellUntilApproved(shared, file);
  expect(turned(story)).toEqual({ v1: [], v2: ['t-04', 't-18'], v3: ['t-18'] });
  expect(stepOf(story, 'defined').eval.definition).toMatchObject({ concurrency: 16 });
  expect(await leftOpen(shared)).toEqual([]);
});

test('Tickets that the server refuses are complained about by line, and nothing of the story is left', async () => {
  const shared = await sharedServer();
  const file = changedTickets({ 't-07': ['"id":"t-07"', '"id":"t-01"'] });
  const { code, stderr } = await pawl(['tutorial', '--url', shared.url, '--tickets', file], {
    env: { PAWL_KEY: shared.key },
  });
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: `pawl: ${file} is refused:\nline 7: id: must be unique, and line 1 has "t-01" too.\n`,
  });
  expect(await leftOpen(shared)).toEqual([]);
});

test('A ticket without a field that the message needs is named', async () => {
  const file = changedTickets({ 't-07': ['"subject"', '"title"'] });
  const { code, stderr } = await pawl(['tutorial', '--tickets', file]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/^pawl: erun_\w+ is failed: .*t-07.*subject/);
});

test('A server that is not there, or does not know the key, ends it with 3', async () => {
  const { url } = await sharedServer();
  const stranger = await pawl(['tutorial', '--url', url], { env: { ANTHROPIC_API_KEY: 'sk-of-somebody' } });
  expect(stranger.code).toBe(3);
  expect(stranger.stderr).toContain('does not know the API key from ANTHROPIC_API_KEY');
  const nobody = await pawl(['tutorial', '--url', 'http://127.0.0.1:1']);
  expect(nobody.code).toBe(3);
  expect(nobody.stderr).toMatch(/^pawl: No server answers at/);
});

test('A key that may not make another is told so before anything is made', async () => {
  const shared = await sharedServer();
  const made = await ask<NewKeyResponse>(shared, '/keys', { name: 'ann', role: 'releaser' });
  const { code, stdout, stderr } = await pawl(['tutorial', '--url', shared.url], {
    env: { PAWL_KEY: made.secret },
  });
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toContain("for that it needs an admin's key");
});

test('A hosted API without evals is told from a Pawl server before anything is made there', async () => {
  const asked: string[] = [];
  const url = await strange((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const error = { type: 'not_found_error', message: 'Not found' };
    response.writeHead(404).end(JSON.stringify({ type: 'error', error }));
  });
  const { code, stdout, stderr } = await pawl(['tutorial', '--url', url]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toContain(`The server at ${url} is not Pawl`);
  expect(asked).toEqual(['GET /pawl/v1/evals?limit=1']);
});

test('A server that sends whoever asks elsewhere is not followed there with the key', async () => {
  const led: unknown[] = [];
  const elsewhere = await strange((request, response) => {
    led.push(request.headers);
    response.writeHead(404).end('{}');
  });
  const url = await strange((request, response) => {
    if (request.method === 'GET') return response.end('{"data":[]}');
    return response.writeHead(307, { location: `${elsewhere}${request.url}` }).end();
  });
  const { code, stderr } = await pawl(['tutorial', '--url', url], { env: { PAWL_KEY: 'sk-of-somebody' } });
  expect({ code, led }).toEqual({ code: 3, led: [] });
  expect(stderr).toContain(`The server at ${url} refused: status 307`);
});

test('A provider that is configured answers in place of the offline model', async () => {
  const model = await fakeProvider();
  const env = { PAWL_OPENAI_BASE_URL: `${model.url}/v1`, COOKBOOK_MODEL: 'llama-of-ours' };
  const story = await tell([], env);
  expect(stepOf(story, 'created')).toMatchObject({
    model: 'llama-of-ours',
    served_by: { provider: 'openai' },
  });
  // Nobody pays for customers that are not there: version 3 is applied at once.
  expect(model.requests).toHaveLength(80);
  expect(story.steps.at(-3)).toMatchObject({ kind: 'applied', session_version: 3 });
  expect(model.requests[0]?.body).toMatchObject({ model: 'llama-of-ours' });
});

test('A reply that cannot be read is wrong, a session that breaks is neither, and both are shown', async () => {
  const model = await fakeProvider();
  model.when((request) => JSON.stringify(request).includes('VAT number'), { text: 'Billing, I should say.' });
  model.when((request) => JSON.stringify(request).includes('Dark mode'), 400);
  const env = { ANTHROPIC_API_KEY: 'sk-of-somebody', PAWL_ANTHROPIC_BASE_URL: model.url };
  const { printed, stdout } = startPawlProcess(['tutorial'], { env });
  // All of it is shown before the story goes on.
  await printed(/1 case without a score.*\n {2}t-18: .*400/);
  expect(stdout()).toContain('answered by anthropic as claude-sonnet-4-6');
  expect(stdout()).toMatch(/t-03 +billing +"billing" +.*Billing, I should say/);
  expect(stdout()).toMatch(/dashboard +\d\/4 \(1 not scored\)/);
});

test('When the sessions break, it ends with 3 and the reason', async () => {
  const env = { PAWL_OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', PAWL_MODEL_MAX_RETRIES: '0' };
  const { code, stderr } = await pawl(['tutorial'], { env });
  expect(code).toBe(3);
  expect(stderr).toMatch(/(^|\n)pawl: erun_\w+ is failed: .* The connection to the openai provider failed/);
});

test('Ctrl-C stops it at once and leaves nothing open on the server', async () => {
  const model = await fakeProvider();
  // Each reply takes longer than this test may.
  const shared = await sharedServer({ openai_base_url: `${model.url}/l/60000/v1` });
  const running = startPawlProcess(['tutorial', '--url', shared.url], { env: { PAWL_KEY: shared.key } });
  await expect.poll(() => model.requests.length, { timeout: 10_000 }).toBe(16);
  running.child.kill('SIGINT');
  expect((await running.finished).code).toBe(130);
  expect(await leftOpen(shared)).toEqual([]);
  const runs = await ask<PageOf<EvalRunResponse>>(shared, '/eval_runs');
  expect(runs.data.map(({ status }) => status)).toEqual(['canceled']);
});

test('Ctrl-C in a canary takes it from production, and leaves nothing open on the server', {
  timeout: 60_000,
}, async () => {
  const shared = await sharedServer();
  const { child, printed, finished } = startPawlProcess(['tutorial', '--url', shared.url], {
    env: { PAWL_KEY: shared.key },
  });
  await printed(/at 5 %: .+ On to 25 %\./);
  child.kill('SIGINT');
  expect((await finished).code).toBe(130);
  expect(await leftOpen(shared)).toEqual([]);
  const rollouts = await ask<PageOf<RolloutListed>>(shared, '/rollouts');
  expect(rollouts.data).toMatchObject([{ status: 'aborted', weight: 0 }]);
});

test('The tokens that customers write about are in no labelled ticket', () => {
  const teamsWithTokens = (file: URL): string[] =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { subject: string; body: string; team: string })
      .filter(({ subject, body }) => /token/i.test(subject + body))
      .map(({ team }) => team);
  expect(teamsWithTokens(bundledTickets)).toEqual([]);
  expect(new Set(teamsWithTokens(liveTickets)).size).toBe(4);
});
