import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../listening.ts';
import { type McpServerOnLoopback, startMcpServer } from '../mcp-server.ts';
import {
  type Armed,
  armedWith,
  confirm,
  type McpWorld,
  makeMcpSetting,
  mcpCallsIn,
  mcpResultsIn,
  order,
  startMcpWorld,
  tell,
  untilTurns,
} from '../mcp-story.ts';
import type { SaidCall } from '../model-replies.ts';
import type { Protocol } from '../model-requests.ts';
import { joined, requestProblems } from '../request-shape.ts';
import { answersIn, errorOf, eventually, history, openSession, say, typesOf } from '../story.ts';
import { answerTo, askedIn, rested, resumed, untilAsked } from '../tool-story.ts';

/*
 * The goal: nothing that somebody has to allow runs before they have, or after they have not, whatever they send and
 * when. The method: a real MCP server, which counts.
 */

let world: McpWorld;
let mcp: McpServerOnLoopback;
let events: McpWorld['client']['beta']['sessions']['events'];

beforeAll(async () => {
  world = await startMcpWorld();
  ({ events } = world.client.beta.sessions);
});

afterAll(() => world.close());

afterEach(async () => {
  await mcp.close();
  const all = world.model.requests.flatMap(({ read, body }) => requestProblems(read.protocol, body));
  expect(all).toEqual([]);
});

const tools = [{ name: 'look_up' }, { name: 'pay', run: () => 'Paid.' }];

/** A session that waits for the answers to these calls. */
async function asking(
  calls: readonly SaidCall[],
  { may = 'always_ask', provider = 'anthropic' }: { may?: Armed['may']; provider?: Protocol } = {},
) {
  mcp = await startMcpServer({ tools });
  const setting = await makeMcpSetting(
    world.client,
    { orders: { at: mcp, may } },
    { provider, custom: ['ask_user'] },
  );
  const { id } = await openSession(world.client, setting);
  await events.send(id, { events: [tell({ calls })] });
  const asked = await untilAsked(world.client, id);
  const before = await history(world.client, id);
  return { id, asked, first: asked[0] ?? '', second: asked[1] ?? '', before };
}

const results = () => joined(world.model.requests.at(-1)?.read.messages ?? []).flatMap((one) => one.results);
const goneOn = [
  'agent.mcp_tool_result',
  'span.model_request_start',
  'agent.message',
  'span.model_request_end',
];

describe.each<Protocol>(['anthropic', 'openai'])('With %s', (provider) => {
  test.each([
    ['always_ask', { type: 'always_ask' }],
    ['auto', { type: 'auto', evaluated_permission: { type: 'ask', reason_code: 'indeterminate' } }],
  ] as const)('a call under %s waits, and runs once it is allowed', async (may, evaluation) => {
    const { id, asked, first, before } = await asking([order('pay', { sum: 3 })], { may, provider });
    expect(typesOf(before)).toEqual([
      ...['user.message', ...resumed, 'agent.mcp_tool_use', 'span.model_request_end'],
      ...rested,
    ]);
    const [call] = mcpCallsIn(before);
    expect(call).toMatchObject({
      ...{ id: first, mcp_server_name: 'orders', name: 'pay', input: { sum: 3 } },
      ...{ evaluated_permission: 'ask', evaluation },
    });
    expect(asked).toEqual([call?.id]);
    expect(before.at(-3)).toMatchObject({ stop_reason: { type: 'requires_action', event_ids: asked } });
    expect((await world.client.beta.sessions.retrieve(id)).status).toBe('idle');
    expect(mcp.calls).toEqual([]);
    const { data } = await events.send(id, { events: [confirm(first)] });
    expect(data).toEqual([
      {
        ...{ id: expect.stringMatching(/^sevt_/), type: 'user.tool_confirmation', tool_use_id: first },
        ...{ result: 'allow', processed_at: expect.any(String) },
      },
    ]);
    const all = await untilTurns(world.client, id);
    expect(all[before.length]).toEqual(data?.[0]);
    expect(typesOf(all.slice(before.length))).toEqual([
      ...['user.tool_confirmation', 'session.status_running', 'session.thread_status_running'],
      ...[...goneOn, ...rested],
    ]);
    expect(mcp.calls).toEqual([{ name: 'pay', input: { sum: 3 }, authorization: null }]);
    expect(results()).toEqual([{ id: first, text: 'Paid.' }]);
  });

  test.each([
    ['with a reason', 'Too dear.', 'The user did not allow this call. Too dear.'],
    ['without one', undefined, 'The user did not allow this call.'],
  ])('a call that is denied %s does not run, and the model reads that', async (_what, message, words) => {
    const { id, first, before } = await asking([order('pay')], { provider });
    const { data } = await events.send(id, { events: [confirm(first, 'deny', message)] });
    expect(data).toMatchObject([
      { result: 'deny', ...(message === undefined ? {} : { deny_message: message }) },
    ]);
    const all = await untilTurns(world.client, id);
    expect(typesOf(all.slice(before.length))).toEqual([
      ...['user.tool_confirmation', 'agent.mcp_tool_result', ...resumed],
      ...['agent.message', 'span.model_request_end', ...rested],
    ]);
    expect(mcpResultsIn(all)).toEqual([{ text: words, is_error: true }]);
    expect(mcp.calls).toEqual([]);
    expect(results()).toEqual([
      { id: first, text: provider === 'openai' ? `The tool failed: ${words}` : words },
    ]);
    expect(answersIn(all)).toEqual(['Done.']);
  });
});

