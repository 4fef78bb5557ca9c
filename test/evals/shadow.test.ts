import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ShadowListed, ShadowResponse } from '../../src/api/shadows.ts';
import { takes } from '../../src/eval/shadow/takes.ts';
import { type HeldRequest, startGatedModel } from '../gated-model.ts';
import { type Life, live, liveHere } from '../life.ts';
import type { ChatRequest } from '../model-requests.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { answersIn, eventually, history, type Setting, say } from '../story.ts';
import { all, ask, type ComparisonResponse, putDataset, putEval, refusal } from './eval-story.ts';
import {
  enough,
  makeTeams,
  namesTeam,
  openOnProduction,
  settled,
  shadow_pause_ms,
  shadowUntil,
  talk,
  talkOfMany,
  teamModel,
} from './recorded-story.ts';

/*
 * The goal: a candidate answers what users say, users see nothing of it, and the two can be compared. The method: users
 * talk through the official SDK while a shadow runs; what their sessions hold is compared byte by byte.
 */

let model: ModelServer;
let pawl: TestPawl;

beforeAll(async () => {
  model = await startModelServer({ reply: teamModel });
  pawl = await startPawl(
    { anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' },
    { shadow_pause_ms },
  );
});

afterAll(async () => {
  await pawl.server.close();
  await model.close();
});

const start = (setting: Setting, fields: Readonly<Record<string, unknown>> = {}): Promise<ShadowResponse> =>
  ask(pawl, '/shadows', {
    ...{ agent_id: setting.agent.id, alias: 'production', candidate_version: 2, sample: 1 },
    ...fields,
  });

const historyText = async (id: string): Promise<string> => {
  const response = await fetch(`${pawl.url}/v1/sessions/${id}/events?limit=1000`, {
    headers: { 'x-api-key': pawl.key },
  });
  return response.text();
};

/** The sessions of a shadow, by the session that each is a copy of. */
async function copiesOf({ id, agent_id }: ShadowResponse): Promise<Map<string, string>> {
  const copies = new Map<string, string>();
  for await (const session of pawl.client.beta.sessions.list({
    agent_id,
    limit: 100,
    include_archived: true,
  })) {
    if (session.metadata['pawl_shadow'] === id)
      copies.set(session.metadata['pawl_shadow_of'] ?? '', session.id);
  }
  return copies;
}

test('A candidate answers what users say, users see nothing of it, and the gate finds what it does worse', async () => {
  const setting = await makeTeams(pawl);
  await talkOfMany(pawl.client, setting, 2);
  const shadow = await start(setting, { max_sessions: enough });
  expect(shadow).toMatchObject({
    status: 'running',
    baseline_version: 1,
    candidate_version: 2,
    eval_id: null,
  });
  const [first = '', ...others] = await talkOfMany(pawl.client, setting, enough);
  const before = await Promise.all([first, ...others].map(historyText));
  const done = await shadowUntil(pawl, shadow.id, ({ status }) => status !== 'running');
  expect(done).toMatchObject({
    ...{ status: 'completed', ended_reason: `${enough} sessions were copied, as many as it was to be` },
    sessions: { sampled: enough, copied: enough, waiting: 0, skipped: 0, failed: 0, reasons: {} },
    production: { turns: enough, failed_turns: 0, refused_turns: 0 },
    candidate: { turns: enough, failed_turns: 0, refused_turns: 0 },
  });
  expect(done.candidate.mean_latency_ms).toBeGreaterThan(0);
  expect(done.candidate.mean_output_tokens).toBeGreaterThan(0);
  expect(await Promise.all([first, ...others].map(historyText))).toEqual(before);
  const copies = await copiesOf(shadow);
  expect([...copies.keys()].toSorted()).toEqual([first, ...others].toSorted());
  const copy = await eventually('the copy archived', async () => {
    const found = await pawl.client.beta.sessions.retrieve(copies.get(first) ?? '');
    return found.archived_at === null ? null : found;
  });
  expect(copy.agent.version).toBe(2);
  expect(answersIn(await history(pawl.client, copy.id))).toEqual(['Hm.']);

  const requests = model.requests.length;
  const compared = await ask<ComparisonResponse>(pawl, `/shadows/${shadow.id}/comparison`, {
    scoring: namesTeam,
  });
  const found = await settled(pawl, compared);
  expect(found).toMatchObject({ status: 'completed', verdict: 'fail' });
  expect(found.baseline).toMatchObject({ recorded: 'production', agent_version: 1 });
  expect(found.candidate).toMatchObject({ recorded: 'shadow', agent_version: 2 });
  expect(found.origin).toMatchObject({ type: 'shadow', shadow_id: shadow.id, taken: enough, left_out: {} });
  expect(model.requests.length).toBe(requests);
});

test('A candidate that fails where users were answered does not pass', async () => {
  const setting = await makeTeams(pawl);
  // It fails for half of the users, and never says why.
  let isOver = false;
  const isAway = ({ system, messages }: ChatRequest) =>
    !isOver && system === 'Name the team!' && messages.at(-1)?.text.endsWith('billing') === true;
  model.when(isAway, 400);
  const shadow = await start(setting, { candidate_version: 3, max_sessions: 12 });
  await talkOfMany(pawl.client, setting, 12);
  const done = await shadowUntil(pawl, shadow.id, ({ status }) => status !== 'running');
  isOver = true;
  expect(done.candidate).toMatchObject({ turns: 12, failed_turns: 6 });
  const scoring = { ...namesTeam, gate: { max_lost_cases: 0 } };
  const found = await settled(pawl, await ask(pawl, `/shadows/${shadow.id}/comparison`, { scoring }));
  expect(found).toMatchObject({ status: 'failed', origin: { taken: 12 } });
  expect(found.verdict).not.toBe('pass');
});

test('Every turn of a session is copied in its order, and compared by the eval that the shadow names', async () => {
  const setting = await makeTeams(pawl);
  await putDataset(pawl, 'unused', [{ id: 'a', input: 'x' }]);
  const named = { name: 'turns', agent: setting.agent.id, dataset: 'unused', ...namesTeam };
  await putEval(pawl, named);
  const shadow = await start(setting, { candidate_version: 3, eval: 'turns' });
  const id = await openOnProduction(pawl.client, setting, { targeting_key: 'u-1' });
  await talk(pawl.client, id, 'one for billing', 'two for support');
  await shadowUntil(pawl, shadow.id, ({ candidate }) => candidate.turns === 2);
  await talk(pawl.client, id, 'three for shipping');
  const now = await shadowUntil(pawl, shadow.id, ({ candidate }) => candidate.turns === 3);
  expect(now.sessions).toMatchObject({ sampled: 1, copied: 1 });
  const copy = (await copiesOf(shadow)).get(id) ?? '';
  expect(answersIn(await history(pawl.client, copy))).toEqual(
    ['billing', 'support', 'shipping'].map((team) => JSON.stringify({ team })),
  );
  const found = await settled(
    pawl,
    await ask<ComparisonResponse>(pawl, `/shadows/${shadow.id}/comparison`, {}),
  );
  expect(found).toMatchObject({ status: 'completed', verdict: 'inconclusive', origin: { taken: 3 } });
  const stopped = await ask<ShadowResponse>(pawl, `/shadows/${shadow.id}/stop`, {});
  expect(stopped).toMatchObject({ status: 'stopped', ended_reason: 'preset stopped it' });
  expect(await ask(pawl, `/shadows/${shadow.id}/stop`, {})).toEqual(stopped);
  const listed = await all<ShadowListed>(pawl, `/shadows?agent_id=${setting.agent.id}&status=stopped`);
  expect(listed.map((one) => one.id)).toEqual([shadow.id]);
  const audit = await all<{ action: string; subject: { id: string } }>(pawl, '/audit');
  const ofShadow = audit.filter(({ subject }) => subject.id === shadow.id).map(({ action }) => action);
  expect(ofShadow).toEqual(['shadow.stopped', 'shadow.started']);
});

test('Sessions that are pinned, overridden, not sampled or of another version are not copied', async () => {
  const setting = await makeTeams(pawl);
  const { agent, environment_id } = setting;
  const { client } = pawl;
  const shadow = await start(setting, { sample: 0.5 });
  const { id: pinned } = await client.beta.sessions.create({
    agent: { type: 'agent', id: agent.id, version: 1 },
    environment_id,
  });
  const { id: overridden } = await client.beta.sessions.create({
    agent: { type: 'agent_with_overrides', id: `${agent.id}@production`, system: 'Be kind.' },
    environment_id,
  });
  for (const id of [pinned, overridden]) await talk(client, id, 'ticket for billing');
  const ids = await talkOfMany(client, setting, 10);
  const sampled = ids.filter((id) => takes(shadow, id));
  await shadowUntil(pawl, shadow.id, ({ sessions }) => sessions.copied === sampled.length);
  // The alias moves on, and with it the shadow comes to its end.
  await ask(pawl, `/agents/${agent.id}/aliases/production/policy`, { protected: false });
  await ask(pawl, `/agents/${agent.id}/aliases/production`, { version: 3, from: 1 });
  const over = await shadowUntil(pawl, shadow.id, ({ status }) => status === 'stopped');
  expect(over.ended_reason).toBe('the alias production stands for version 3 now, not for version 1');
  expect([...(await copiesOf(shadow)).keys()].toSorted()).toEqual(sampled.toSorted());
});

test('The part of the sessions that a shadow takes is fixed, and as large as it is to be', () => {
  const ids = Array.from({ length: 5000 }, (_, i) => `sesn_${i}`);
  const shadow = { id: 'shdw_1', sample: 0.1 };
  const taken = ids.filter((id) => takes(shadow, id));
  expect(taken.length).toBeGreaterThan(400);
  expect(taken.length).toBeLessThan(600);
  expect(ids.filter((id) => takes(shadow, id))).toEqual(taken);
  expect(ids.filter((id) => takes({ ...shadow, sample: 0.2 }, id))).toEqual(expect.arrayContaining(taken));
  expect(ids.every((id) => takes({ ...shadow, sample: 1 }, id))).toBe(true);
});

test('A kill in the middle of an answer asks the candidate nothing twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-shadow-'));
  const gated = await startGatedModel();
  const settings = { data_dir: folder, anthropic_base_url: gated.url };
  const first = await live(settings);
  const setting = await makeTeams(first);
  const shadow = await ask<ShadowResponse>(first, '/shadows', {
    ...{ agent_id: setting.agent.id, alias: 'production', candidate_version: 2, sample: 1 },
  });
  const id = await openOnProduction(first.client, setting);
  const saidByUser = ({ messages }: HeldRequest): string[] =>
    messages.filter(({ role }) => role === 'user').map(({ text }) => text);
  /** The user says something and is answered; then the candidate is asked. */
  const exchange = async ({ client }: Life, text: string): Promise<HeldRequest> => {
    await client.beta.sessions.events.send(id, { events: [say(text)] });
    (await gated.next()).answer(`Reply to ${text}`);
    return gated.next();
  };
  const copied = (life: Life, turns: number): Promise<ShadowResponse> =>
    shadowUntil(life, shadow.id, ({ candidate }) => candidate.turns === turns);

  const cut = await exchange(first, 'one');
  expect(saidByUser(cut)).toEqual(['one']);
  cut.begin('A reply that is cut short');
  await first.kill();

  const second = await liveHere(settings);
  const again = await gated.next();
  expect(saidByUser(again)).toEqual(['one']);
  again.answer('Hm.');
  await copied(second, 1);
  const next = await exchange(second, 'two');
  expect(saidByUser(next)).toEqual(['one', 'two']);
  next.answer('Hm.');
  const { sessions, production } = await copied(second, 2);
  expect(sessions).toMatchObject({ sampled: 1, copied: 1, skipped: 0, failed: 0 });
  expect(production.turns).toBe(2);
  await second.kill();
  await gated.close();
  rmSync(folder, { recursive: true });
});

