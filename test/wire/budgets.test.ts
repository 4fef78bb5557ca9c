import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGatedModel } from '../gated-model.ts';
import { lastOf, limit, restOf } from '../limit-story.ts';
import { startMcpServer } from '../mcp-server.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import {
  answersIn,
  converse,
  errorOf,
  eventually,
  history,
  makeSetting,
  openSession,
  type SessionEvent,
  type Setting,
  say,
  typesOf,
  untilIdle,
} from '../story.ts';
import { answerTo, askedIn, makeArmedSetting, rested, resumed, untilAsked } from '../tool-story.ts';

/*
 * The goal: no request to a model is made for a session that has used up its budget, and nothing that was said is lost. The
 * method: a model of which each request costs 50 cents, and the official SDK.
 */

const usage = { input_tokens: 500_000, output_tokens: 0 };
const prices = 'claude-dear=100000/0,claude-*=1/1';
const codeOf = (error_code: string) => ({
  status: 400,
  error: { error: { details: { error_code } } },
});

let model: ModelServer;
let pawl: TestPawl;
let client: Anthropic;
let sessions: Anthropic.Beta.Sessions;
let setting: Setting;

beforeAll(async () => {
  model = await startModelServer({
    reply: ({ messages }) => {
      const last = messages.at(-1);
      if (last?.results.length !== 0) return { text: 'Thank you.', usage };
      if (!last.text.startsWith('Look')) return { text: `Reply to ${last.text}`, usage };
      const calls = last.text.split(' ').map((word) => ({ name: 'look_up', input: { word } }));
      return { text: 'Looking.', calls, usage };
    },
  });
  pawl = await startPawl({
    ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' },
    ...{ openai_base_url: `${model.url}/v1`, openai_api_key: 'upstream-key' },
    ...{ model_routes: 'claude-*=anthropic,*=openai', model_prices: prices, model_max_retries: '0' },
    allow_private_mcp: 'true',
  });
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  ({ sessions } = client.beta);
  setting = await makeArmedSetting(client);
});

afterAll(async () => {
  await model.close();
  await pawl.server.close();
});

const open = (cents: number) => openSession(client, setting, { budget: limit(cents) });
const requestsIn = (events: readonly SessionEvent[]): number =>
  typesOf(events).filter((type) => type === 'span.model_request_start').length;
/** What comes after an event that was there before. */
const since = (events: readonly SessionEvent[], before: readonly SessionEvent[]): SessionEvent[] =>
  events.slice(before.length);

/** A session that has used up its budget in the middle of a turn: the results of its call are there. */
async function stoppedMidway(cents = 50): Promise<{ id: string; events: SessionEvent[] }> {
  const { id } = await open(cents);
  await sessions.events.send(id, { events: [say('Look')] });
  const [call = ''] = await untilAsked(client, id);
  await sessions.events.send(id, { events: [answerTo(call, 'found')] });
  return { id, events: await untilIdle(client, id) };
}

