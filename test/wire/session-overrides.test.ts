import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type GatedModel, type HeldRequest, startGatedModel } from '../gated-model.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { requestProblems } from '../request-shape.ts';
import {
  answersIn,
  errorOf,
  eventually,
  history,
  openSession,
  type Setting,
  say,
  typesOf,
  untilIdle,
} from '../story.ts';
import {
  answerTo,
  callsIn,
  customTool,
  makeArmedSetting,
  rested,
  resumed,
  untilAsked,
} from '../tool-story.ts';

/*
 * A session's own tools, whether it is made with them or given them later: what the model is offered from then on, and
 * that nobody else notices. What may stand in them is tested in agent-tools.test.ts.
 */

let model: GatedModel;
let pawl: TestPawl;
let client: Anthropic;
let sessions: Anthropic.Beta.Sessions;
let setting: Setting;
const requests: HeldRequest[] = [];

beforeAll(async () => {
  model = await startGatedModel();
  pawl = await startPawl({
    ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key', model_max_retries: '1' },
  });
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  ({ sessions } = client.beta);
  setting = await makeArmedSetting(client, { system: 'Be brief.' });
});

afterAll(async () => {
  await model.close();
  await pawl.server.close();
});

afterEach(() => {
  expect(requests.splice(0).flatMap(({ body }) => requestProblems('anthropic', body))).toEqual([]);
});

const other = customTool('other');

async function nextRequest(): Promise<HeldRequest> {
  const request = await model.next();
  requests.push(request);
  return request;
}

/** One turn without tools; gives what the model was asked. */
async function turn(id: string, text = 'Hi.'): Promise<HeldRequest> {
  const before = answersIn(await history(client, id)).length;
  await sessions.events.send(id, { events: [say(text)] });
  const request = await nextRequest();
  request.answer('Hello.');
  await eventually('the answer', async () => answersIn(await history(client, id)).length > before);
  return request;
}

/** A session that waits for one answer. */
async function asking(): Promise<{ id: string; call: string }> {
  const { id } = await openSession(client, setting);
  await sessions.events.send(id, { events: [say('Look.')] });
  (await nextRequest()).answer({ calls: [{ name: 'look_up', input: {} }] });
  const [call = ''] = await untilAsked(client, id, 1);
  return { id, call };
}

describe('A session that is made with other tools', () => {
  const open = (fields: object) =>
    openSession(client, setting, {
      agent: { type: 'agent_with_overrides', id: setting.agent.id, ...fields },
    });

  test('offers them, and others of the agent do not', async () => {
    const session = await open({ tools: [other] });
    expect(session.agent).toMatchObject({
      id: setting.agent.id,
      version: setting.agent.version,
      tools: [other],
    });
    expect(session).toMatchObject({ pawl: { overridden: true } });
    expect((await turn(session.id)).tools).toEqual(['other']);
    const plain = await openSession(client, setting);
    expect((await turn(plain.id)).tools).toEqual(['look_up', 'clock']);
    expect(await client.beta.agents.retrieve(setting.agent.id)).toEqual(setting.agent);
  });

  test('asks its user for them, and for nothing else', async () => {
    const { id } = await open({ tools: [other] });
    await sessions.events.send(id, { events: [say('Go.')] });
    (await nextRequest()).answer({
      calls: [
        { name: 'other', input: {} },
        { name: 'look_up', input: {} },
      ],
    });
    const [call = ''] = await untilAsked(client, id, 1);
    expect(callsIn(await history(client, id))).toMatchObject([{ id: call, name: 'other' }]);
    await sessions.events.send(id, { events: [answerTo(call, 'done')] });
    (await nextRequest()).answer('Done.');
    expect(answersIn(await untilIdle(client, id))).toEqual(['Done.']);
  });

  test('has none where they are cleared, and the agent’s where nothing is said of them', async () => {
    for (const tools of [[], null]) {
      const session = await open({ tools });
      expect(session.agent.tools).toEqual([]);
      expect((await turn(session.id)).body).not.toHaveProperty('tools');
    }
    const kept = await open({ system: 'Be long.' });
    const asked = await turn(kept.id);
    expect([asked.system, asked.tools]).toEqual(['Be long.', ['look_up', 'clock']]);
  });

  test('keeps them when the agent moves on', async () => {
    const own = await makeArmedSetting(client);
    const session = await openSession(client, own, {
      agent: { type: 'agent_with_overrides', id: own.agent.id, tools: [other] },
    });
    await client.beta.agents.update(own.agent.id, { tools: [customTool('newest')], system: 'New.' });
    const asked = await turn(session.id);
    expect([asked.system, asked.tools]).toEqual([null, ['other']]);
  });
});