test('confirmations may come one by one, and what is left is announced again; nothing runs before the last', async () => {
  const { id, first, second, before } = await asking([order('pay', { n: 1 }), order('pay', { n: 2 })]);
  await events.send(id, { events: [confirm(second)] });
  const between = await history(world.client, id);
  expect(typesOf(between.slice(before.length))).toEqual(['user.tool_confirmation', ...rested]);
  expect(askedIn(between)).toEqual([first]);
  expect((await world.client.beta.sessions.retrieve(id)).status).toBe('idle');
  expect(mcp.calls).toEqual([]);
  await events.send(id, { events: [confirm(first, 'deny')] });
  const all = await untilTurns(world.client, id);
  expect(mcp.calls.map(({ input }) => input)).toEqual([{ n: 2 }]);
  expect(mcpResultsIn(all)).toMatchObject([{ is_error: true }, { text: 'Paid.', is_error: false }]);
  expect(
    results()
      .map((result) => result.id)
      .toSorted(),
  ).toEqual([first, second].toSorted());
});

test('all may be denied in one request, and the turn goes on', async () => {
  const { id, first, second } = await asking([order('pay'), order('look_up')]);
  await events.send(id, { events: [confirm(first, 'deny', 'No.'), confirm(second, 'deny')] });
  const all = await untilTurns(world.client, id);
  expect(mcpResultsIn(all).map((result) => result?.is_error)).toEqual([true, true]);
  expect(mcp.calls).toEqual([]);
  expect(results()).toHaveLength(2);
});

test('confirmations and results of custom tools may come mixed, in any order', async () => {
  const { id, asked } = await asking([
    order('pay'),
    { name: 'ask_user', input: {} },
    order('look_up', { n: 1 }),
  ]);
  const [pay = '', custom = '', lookUp = ''] = asked;
  expect(asked).toHaveLength(3);
  await events.send(id, { events: [answerTo(custom, 'Yes.')] });
  expect(askedIn(await history(world.client, id))).toEqual([pay, lookUp]);
  await events.send(id, { events: [confirm(lookUp), confirm(pay)] });
  await untilTurns(world.client, id);
  expect(mcp.calls.map(({ name }) => name).toSorted()).toEqual(['look_up', 'pay']);
  expect(
    results()
      .map(({ text }) => text)
      .toSorted(),
  ).toEqual(['Paid.', 'Yes.', '{"n":1}']);
});

