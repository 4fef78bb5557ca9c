import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type McpServerOnLoopback, startMcpServer, type TestTool } from '../mcp-server.ts';
import {
  armedWith,
  errorsIn,
  type McpWorld,
  makeMcpSetting,
  mcpCallsIn,
  mcpResultsIn,
  order,
  startMcpWorld,
  tell,
  untilTurns,
} from '../mcp-story.ts';
import type { Said } from '../model-replies.ts';
import type { Protocol } from '../model-requests.ts';
import { joined, requestProblems } from '../request-shape.ts';
import {
  answersIn,
  converse,
  eventually,
  history,
  openSession,
  type Setting,
  say,
  typesOf,
} from '../story.ts';
import { answerTo, askedIn, rested, resumed } from '../tool-story.ts';

/*
 * The goal: tools of MCP servers that run without being asked for, as a client sees it, as the MCP server does, and as
 * the model does, with either provider. Every request that the model gets is one that the official servers would take.
 */

const picture = 'iVBORw0KGgo=';

/** Calls that wait until so many of them are under way, so that those made one after another never end. */
function meeting(count: number): TestTool {
  const all = Promise.withResolvers<void>();
  let here = 0;
  const run = async (): Promise<string> => {
    if (++here === count) all.resolve();
    await all.promise;
    return 'All are here.';
  };
  return { name: 'meet', run };
}

const tools: readonly TestTool[] = [
  { name: 'look_up', description: 'Finds an order.', input_schema: { properties: { id: {} } } },
  { name: 'remove', run: () => 'Removed.' },
  { name: 'paint', run: () => ({ content: [{ type: 'image', data: picture, mimeType: 'image/png' }] }) },
  {
    name: 'fail',
    run: () => ({ content: [{ type: 'text', text: 'No such order.' }], isError: true }),
  },
  {
    name: 'throw',
    run: () => {
      throw new Error('Out of order.');
    },
  },
  { name: 'nothing', run: () => ({ content: [] }) },
];

let world: McpWorld;
let mcp: McpServerOnLoopback;

beforeAll(async () => {
  world = await startMcpWorld();
});

afterAll(() => world.close());

afterEach(() => mcp.close());