describe('A shadow is refused', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await makeTeams(pawl);
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['without an alias', { alias: undefined }, /^alias: /],
    ['of an alias that is not there', { alias: 'staging' }, /^alias staging of agent \w+ does not exist$/],
    ['of no agent', { agent_id: 'agent_none' }, /^agent agent_none does not exist$/],
    ['without a candidate', { candidate_version: undefined }, /^candidate_version: /],
    ['of a candidate that is not there', { candidate_version: 9 }, /has no version 9$/],
    ['of more than all', { sample: 1.1 }, /^sample: /],
    ['of nothing', { sample: 0 }, /^sample: /],
    ['of less than one part in 10,000', { sample: 0.00009 }, /^sample: /],
    ['of no sessions', { max_sessions: 0 }, /^max_sessions: /],
    ['of too many', { max_sessions: 5001 }, /^max_sessions: /],
    ['of an unknown eval', { eval: 'none' }, /^eval none does not exist$/],
  ])('%s', async (_, fields, message) => {
    const body = { agent_id: setting.agent.id, alias: 'production', candidate_version: 2, ...fields };
    expect((await refusal(pawl, '/shadows', body)).message).toMatch(message);
  });

  test('when nothing says how to score it, when nothing was copied, and when it is not there', async () => {
    const { id } = await start(setting);
    const path = `/shadows/${id}/comparison`;
    expect((await refusal(pawl, path, {})).message).toMatch(/^eval: must be given, as the shadow/);
    expect((await refusal(pawl, path, { scoring: namesTeam })).message).toMatch(
      /has no turn that both sides/,
    );
    expect(await refusal(pawl, '/shadows/shdw_1')).toMatchObject({ status: 404, code: 'shadow_not_found' });
    await pawl.client.beta.agents.archive(setting.agent.id);
    const over = await shadowUntil(pawl, id, ({ status }) => status === 'stopped');
    expect(over.ended_reason).toBe('the agent was archived');
    const late = { agent_id: setting.agent.id, alias: 'production', candidate_version: 2 };
    expect(await refusal(pawl, '/shadows', late)).toMatchObject({ code: 'agent_archived' });
  });
});