describe('Refused with nothing changed is', () => {
  const refusals: [string, (ids: { first: string; custom: string }) => object, string, string][] = [
    ['a confirmation of an unknown call', () => confirm('sevt_unknown'), 'call_not_open', 'tool_use_id'],
    ['a confirmation of a custom tool', ({ custom }) => confirm(custom), 'call_not_open', 'tool_use_id'],
    [
      'a result for a call that needs a confirmation',
      ({ first }) => answerTo(first, 'x'),
      'call_not_open',
      'custom_tool_use_id',
    ],
    [
      'a message to deny with an allowance',
      ({ first }) => confirm(first, 'allow', 'No.'),
      'invalid_request',
      'events.0.deny_message',
    ],
    [
      'another word than allow and deny',
      ({ first }) => ({ ...confirm(first), result: 'perhaps' }),
      'invalid_request',
      'events.0.result',
    ],
    [
      'a confirmation of nothing',
      () => ({ type: 'user.tool_confirmation', result: 'allow' }),
      'invalid_request',
      'events.0.tool_use_id',
    ],
    [
      'the result of a tool that runs elsewhere',
      ({ first }) => ({ type: 'user.tool_result', tool_use_id: first }),
      'not_supported',
      'events.0.type',
    ],
  ];

  test.each(refusals)('%s', async (_what, made, error_code, field) => {
    const { id, asked, before } = await asking([order('pay'), { name: 'ask_user', input: {} }]);
    const [first = '', custom = ''] = asked;
    for (const also of [[], [confirm(first, 'deny')]]) {
      const sent = [made({ first, custom }), ...also] as never;
      const error = await errorOf(events.send(id, { events: sent }));
      expect(error.status).toBe(400);
      expect(error.error).toMatchObject({
        error: { details: { error_code }, message: expect.stringContaining(field) },
      });
    }
    expect(await history(world.client, id)).toEqual(before);
    expect(mcp.calls).toEqual([]);
  });

  test('a second confirmation, whether the turn waits still, runs or is over', async () => {
    const { id, first, second } = await asking([order('pay'), order('pay')]);
    const twice = await errorOf(events.send(id, { events: [confirm(first), confirm(first)] }));
    expect(twice.status).toBe(400);
    expect(askedIn(await history(world.client, id))).toEqual([first, second]);
    await events.send(id, { events: [confirm(first)] });
    for (const result of ['allow', 'deny'] as const) {
      const again = await errorOf(events.send(id, { events: [confirm(first, result)] }));
      expect(again).toMatchObject({ status: 400, message: expect.stringContaining(second) });
    }
    await events.send(id, { events: [confirm(second)] });
    expect((await errorOf(events.send(id, { events: [confirm(second)] }))).status).toBe(400);
    const all = await untilTurns(world.client, id);
    expect((await errorOf(events.send(id, { events: [confirm(first)] }))).status).toBe(400);
    expect(await history(world.client, id)).toEqual(all);
    expect(mcp.calls).toHaveLength(2);
  });

  test('all but one of many who allow the same call at once', async () => {
    const { id, first } = await asking([order('pay')]);
    const sent = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) =>
        events.send(id, { events: [confirm(first, n % 2 === 0 ? 'allow' : 'deny')] }),
      ),
    );
    expect(sent.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const all = await untilTurns(world.client, id);
    const [said] = all.flatMap((event) => (event.type === 'user.tool_confirmation' ? [event.result] : []));
    expect(mcp.calls).toHaveLength(said === 'allow' ? 1 : 0);
    expect(mcpResultsIn(all)).toHaveLength(1);
  });
});

describe('A confirmation may come before the client is asked,', () => {
  const may = {
    default_config: { permission_policy: { type: 'always_ask' } },
    configs: [{ name: 'hold', permission_policy: { type: 'always_allow' } }],
  } as const satisfies Armed['may'];

  /** A session with one call under way, and others that wait for a word. */
  async function holding(...calls: SaidCall[]) {
    const release = Promise.withResolvers<string>();
    mcp = await startMcpServer({ tools: [...tools, { name: 'hold', run: () => release.promise }] });
    const setting = await makeMcpSetting(world.client, { orders: { at: mcp, may } });
    const { id } = await openSession(world.client, setting);
    const stream = await listen(world.client, id);
    await events.send(id, { events: [tell({ calls: [order('hold'), ...calls] })] });
    await mcp.until('tools/call');
    const [, ...waiting] = mcpCallsIn(await history(world.client, id));
    return { id, stream, release: () => release.resolve('Held.'), waiting: waiting.map((call) => call.id) };
  }

  test('and then they are not asked at all', async () => {
    const { id, stream, release, waiting } = await holding(order('pay'), order('look_up'));
    expect((await world.client.beta.sessions.retrieve(id)).status).toBe('running');
    await events.send(id, { events: [confirm(waiting[0])] });
    await events.send(id, { events: [confirm(waiting[1], 'deny')] });
    expect((await errorOf(events.send(id, { events: [confirm(waiting[0])] }))).status).toBe(400);
    expect(mcp.calls.map(({ name }) => name)).toEqual(['hold']);
    release();
    const all = await untilTurns(world.client, id);
    expect(typesOf(all).filter((type) => type === 'session.status_idle')).toHaveLength(1);
    expect(mcpResultsIn(all)).toMatchObject([{ text: 'Held.' }, { text: 'Paid.' }, { is_error: true }]);
    expect(mcp.calls.map(({ name }) => name)).toEqual(['hold', 'pay']);
    await stream.until('session.status_idle');
    stream.close();
    expect(stream.events).toEqual(all);
  });

  test('and only the rest is asked then', async () => {
    const { id, release, waiting } = await holding(order('pay'), order('look_up'));
    await events.send(id, { events: [confirm(waiting[0])] });
    release();
    expect(await untilAsked(world.client, id)).toEqual([waiting[1]]);
    expect(mcp.calls).toHaveLength(1);
    await events.send(id, { events: [confirm(waiting[1])] });
    await untilTurns(world.client, id);
    expect(mcp.calls).toHaveLength(3);
  });
});