describe('A budget', () => {
  const money = (amount: unknown, currency: unknown = 'USD') => ({
    type: 'limit',
    max_list_cost: { amount, currency },
  });
  test.each<[string, unknown, string]>([
    ...['0', '01', '1.5', '-5', '+5', '', ' 5', '5e2', '٣', '1000000000000'].map(
      (amount): [string, unknown, string] => [
        `of ${JSON.stringify(amount)} cents`,
        money(amount),
        'budget.max_list_cost.amount',
      ],
    ),
    ['of a number', money(500), 'budget.max_list_cost.amount'],
    ['of nothing', money(undefined), 'budget.max_list_cost.amount'],
    ['in another currency', money('500', 'EUR'), 'budget.max_list_cost.currency'],
    ['of another type', { ...money('500'), type: 'cap' }, 'budget.type'],
    ['with more to it', { ...money('500'), per: 'day' }, 'budget'],
    ['without a limit', { type: 'limit' }, 'budget.max_list_cost'],
    ['that is a text', '500', 'budget'],
  ])('%s is refused by name, and nothing is changed', async (_, budget, field) => {
    const created = await errorOf(openSession(client, setting, { budget: budget as never }));
    expect(created).toMatchObject({ status: 400 });
    expect(created.message).toContain(`${field}`);
    const session = await open(100);
    const updated = await errorOf(sessions.update(session.id, { title: 'new', budget: budget as never }));
    expect(updated).toMatchObject({ status: 400 });
    expect(updated.message).toContain(`${field}`);
    expect(await sessions.retrieve(session.id)).toMatchObject({ title: null, budget: limit(100) });
    expect(await history(client, session.id)).toEqual([]);
  });

  test('needs a model with a price', async () => {
    const unpriced = await makeSetting(client, { model: 'gpt-test' });
    const refused = await errorOf(openSession(client, unpriced, { budget: limit(100) }));
    expect(refused).toMatchObject(codeOf('model_not_budgetable'));
    expect(refused.message).toContain('gpt-test');
    const { id } = setting.agent;
    const other = { type: 'agent_with_overrides' as const, id, model: 'gpt-test' };
    expect(await errorOf(openSession(client, setting, { agent: other, budget: limit(100) }))).toMatchObject(
      codeOf('model_not_budgetable'),
    );
    expect(await openSession(client, unpriced, { budget: null as never })).toMatchObject({ budget: null });
  });

  test('stands in the session and in its usage, beside what it has cost', async () => {
    const { id, budget } = await open(500);
    expect(budget).toEqual(limit(500));
    const once = await converse(client, id, 'Hi');
    expect(lastOf(once, 'session.usage')).toMatchObject({
      usage: { list_cost: { amount: '50', currency: 'USD' } },
      budget: limit(500),
    });
    await converse(client, id, 'Hi again');
    const session = await sessions.retrieve(id);
    expect(session).toMatchObject({
      budget: limit(500),
      usage: { list_cost: { amount: '100', currency: 'USD' } },
    });
    const free = await openSession(client, setting);
    expect(lastOf(await converse(client, free.id, 'Hi'), 'session.usage')).toMatchObject({ budget: null });
  });

  test('holds from the first events of a session on', async () => {
    const { id } = await openSession(client, setting, { budget: limit(50), initial_events: [say('Hi')] });
    expect(restOf(await untilIdle(client, id))).toEqual(['end_turn', 'budget_reached']);
  });
});