describe('A session that is given other tools later', () => {
  const give = (id: string, tools: readonly object[] | null) =>
    sessions.update(id, { agent: { tools } as never });

  test('says so once, with the whole agent, and offers them from the next turn on', async () => {
    const { id, ...before } = await openSession(client, setting);
    expect((await turn(id)).tools).toEqual(['look_up', 'clock']);
    const length = (await history(client, id)).length;
    const updated = await give(id, [other]);
    expect(updated.agent).toEqual({ ...before.agent, tools: [other] });
    const written = (await history(client, id)).slice(length);
    expect(written).toMatchObject([{ type: 'session.updated', agent: updated.agent }]);
    expect(written[0]).not.toHaveProperty('title');
    expect(written[0]).not.toHaveProperty('metadata');
    expect(updated).toMatchObject({ pawl: { overridden: true } });
    expect(await sessions.retrieve(id)).toEqual({ ...updated, stats: expect.anything() });
    expect((await turn(id, 'Again.')).tools).toEqual(['other']);
    expect(await client.beta.agents.retrieve(setting.agent.id)).toEqual(setting.agent);
    expect((await openSession(client, setting)).agent).toEqual(before.agent);
  });

  test('writes nothing where they are the same, and keeps what is not named', async () => {
    const session = await openSession(client, setting);
    for (const changes of [{ tools: setting.agent.tools }, { mcp_servers: [] }, {}]) {
      expect((await sessions.update(session.id, { agent: changes as never })).agent).toEqual(session.agent);
    }
    expect(await history(client, session.id)).toEqual([]);
    await give(session.id, [other]);
    await sessions.update(session.id, { agent: { mcp_servers: [] } });
    expect((await sessions.retrieve(session.id)).agent.tools).toEqual([other]);
  });

  test('can give them back, which is a change as well', async () => {
    const { id, ...before } = await openSession(client, setting);
    await give(id, []);
    const back = await give(id, setting.agent.tools);
    expect(back.agent).toEqual(before.agent);
    expect(typesOf(await history(client, id))).toEqual(['session.updated', 'session.updated']);
    expect((await turn(id)).tools).toEqual(['look_up', 'clock']);
  });

  test('takes the answers to calls that it has made with the old ones', async () => {
    const { id, call } = await asking();
    await give(id, [other]);
    await sessions.events.send(id, { events: [answerTo(call, 'found')] });
    const asked = await nextRequest();
    expect(asked.tools).toEqual(['other']);
    expect(asked.messages.at(-1)?.results).toEqual([{ id: call, text: 'found' }]);
    asked.answer({ calls: [{ name: 'look_up', input: {} }] });
    const refused = await nextRequest();
    expect(refused.messages.at(-1)?.results).toMatchObject([{ text: expect.stringContaining('look_up') }]);
    refused.answer('So be it.');
    const all = await untilIdle(client, id);
    expect(callsIn(all)).toHaveLength(1);
    expect(answersIn(all)).toEqual(['So be it.']);
    const from = all.findIndex((event) => event.type === 'session.updated');
    expect(typesOf(all.slice(from))).toEqual([
      ...['session.updated', 'user.custom_tool_result', ...resumed],
      ...['agent.tool_use', 'span.model_request_end', 'agent.tool_result', 'span.model_request_start'],
      ...['agent.message', 'span.model_request_end', ...rested],
    ]);
  });

  test('may lose all of them while it waits', async () => {
    const { id, call } = await asking();
    await give(id, null);
    await sessions.events.send(id, { events: [answerTo(call, 'found')] });
    const asked = await nextRequest();
    expect(asked.messages.at(-1)?.results).toEqual([{ id: call, text: 'found' }]);
    asked.answer('Done.');
    expect(answersIn(await untilIdle(client, id))).toEqual(['Done.']);
  });

  test('refuses them while a turn is under way or is to be tried again, but not its title', async () => {
    const { id } = await openSession(client, setting, { title: 'a' });
    await sessions.events.send(id, { events: [say('Hi.')] });
    const asked = await nextRequest();
    const error = await errorOf(give(id, [other]));
    expect(error).toMatchObject({
      status: 400,
      error: { error: { details: { error_code: 'session_running' } } },
    });
    const both = sessions.update(id, { title: 'c', agent: { tools: [other] } as never });
    expect(await errorOf(both)).toMatchObject({ status: 400 });
    expect(await sessions.update(id, { title: 'b' })).toMatchObject({
      title: 'b',
      agent: { tools: setting.agent.tools },
    });
    asked.answer('Hello.');
    const all = await untilIdle(client, id);
    expect(all.filter((event) => event.type === 'session.updated')).toMatchObject([{ title: 'b' }]);
    await sessions.archive(id);
    expect(await errorOf(give(id, [other]))).toMatchObject({ status: 400 });
  });
});
