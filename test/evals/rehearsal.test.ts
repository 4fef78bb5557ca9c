import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ShadowResponse } from '../../src/api/shadows.ts';
import { startGatedModel } from '../gated-model.ts';
import { live, liveHere } from '../life.ts';
import { type McpServerOnLoopback, startMcpServer } from '../mcp-server.ts';
import { armedWith, doAsTold, mcpResultsIn, order, tell, untilTurns, upstreamOf } from '../mcp-story.ts';
import type { Said } from '../model-replies.ts';
import type { ChatRequest } from '../model-requests.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { answersIn, converse, eventually, history, type SessionEvent, say, typesOf } from '../story.ts';
import { answerTo, untilAsked } from '../tool-story.ts';
import { type Receiver, startReceiver } from '../webhook-receiver.ts';
import { ask, type ComparisonResponse, type Place, resultsOf } from './eval-story.ts';
import { openOnProduction, settled, shadow_pause_ms, shadowUntil } from './recorded-story.ts';

/*
 * The goal: a candidate answers what users said as if it had its tools, and none of them runs. The method: the agent has a
 * tool of a real MCP server, which counts its calls, and one that the user runs. Version 1 does as it is told; version 2
 * makes some of the same calls and some of its own, and then says all the results that it was given.
 */

type Candidate = { readonly client: Anthropic } & Place;

const lookUp = (id: number) => ({ name: 'look_up', input: { id } });
const status = order('status', { id: 7, of: 'shop' });
const production: readonly Said[] = [
  { text: 'Let me look. ', calls: [lookUp(1), status] },
  { calls: [order('status', { of: 'shop', id: 7 })] },
];
const candidate: readonly Said[] = [
  { text: 'One moment. ', calls: [status, lookUp(1)] },
  { calls: [status, lookUp(2), order('refund', { id: 7 })] },
  { calls: [status] },
];
const notRun = (name: string) =>
  `This is a rehearsal: ${name} was not run, and no answer to a call with this input is recorded.`;
const given = [
  ...['Order 7 was packed 1 times', 'Ann'],
  ...['Order 7 was packed 2 times', notRun('look_up'), notRun('refund')],
  'Order 7 was packed 2 times',
];

function improvise({ messages }: ChatRequest): string | Said {
  const rounds = messages.filter(({ role }) => role === 'assistant').length;
  const results = messages.flatMap((message) => message.results.map(({ text }) => text));
  return candidate[rounds] ?? JSON.stringify(results);
}

let mcp: McpServerOnLoopback;
let model: ModelServer;
let pawl: TestPawl;
let receiver: Receiver;

beforeAll(async () => {
  mcp = await startMcpServer({
    tools: [
      { name: 'status', run: ({ id }) => `Order ${id} was packed ${++packed} times` },
      { name: 'refund', run: () => 'Refunded' },
    ],
  });
  const reply = (request: ChatRequest): string | Said =>
    request.system === 'Improvise.' ? improvise(request) : doAsTold(request);
  model = await startModelServer({ reply });
  const settings = { ...upstreamOf(model), allow_private_webhooks: 'true' };
  pawl = await startPawl(settings, { shadow_pause_ms });
  receiver = await startReceiver();
  const everything = { url: receiver.url, enabled_events: ['*'] };
  await ask(pawl, '/webhooks', everything);
});

afterAll(async () => {
  await pawl.server.close();
  await model.close();
  await receiver.close();
  await mcp.close();
});

/** An agent whose two versions have the tools, with `production` on the first. */
async function makeArmed({ client, ...place }: Candidate) {
  const environment = await client.beta.environments.create({ name: 'env' });
  const armed = armedWith({ orders: { at: mcp, may: 'always_allow' } }, ['look_up']);
  const agent = await client.beta.agents.create({ name: 'armed', model: 'claude-test', ...armed });
  await client.beta.agents.update(agent.id, { system: 'Improvise.' });
  await ask(place, `/agents/${agent.id}/aliases/production`, { version: 1, from: null });
  return { agent, environment_id: environment.id };
}

/** What a user says to the agent in production, and what comes of it: two calls of the MCP tool and one of the user's. */
async function talkWithTools(client: Anthropic, id: string): Promise<SessionEvent[]> {
  await client.beta.sessions.events.send(id, { events: [tell(...production)] });
  const [asked = ''] = await untilAsked(client, id);
  await client.beta.sessions.events.send(id, { events: [answerTo(asked, 'Ann')] });
  return untilTurns(client, id);
}

/** The newest session with this metadata. */
async function sessionWith({ client }: Pick<Candidate, 'client'>, key: string, value: string) {
  for await (const session of client.beta.sessions.list({ limit: 100, include_archived: true })) {
    if (session.metadata[key] === value) return session;
  }
  throw new Error(`No session has ${key} ${value}`);
}

const resultsGiven = (events: readonly SessionEvent[]): unknown =>
  JSON.parse(answersIn(events).findLast((text) => text.startsWith('[')) ?? 'null');

/** What is scored: that the reply is what the agent said last, without what it said before its calls. */
const scoring = { scorers: [{ type: 'regex', name: 'last', pattern: '^(\\[.*\\]|Done\\.)$' }] };

let packed = 0;
let before = 0;
beforeEach(() => {
  packed = 0;
  before = mcp.calls.length;
  receiver.received.length = 0;
});
const callsNow = (): string[] => mcp.calls.slice(before).map(({ name }) => name);