describe('A session that has used up its budget', () => {
  test.each([
    ['reaches', 50],
    ['crosses', 49],
    ['crosses by far', 1],
  ])('has completed the request that %s it', async (_, cents) => {
    const { id } = await open(cents);
    const events = await converse(client, id, 'Hi');
    expect(answersIn(events)).toEqual(['Reply to Hi']);
    expect(typesOf(events)).toEqual([
      ...['user.message', ...resumed, 'agent.message', 'span.model_request_end', ...rested],
    ]);
    expect(restOf(events)).toEqual(['end_turn', 'budget_reached']);
    expect(lastOf(events, 'session.status_idle')).toMatchObject({ stop_details: null });
    expect(lastOf(events, 'session.usage')).toMatchObject({ usage: { list_cost: { amount: '50' } } });
    expect(await sessions.retrieve(id)).toMatchObject({ status: 'idle', budget: limit(cents) });
  });

  test('goes on as long as there is a cent left', async () => {
    const { id } = await open(51);
    expect(restOf(await converse(client, id, 'Hi'))).toEqual(['end_turn', 'end_turn']);
    expect(restOf(await converse(client, id, 'Hi'))).toEqual(['end_turn', 'budget_reached']);
  });

  test('says in its thread that the model has refused, and why', async () => {
    const dear = await makeSetting(client, { model: 'claude-dear' });
    const { id } = await openSession(client, dear, { budget: limit(1) });
    model.script(['refusal']);
    const events = await converse(client, id, 'Do what is forbidden');
    expect(restOf(events)).toEqual(['refusal', 'budget_reached']);
    expect(lastOf(events, 'session.thread_status_idle')).toMatchObject({
      stop_details: { type: 'refusal', category: 'cyber' },
    });
    expect(lastOf(events, 'session.status_idle')).toMatchObject({ stop_details: null });
  });

  test('takes no messages, and says what it does take', async () => {
    const { id } = await open(50);
    const before = await converse(client, id, 'Hi');
    const system = {
      type: 'system.message' as const,
      content: [{ type: 'text' as const, text: 'Be brief.' }],
    };
    for (const events of [
      [say('More')],
      [{ type: 'user.interrupt' as const }, say('More')],
      [say('More'), system],
      [system],
    ]) {
      const refused = await errorOf(sessions.events.send(id, { events }));
      expect(refused).toMatchObject(codeOf('budget_reached'));
      for (const type of ['user.tool_confirmation', 'user.custom_tool_result', 'user.interrupt']) {
        expect(refused.message).toContain(type);
      }
    }
    expect(await history(client, id)).toEqual(before);
  });

  test('takes an interrupt without a trace', async () => {
    const { id } = await open(50);
    const before = await converse(client, id, 'Hi');
    const { data } = await sessions.events.send(id, { events: [{ type: 'user.interrupt' }] });
    expect(data).toMatchObject([{ type: 'user.interrupt', processed_at: expect.any(String) }]);
    expect(await history(client, id)).toEqual(before);
    const midway = await stoppedMidway();
    await sessions.events.send(midway.id, { events: [{ type: 'user.interrupt' }] });
    expect(await history(client, midway.id)).toEqual(midway.events);
    await sessions.update(midway.id, { budget: null });
    expect(answersIn(await untilIdle(client, midway.id))).toEqual(['Looking.', 'Thank you.']);
  });

  test('asks for the results of its calls first, and asks the model nothing when it has them', async () => {
    const { id } = await open(50);
    await sessions.events.send(id, { events: [say('Look twice')] });
    const [one = '', two = ''] = await untilAsked(client, id, 2);
    const asking = await history(client, id);
    expect(restOf(asking)).toEqual(['requires_action', 'requires_action']);
    expect(await errorOf(sessions.events.send(id, { events: [say('And?')] }))).toMatchObject(
      codeOf('budget_reached'),
    );
    await sessions.events.send(id, { events: [answerTo(one, 'found')] });
    expect(askedIn(await history(client, id))).toEqual([two]);
    await sessions.events.send(id, { events: [answerTo(two, 'found too')] });
    const events = await history(client, id);
    expect(typesOf(since(events, asking))).toEqual([
      ...['user.custom_tool_result', ...rested],
      ...['user.custom_tool_result', ...rested],
    ]);
    expect(restOf(events)).toEqual(['budget_reached', 'budget_reached']);
    expect(requestsIn(events)).toBe(1);
    expect(await sessions.retrieve(id)).toMatchObject({ status: 'idle' });
    expect(await errorOf(sessions.events.send(id, { events: [answerTo(two, 'again')] }))).toMatchObject(
      codeOf('call_not_open'),
    );
  });

  test('ends a turn that asks for results when it is interrupted', async () => {
    const { id } = await open(50);
    await sessions.events.send(id, { events: [say('Look')] });
    await untilAsked(client, id);
    await sessions.events.send(id, { events: [{ type: 'user.interrupt' }] });
    const events = await untilIdle(client, id);
    expect(restOf(events)).toEqual(['end_turn', 'budget_reached']);
    expect(lastOf(events, 'user.custom_tool_result')).toMatchObject({ is_error: true });
    await sessions.update(id, { budget: limit(500) });
    expect(await sessions.retrieve(id)).toMatchObject({ status: 'idle' });
    expect(requestsIn(await history(client, id))).toBe(1);
  });

  test('runs a call of an MCP server that its user allows, and stops behind it', async () => {
    const mcp = await startMcpServer({ tools: [{ name: 'look_up', run: () => 'On its way.' }] });
    const agent = await client.beta.agents.create({
      name: 'orders',
      model: 'claude-test',
      tools: [{ type: 'mcp_toolset', mcp_server_name: 'orders' }],
      mcp_servers: [{ type: 'url', name: 'orders', url: mcp.url }],
    });
    const { id } = await openSession(client, { ...setting, agent }, { budget: limit(50) });
    model.script([{ calls: [{ name: 'mcp__orders__look_up', input: { id: 7 } }], usage }]);
    await sessions.events.send(id, { events: [say('Where is it?')] });
    const [call = ''] = await untilAsked(client, id);
    expect(mcp.calls).toEqual([]);
    await sessions.events.send(id, {
      events: [{ type: 'user.tool_confirmation', tool_use_id: call, result: 'allow' }],
    });
    const events = await eventually('the budget', async () => {
      const all = await history(client, id);
      return restOf(all)[1] === 'budget_reached' ? all : null;
    });
    expect(mcp.calls).toHaveLength(1);
    expect(lastOf(events, 'agent.mcp_tool_result')).toMatchObject({
      mcp_tool_use_id: call,
      content: [{ type: 'text', text: 'On its way.' }],
    });
    expect(requestsIn(events)).toBe(1);
    await sessions.update(id, { budget: limit(200) });
    expect(answersIn(await untilIdle(client, id))).toEqual(['Thank you.']);
    await mcp.close();
  });
});