describe('A session that waits for a confirmation', () => {
  test('queues messages behind the turn', async () => {
    const { id, first } = await asking([order('pay')]);
    const { data } = await events.send(id, { events: [say('And hurry.')] });
    expect(data).toMatchObject([{ processed_at: null }]);
    await events.send(id, { events: [confirm(first)] });
    expect(answersIn(await untilTurns(world.client, id, 2))).toEqual(['Done.', 'Reply to And hurry.']);
    expect(mcp.calls).toHaveLength(1);
  });

  test('is ended by an interrupt: nothing runs, and nothing can be confirmed any more', async () => {
    const { id, first, second, before } = await asking([order('pay'), order('pay')]);
    await events.send(id, { events: [confirm(first)] });
    await events.send(id, { events: [{ type: 'user.interrupt' }] });
    const all = await untilTurns(world.client, id);
    expect(typesOf(all.slice(before.length))).toEqual([
      ...['user.tool_confirmation', ...rested, 'user.interrupt'],
      ...['agent.mcp_tool_result', 'agent.mcp_tool_result', ...rested],
    ]);
    expect(all.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    expect(mcpResultsIn(all)).toEqual(
      Array(2).fill({ text: 'The turn was interrupted before this call ran.', is_error: true }),
    );
    expect((await errorOf(events.send(id, { events: [confirm(second)] }))).status).toBe(400);
    await events.send(id, { events: [say('Next.')] });
    expect(answersIn(await untilTurns(world.client, id, 2)).at(-1)).toBe('Reply to Next.');
    expect(mcp.calls).toEqual([]);
  });

  test('that is given another server of the name is led there', async () => {
    const { id, first } = await asking([order('pay')]);
    const other = await startMcpServer({ tools: [{ name: 'pay', run: () => 'Paid elsewhere.' }] });
    const agent = armedWith({ orders: { at: other, may: 'always_ask' } });
    await world.client.beta.sessions.update(id, { agent } as never);
    await events.send(id, { events: [confirm(first)] });
    expect(mcpResultsIn(await untilTurns(world.client, id))).toEqual([
      { text: 'Paid elsewhere.', is_error: false },
    ]);
    expect([mcp.calls.length, other.calls.length]).toEqual([0, 1]);
    await other.close();
  });

  test('and loses the server tells the model so', async () => {
    const { id, first } = await asking([order('pay')]);
    await world.client.beta.sessions.update(id, { agent: { tools: [], mcp_servers: [] } } as never);
    await events.send(id, { events: [confirm(first)] });
    const all = await untilTurns(world.client, id);
    expect(mcpResultsIn(all)).toEqual([
      { text: 'The session has no MCP server orders any more.', is_error: true },
    ]);
    expect(answersIn(all)).toEqual(['Done.']);
    expect(mcp.calls).toEqual([]);
  });

  test('can be archived and deleted, and nothing runs', async () => {
    for (const end of ['archive', 'delete'] as const) {
      const { id, first } = await asking([order('pay')]);
      await world.client.beta.sessions[end](id);
      expect((await errorOf(events.send(id, { events: [confirm(first)] }))).status).toBe(
        end === 'archive' ? 400 : 404,
      );
      expect(mcp.calls).toEqual([]);
      if (end === 'archive') await mcp.close();
    }
  });

  test('is not asked for what is interrupted in the same request', async () => {
    const { id, first } = await asking([order('pay')]);
    const sent = [{ type: 'user.interrupt' as const }, say('Instead.')];
    await events.send(id, { events: sent });
    const all = await eventually('the next turn', async () => {
      const now = await history(world.client, id);
      return answersIn(now).length === 1 && now.at(-1)?.type === 'session.status_idle' ? now : null;
    });
    expect(answersIn(all)).toEqual(['Reply to Instead.']);
    expect(results().map((result) => result.id)).toEqual([first]);
    expect(mcp.calls).toEqual([]);
  });
});