test('In a shadow the candidate is given what was recorded, no tool runs, and nobody is told of the copy', async () => {
  const setting = await makeArmed(pawl);
  const shadow = await ask<ShadowResponse>(pawl, '/shadows', {
    ...{ agent_id: setting.agent.id, alias: 'production', candidate_version: 2, sample: 1, max_sessions: 1 },
  });
  const id = await openOnProduction(pawl.client, setting);
  await talkWithTools(pawl.client, id);
  const done = await shadowUntil(pawl, shadow.id, ({ status: now }) => now !== 'running');
  expect(done).toMatchObject({
    sessions: { copied: 1, skipped: 0, failed: 0 },
    production: { turns: 1, failed_turns: 0 },
    candidate: { turns: 1, failed_turns: 0 },
  });
  const copy = await sessionWith(pawl, 'pawl_shadow_of', id);
  const events = await history(pawl.client, copy.id);
  expect(resultsGiven(events)).toEqual(given);
  expect(mcpResultsIn(events).map((result) => result?.is_error)).toEqual([false, false, true, false]);
  expect(typesOf(events).filter((type) => type === 'session.status_idle')).toHaveLength(1);
  expect(copy.vault_ids).toEqual([]);
  expect(callsNow()).toEqual(['status', 'status']);

  const found = await settled(pawl, await ask(pawl, `/shadows/${shadow.id}/comparison`, { scoring }));
  expect(found).toMatchObject({ origin: { taken: 1, left_out: {} }, status: 'completed' });
  const [candidates, productions] = await Promise.all(
    [found.candidate.id, found.baseline.id].map((run) => resultsOf(pawl, run)),
  );
  expect(candidates?.[0]?.scores['last']?.value).toBe(1);
  expect(productions?.[0]?.scores['last']?.value).toBe(1);
  expect(candidates?.[0]?.outcome?.tool_calls.map(({ name }) => name)).toEqual([
    ...['status', 'look_up', 'status', 'look_up', 'refund', 'status'],
  ]);
  await eventually('the webhook', () => receiver.received.some(({ body }) => body.includes(id)));
  // What is told of the agent behind it is told later, so that nothing of the copy is still to come.
  await pawl.client.beta.agents.archive(setting.agent.id);
  await eventually('the last event', () =>
    receiver.received.some(({ body }) => body.includes('agent.archived')),
  );
  expect(receiver.received.filter(({ body }) => body.includes(copy.id))).toEqual([]);
});

test('In a backtest it is the same, and an answer that was asked for without a recording is not taken for one', async () => {
  const setting = await makeArmed(pawl);
  const id = await openOnProduction(pawl.client, setting);
  await talkWithTools(pawl.client, id);
  const backtest = { agent_id: setting.agent.id, candidate_version: 2, scoring };
  const found = await settled(pawl, await ask<ComparisonResponse>(pawl, '/backtests', backtest));
  expect(found).toMatchObject({ status: 'completed', origin: { taken: 1, left_out: {} } });
  const [result] = await resultsOf(pawl, found.candidate.id);
  expect(JSON.parse(result?.outcome?.reply ?? '')).toHaveLength(given.length);
  const copy = await sessionWith(pawl, 'pawl_copy_of', id);
  expect(copy.metadata['pawl_eval_run']).toBe(found.candidate.id);
  expect(callsNow()).toEqual(['status', 'status']);
});

test('A copy of a session that is gone runs no tool either', async () => {
  const { agent, environment_id } = await makeArmed(pawl);
  const { client } = pawl;
  const metadata = { pawl_copy_of: 'sesn_gone' };
  const copy = await client.beta.sessions.create({ agent: agent.id, environment_id, metadata });
  // The mark is of the beginning: to take it away later changes nothing.
  await client.beta.sessions.update(copy.id, { metadata: { pawl_copy_of: '' } });
  const events = await converse(client, copy.id, 'Hello');
  expect(resultsGiven(events)).toEqual([
    ...[notRun('status'), notRun('look_up'), notRun('status'), notRun('look_up'), notRun('refund')],
    notRun('status'),
  ]);
  expect(callsNow()).toEqual([]);
});

test('A kill in the middle of a rehearsed turn asks nothing twice, and goes on with the next answer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-rehearsal-'));
  const gated = await startGatedModel();
  const settings = { data_dir: folder, anthropic_base_url: gated.url, allow_private_mcp: 'true' };
  const first = await live(settings);
  const setting = await makeArmed(first);
  const shadow = await ask<ShadowResponse>(first, '/shadows', {
    ...{ agent_id: setting.agent.id, alias: 'production', candidate_version: 2, sample: 1 },
  });
  const id = await openOnProduction(first.client, setting);
  await first.client.beta.sessions.events.send(id, { events: [say('Where is it?')] });
  for (let round = 0; round < 2; round++) (await gated.next()).answer({ calls: [status] });
  (await gated.next()).answer('There.');
  expect(callsNow()).toEqual(['status', 'status']);

  (await gated.next()).answer({ calls: [status] });
  const [recorded, another] = mcpResultsIn(await history(first.client, id)).map((result) => result?.text);
  const resultsIn = (request: ChatRequest): string[] =>
    request.messages.flatMap(({ results }) => results.map(({ text }) => text));
  const cut = await gated.next();
  expect(resultsIn(cut)).toEqual([recorded]);
  cut.begin('A reply that is cut short');
  await first.kill();

  const second = await liveHere(settings);
  const again = await gated.next();
  expect(resultsIn(again)).toEqual([recorded]);
  again.answer({ calls: [status] });
  const last = await gated.next();
  expect(resultsIn(last)).toEqual([recorded, another]);
  last.answer('Here.');
  const { sessions } = await shadowUntil(second, shadow.id, ({ candidate: { turns } }) => turns === 1);
  expect(sessions).toMatchObject({ copied: 1, skipped: 0, failed: 0 });
  expect(callsNow()).toEqual(['status', 'status']);
  await second.kill();
  await gated.close();
  rmSync(folder, { recursive: true });
});