describe('A budget that is raised', () => {
  test('in the middle of a turn lets it go on by itself', async () => {
    const { id, events: before } = await stoppedMidway();
    expect(restOf(before)).toEqual(['budget_reached', 'budget_reached']);
    const raised = await sessions.update(id, { budget: limit(500) });
    expect(raised).toMatchObject({ status: 'running', budget: limit(500) });
    const events = await untilIdle(client, id);
    expect(typesOf(since(events, before))).toEqual([
      ...['session.updated', ...resumed, 'agent.message', 'span.model_request_end', ...rested],
    ]);
    expect(lastOf(events, 'session.updated')).toMatchObject({ budget: limit(500) });
    expect(answersIn(events)).toEqual(['Looking.', 'Thank you.']);
    expect(restOf(events)).toEqual(['end_turn', 'end_turn']);
    expect(lastOf(events, 'session.usage')).toMatchObject({
      budget: limit(500),
      usage: { list_cost: { amount: '100' } },
    });
  });

  test('behind a turn that is done waits for the next message', async () => {
    const { id } = await open(50);
    const before = await converse(client, id, 'Hi');
    expect(await sessions.update(id, { budget: limit(51) })).toMatchObject({ status: 'idle' });
    expect(typesOf(since(await history(client, id), before))).toEqual(['session.updated']);
    expect(answersIn(await converse(client, id, 'More'))).toEqual(['Reply to Hi', 'Reply to More']);
  });

  test('while it asks for results changes nothing about that', async () => {
    const { id } = await open(50);
    await sessions.events.send(id, { events: [say('Look')] });
    const [call = ''] = await untilAsked(client, id);
    expect(await sessions.update(id, { budget: limit(500) })).toMatchObject({ status: 'idle' });
    await sessions.events.send(id, { events: [answerTo(call, 'found')] });
    expect(answersIn(await untilIdle(client, id))).toEqual(['Looking.', 'Thank you.']);
  });

  test('in one request with a title says both in one event', async () => {
    const { id } = await stoppedMidway();
    await sessions.update(id, { title: 'More', budget: limit(500) });
    const updated = (await untilIdle(client, id)).filter(({ type }) => type === 'session.updated');
    expect(updated).toMatchObject([{ title: 'More', budget: limit(500) }]);
  });

  test('may be less than before, if it is more than what was spent', async () => {
    const { id } = await open(500);
    const before = await converse(client, id, 'Hi');
    for (const cents of [50, 49, 1]) {
      const refused = await errorOf(sessions.update(id, { title: 'x', budget: limit(cents) }));
      expect(refused).toMatchObject(codeOf('budget_not_raised'));
      expect(refused.message).toContain('budget.max_list_cost');
      expect(refused.message).toContain('50 cents');
    }
    expect(await history(client, id)).toEqual(before);
    expect(await sessions.update(id, { budget: limit(51) })).toMatchObject({
      title: null,
      budget: limit(51),
    });
    expect(await sessions.update(id, { budget: limit(51) })).toMatchObject({ budget: limit(51) });
    const events = await history(client, id);
    expect(typesOf(since(events, before))).toEqual(['session.updated']);
    expect(restOf(await converse(client, id, 'Hi'))).toEqual(['end_turn', 'budget_reached']);
  });

  test('cannot be given to a session that was made without one', async () => {
    const { id } = await openSession(client, setting);
    expect(await errorOf(sessions.update(id, { budget: limit(500) }))).toMatchObject(
      codeOf('budget_create_only'),
    );
    expect(await sessions.update(id, { budget: null })).toMatchObject({ budget: null });
    expect(await history(client, id)).toEqual([]);
  });

  test('and removed lets the turn go on, and is gone for good', async () => {
    const { id, events: before } = await stoppedMidway();
    expect(await sessions.update(id, { budget: null })).toMatchObject({ status: 'running', budget: null });
    const events = await untilIdle(client, id);
    expect(since(events, before)[0]).toMatchObject({ type: 'session.updated', budget: null });
    expect(answersIn(events)).toEqual(['Looking.', 'Thank you.']);
    expect(lastOf(events, 'session.usage')).toMatchObject({ budget: null });
    expect(await errorOf(sessions.update(id, { budget: limit(5000) }))).toMatchObject(
      codeOf('budget_create_only'),
    );
    await converse(client, id, 'More');
    expect(await sessions.retrieve(id)).toMatchObject({ usage: { list_cost: { amount: '150' } } });
  });

  test('on an archived session is refused', async () => {
    const { id } = await stoppedMidway();
    await sessions.archive(id);
    const before = await history(client, id);
    for (const budget of [limit(500), null]) {
      expect(await errorOf(sessions.update(id, { budget }))).toMatchObject(codeOf('session_archived'));
    }
    expect(await history(client, id)).toEqual(before);
  });
});