describe.each<Protocol>(['anthropic', 'openai'])('With %s', (provider) => {
  let checked = 0;
  afterEach(() => {
    const fresh = world.model.requests.slice(checked);
    checked = world.model.requests.length;
    expect(fresh.flatMap(({ read, body }) => requestProblems(read.protocol, body))).toEqual([]);
  });

  async function open(
    may: Parameters<typeof armedWith>[0][string]['may'],
    given: { tools?: TestTool[] } = {},
  ) {
    mcp = await startMcpServer({ tools: given.tools ?? tools });
    const setting = await makeMcpSetting(
      world.client,
      { orders: { at: mcp, may } },
      { provider, custom: ['ask_user'] },
    );
    return (await openSession(world.client, setting)).id;
  }

  async function turn(id: string, ...rounds: Said[]) {
    const before = (await history(world.client, id)).length;
    await world.client.beta.sessions.events.send(id, { events: [tell(...rounds)] });
    const all = await eventually('the end of the turn', async () => {
      const now = await history(world.client, id);
      return now.length > before + 1 && now.at(-1)?.type === 'session.status_idle' ? now : null;
    });
    return all.slice(before);
  }

  /** What the model was told last, in the words of neither protocol. */
  const told = () => joined(world.model.requests.at(-1)?.read.messages ?? []);

  test('a call runs once, in the documented order, and the model reads what came of it', async () => {
    const id = await open('always_allow');
    const all = await turn(id, { text: 'Let me see.', calls: [order('look_up', { id: 7 })] });
    expect(typesOf(all)).toEqual([
      ...['user.message', ...resumed, 'agent.message', 'agent.mcp_tool_use', 'span.model_request_end'],
      ...['agent.mcp_tool_result', 'span.model_request_start', 'agent.message', 'span.model_request_end'],
      ...rested,
    ]);
    const [call] = mcpCallsIn(all);
    expect(call).toEqual({
      ...{
        id: expect.stringMatching(/^sevt_/),
        type: 'agent.mcp_tool_use',
        processed_at: expect.any(String),
      },
      ...{ mcp_server_name: 'orders', name: 'look_up', input: { id: 7 } },
      ...{ evaluated_permission: 'allow', evaluation: { type: 'always_allow' } },
    });
    expect(all.find((event) => event.type === 'agent.mcp_tool_result')).toEqual({
      ...{
        id: expect.stringMatching(/^sevt_/),
        type: 'agent.mcp_tool_result',
        processed_at: expect.any(String),
      },
      ...{ mcp_tool_use_id: call?.id, content: [{ type: 'text', text: '{"id":7}' }], is_error: false },
    });
    expect(all.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    expect(mcp.calls).toEqual([{ name: 'look_up', input: { id: 7 }, authorization: null }]);
    expect(mcp.methods.filter((method) => method === 'tools/call')).toHaveLength(1);
    expect(told().slice(1)).toMatchObject([
      {
        role: 'assistant',
        text: 'Let me see.',
        calls: [{ id: call?.id, name: 'mcp__orders__look_up', input: { id: 7 } }],
      },
      { role: 'user', results: [{ id: call?.id, text: '{"id":7}' }] },
    ]);
  });

  test('the model is told of the tools as their server describes them, behind those of the user', async () => {
    await turn(await open('always_allow'), { text: 'Hello.' });
    const body = world.model.requests.at(-1)?.body as { tools: Record<string, unknown>[] };
    const described = body.tools.map((tool) => (provider === 'openai' ? tool['function'] : tool));
    const schema = { type: 'object', properties: { id: {} } };
    expect(described.slice(0, 2)).toMatchObject([
      { name: 'ask_user' },
      {
        ...{ name: 'mcp__orders__look_up', description: 'Finds an order.' },
        ...(provider === 'openai' ? { parameters: schema } : { input_schema: schema }),
      },
    ]);
    expect(described).toHaveLength(1 + tools.length);
  });

  test('pictures, errors and nothing at all reach the model as what they are', async () => {
    const id = await open('always_allow');
    const all = await turn(id, {
      calls: [order('paint'), order('fail'), order('throw'), order('nothing')],
    });
    expect(mcpResultsIn(all)).toEqual([
      { text: '(image)', is_error: false },
      { text: 'No such order.', is_error: true },
      { text: expect.stringContaining('answered with an error: Out of order.'), is_error: true },
      { text: '', is_error: false },
    ]);
    expect(mcp.calls).toHaveLength(4);
    const body = JSON.stringify(world.model.requests.at(-1)?.body);
    expect(body).toContain(picture);
    expect(body).toContain(provider === 'openai' ? 'The tool failed: No such order.' : '"is_error":true');
    expect(
      told()
        .at(-1)
        ?.results.map((result) => result.id),
    ).toEqual(mcpCallsIn(all).map((call) => call.id));
    expect(answersIn(all)).toEqual(['Done.']);
  });

  test('calls of one reply run side by side', async () => {
    const id = await open('always_allow', { tools: [meeting(3)] });
    const all = await turn(id, {
      calls: [order('meet', { n: 1 }), order('meet', { n: 2 }), order('meet', { n: 3 })],
    });
    expect(mcpResultsIn(all)).toEqual(Array(3).fill({ text: 'All are here.', is_error: false }));
    expect(mcp.calls.map(({ input }) => input['n']).toSorted()).toEqual([1, 2, 3]);
    expect(typesOf(all).filter((type) => type === 'span.model_request_start')).toHaveLength(2);
  });

  test('several rounds make one turn, and the next turn knows of them', async () => {
    const id = await open('always_allow');
    const all = await turn(
      id,
      { calls: [order('look_up', { id: 1 })] },
      { text: 'More.', calls: [order('look_up', { id: 2 }), order('look_up', { id: 3 })] },
    );
    expect(typesOf(all).filter((type) => type === 'session.status_running')).toHaveLength(1);
    expect(answersIn(all)).toEqual(['More.', 'Done.']);
    expect(answersIn(await converse(world.client, id, 'And now?')).at(-1)).toBe('Reply to And now?');
    expect(told().flatMap((one) => one.results.map(({ text }) => text))).toEqual([
      '{"id":1}',
      '{"id":2}',
      '{"id":3}',
    ]);
    expect(mcp.calls).toHaveLength(3);
    expect(mcp.methods.filter((method) => method === 'tools/list')).toHaveLength(1);
  });

  test('a tool that is not enabled is not offered and does not run', async () => {
    const id = await open({
      default_config: { permission_policy: { type: 'always_allow' } },
      configs: [{ name: 'remove', enabled: false }],
    });
    const all = await turn(id, { calls: [order('remove', { id: 1 }), order('look_up')] });
    expect(world.model.requests.at(-1)?.read.tools).not.toContain('mcp__orders__remove');
    expect(mcp.calls.map(({ name }) => name)).toEqual(['look_up']);
    const refused = all.find((event) => event.type === 'agent.tool_use');
    expect(refused).toMatchObject({ name: 'mcp__orders__remove', evaluated_permission: 'deny' });
    expect(refused).not.toHaveProperty('evaluation');
    expect(all.find((event) => event.type === 'agent.tool_result')).toMatchObject({
      ...{ tool_use_id: refused?.id, is_error: true },
      content: [{ text: 'There is no tool of the name mcp__orders__remove.' }],
    });
    expect(typesOf(all).slice(0, 8)).toEqual([
      ...['user.message', ...resumed, 'agent.tool_use', 'agent.mcp_tool_use'],
      ...['span.model_request_end', 'agent.tool_result'],
    ]);
  });

  test('only what is enabled by itself runs where the rest is not', async () => {
    const id = await open({
      default_config: { enabled: false, permission_policy: { type: 'always_allow' } },
      configs: [{ name: 'look_up', enabled: true }],
    });
    const all = await turn(id, { calls: [order('look_up'), order('paint')] });
    expect(world.model.requests.at(-1)?.read.tools).toEqual(['ask_user', 'mcp__orders__look_up']);
    expect(mcpResultsIn(all)).toEqual([{ text: '{}', is_error: false }]);
  });

  test('what runs by itself runs at once, and then the client is asked for the rest in one list', async () => {
    const id = await open({
      default_config: { permission_policy: { type: 'always_allow' } },
      configs: [{ name: 'remove', permission_policy: { type: 'always_ask' } }],
    });
    const asking = await turn(id, {
      calls: [order('remove'), { name: 'ask_user', input: {} }, order('look_up', { id: 1 })],
    });
    expect(typesOf(asking).slice(4)).toEqual([
      ...['agent.mcp_tool_use', 'agent.custom_tool_use', 'agent.mcp_tool_use', 'span.model_request_end'],
      ...['agent.mcp_tool_result', ...rested],
    ]);
    const [remove, lookUp] = mcpCallsIn(asking);
    expect(remove).toMatchObject({ evaluated_permission: 'ask', evaluation: { type: 'always_ask' } });
    expect(lookUp).toMatchObject({ evaluated_permission: 'allow', evaluation: { type: 'always_allow' } });
    const custom = asking.find((event) => event.type === 'agent.custom_tool_use');
    expect(askedIn(asking)).toEqual([remove?.id, custom?.id]);
    expect(mcp.calls.map(({ name }) => name)).toEqual(['look_up']);
    const allow = {
      type: 'user.tool_confirmation' as const,
      tool_use_id: remove?.id ?? '',
      result: 'allow' as const,
    };
    await world.client.beta.sessions.events.send(id, { events: [allow, answerTo(custom?.id ?? '', 'Yes.')] });
    const all = await untilTurns(world.client, id);
    expect(mcp.calls.map(({ name }) => name)).toEqual(['look_up', 'remove']);
    expect(
      told()
        .at(-1)
        ?.results.map(({ text }) => text)
        .toSorted(),
    ).toEqual(['Removed.', 'Yes.', '{"id":1}']);
    expect(typesOf(all).slice(asking.length)).toEqual([
      ...['user.tool_confirmation', 'user.custom_tool_result', 'session.status_running'],
      ...['session.thread_status_running', 'agent.mcp_tool_result', 'span.model_request_start'],
      ...['agent.message', 'span.model_request_end', ...rested],
    ]);
  });

  test('two servers may have tools of one name, and each gets its own calls', async () => {
    const other = await startMcpServer({ tools: [{ name: 'look_up', run: () => 'from the other' }] });
    mcp = await startMcpServer({ tools });
    const both = {
      orders: { at: mcp, may: 'always_allow' },
      'parts list': { at: other, may: 'always_allow' },
    } as const;
    const setting = await makeMcpSetting(world.client, both, { provider });
    const { id } = await openSession(world.client, setting);
    await converse(world.client, id, 'Hello.');
    const offered = world.model.requests.at(-1)?.read.tools ?? [];
    const name = offered.find((one) => one.startsWith('mcp__parts_list__look_up_')) ?? '';
    const all = await turn(id, { calls: [order('look_up', { id: 1 }), { name, input: { id: 2 } }] });
    expect(mcpCallsIn(all)).toMatchObject([
      { mcp_server_name: 'orders', name: 'look_up' },
      { mcp_server_name: 'parts list', name: 'look_up' },
    ]);
    expect(mcpResultsIn(all).map((result) => result?.text)).toEqual(['{"id":1}', 'from the other']);
    expect([mcp.calls.length, other.calls.length]).toEqual([1, 1]);
    await other.close();
  });

  test('an input that is no object is answered with an error, and never sent', async () => {
    const id = await open('always_allow');
    const all = await turn(id, {
      calls: [{ name: 'mcp__orders__look_up', raw: '{"id":' }, order('look_up')],
    });
    expect(mcp.calls).toHaveLength(1);
    expect(all.find((event) => event.type === 'agent.tool_result')).toMatchObject({ is_error: true });
    expect(told().at(-1)?.results).toHaveLength(2);
  });

  test('a session can be given other servers between two turns', async () => {
    const id = await open('always_allow');
    await turn(id, { calls: [order('look_up', { id: 1 })] });
    const other = await startMcpServer({ tools: [{ name: 'look_up', run: () => 'elsewhere' }] });
    await world.client.beta.sessions.update(id, {
      agent: armedWith({ orders: { at: other, may: 'always_allow' } }),
    } as never);
    expect(mcpResultsIn(await turn(id, { calls: [order('look_up', { id: 2 })] }))).toEqual([
      { text: 'elsewhere', is_error: false },
    ]);
    expect([mcp.calls.length, other.calls.length]).toEqual([1, 1]);
    await world.client.beta.sessions.update(id, { agent: { tools: [], mcp_servers: [] } } as never);
    const last = await turn(id, { text: 'Hello.' });
    expect(errorsIn(last)).toEqual([]);
    expect(answersIn(last)).toEqual(['Hello.']);
    expect(world.model.requests.at(-1)?.read.tools).not.toContain('ask_user');
    expect(world.model.requests.at(-1)?.body).toMatchObject(
      provider === 'openai'
        ? {}
        : { tools: [{ name: 'mcp__orders__look_up' }], tool_choice: { type: 'none' } },
    );
    await other.close();
  });
});

test('a session begins with a call', async () => {
  mcp = await startMcpServer({ tools });
  const setting: Setting = await makeMcpSetting(world.client, { orders: { at: mcp, may: 'always_allow' } });
  const { id } = await openSession(world.client, setting, {
    initial_events: [tell({ calls: [order('look_up', { id: 1 })] })],
  });
  expect(mcpResultsIn(await untilTurns(world.client, id))).toEqual([{ text: '{"id":1}', is_error: false }]);
});

test('a call under way is running for everybody, and messages wait behind it', async () => {
  const release = Promise.withResolvers<string>();
  mcp = await startMcpServer({ tools: [{ name: 'hold', run: () => release.promise }] });
  const setting = await makeMcpSetting(world.client, { orders: { at: mcp, may: 'always_allow' } });
  const { id } = await openSession(world.client, setting);
  await world.client.beta.sessions.events.send(id, { events: [tell({ calls: [order('hold')] })] });
  await mcp.until('tools/call');
  expect((await world.client.beta.sessions.retrieve(id)).status).toBe('running');
  const { data } = await world.client.beta.sessions.events.send(id, { events: [say('Hurry.')] });
  expect(data).toMatchObject([{ processed_at: null }]);
  release.resolve('Here.');
  expect(answersIn(await untilTurns(world.client, id, 2))).toEqual(['Done.', 'Reply to Hurry.']);
  expect(mcp.calls).toHaveLength(1);
});