describe('While a turn runs', () => {
  test('messages that wait behind the request that crosses go into the history, and on when it is raised', async () => {
    const gated = await startGatedModel();
    const own = await startPawl({
      anthropic_base_url: gated.url,
      anthropic_api_key: 'k',
      model_prices: prices,
    });
    const ownSetting = await makeSetting(own.client);
    const { sessions: ownSessions } = own.client.beta;
    const { id } = await openSession(own.client, ownSetting, { budget: limit(50) });
    await ownSessions.events.send(id, { events: [say('One')] });
    const request = await gated.next();
    await ownSessions.events.send(id, { events: [say('Two'), say('Three')] });
    request.answer({ text: 'First.', usage });
    const before = await untilIdle(own.client, id);
    expect(typesOf(before).slice(-6)).toEqual([
      ...['span.model_request_end', 'user.message', 'user.message', ...rested],
    ]);
    expect(restOf(before)).toEqual(['end_turn', 'budget_reached']);
    expect(await ownSessions.update(id, { budget: limit(51) })).toMatchObject({ status: 'running' });
    const next = await gated.next();
    expect(next.messages.at(-1)?.text).toContain('Two');
    expect(next.messages.at(-1)?.text).toContain('Three');

    // The same in a session that runs: each change is written down, and the turn goes on.
    expect(await ownSessions.update(id, { budget: limit(60) })).toMatchObject({ status: 'running' });
    expect(await errorOf(ownSessions.update(id, { budget: limit(50) }))).toMatchObject(
      codeOf('budget_not_raised'),
    );
    next.answer({ text: 'Second.', usage });
    const events = await untilIdle(own.client, id);
    expect(typesOf(since(events, before))).toEqual([
      ...['session.updated', ...resumed, 'session.updated'],
      ...['agent.message', 'span.model_request_end', ...rested],
    ]);
    expect(restOf(events)).toEqual(['end_turn', 'budget_reached']);
    // A turn that is done does not go on once more.
    expect(await ownSessions.update(id, { budget: null })).toMatchObject({ status: 'idle' });
    await own.server.close();
    await gated.close();
  });

  test('a budget that is raised before the request is over is as if it had always been so', async () => {
    const gated = await startGatedModel();
    const own = await startPawl({
      anthropic_base_url: gated.url,
      anthropic_api_key: 'k',
      model_prices: prices,
    });
    const ownSetting = await makeArmedSetting(own.client);
    const { id } = await openSession(own.client, ownSetting, { budget: limit(50) });
    await own.client.beta.sessions.events.send(id, { events: [say('One')] });
    const request = await gated.next();
    await own.client.beta.sessions.update(id, { budget: null });
    request.answer({ text: 'First.', usage });
    expect(restOf(await untilIdle(own.client, id))).toEqual(['end_turn', 'end_turn']);
    await own.server.close();
    await gated.close();
  });
});
