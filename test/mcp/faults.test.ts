import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type McpFault, type McpServerOnLoopback, startMcpServer } from '../mcp-server.ts';
import {
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
import { answersIn, eventually, openSession, typesOf } from '../story.ts';
import { rested, resumed } from '../tool-story.ts';

/*
 * The goal: whatever an MCP server does, the session says it in one event, goes on without the server, and has it back
 * with the next turn; and no call that may have run is sent twice. The method: real servers that misbehave.
 */

let world: McpWorld;
let hasty: McpWorld;
let closed: McpWorld;
const servers: McpServerOnLoopback[] = [];

beforeAll(async () => {
  [world, hasty, closed] = await Promise.all([
    startMcpWorld(),
    startMcpWorld({ mcp_timeout_ms: '700' }),
    startMcpWorld({ allow_private_mcp: 'false' }),
  ]);
});

afterAll(() => Promise.all([world, hasty, closed].map((one) => one.close())));

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(
  options: Partial<Parameters<typeof startMcpServer>[0]> = {},
): Promise<McpServerOnLoopback> {
  const server = await startMcpServer({ tools: [{ name: 'pay', run: () => 'Paid.' }], ...options });
  servers.push(server);
  return server;
}

type Place = Pick<McpServerOnLoopback, 'url'>;

async function open({ client }: McpWorld, at: Place): Promise<string> {
  const setting = await makeMcpSetting(client, { orders: { at, may: 'always_allow' } });
  return (await openSession(client, setting)).id;
}

/** A turn of a session, by itself. */
async function turn({ client }: McpWorld, id: string, ...rounds: Said[]) {
  const { data } = await client.beta.sessions.events.send(id, { events: [tell(...rounds)] });
  const before = (await client.beta.sessions.events.list(id)).data.findIndex(
    ({ id: one }) => one === data?.[0]?.id,
  );
  const count = typesOf((await client.beta.sessions.events.list(id)).data.slice(0, before));
  const rests = count.filter((type) => type === 'session.status_idle').length;
  return (await untilTurns(client, id, rests + 1)).slice(before);
}

const offered = ({ model }: McpWorld) => model.requests.at(-1)?.read.tools;
const pay = { calls: [order('pay', { sum: 1 })] };
const sentCalls = (server: McpServerOnLoopback) =>
  server.methods.filter((method) => method === 'tools/call').length;

const connection = 'mcp_connection_failed_error';
const authentication = 'mcp_authentication_failed_error';
const withoutTools = [
  ...['user.message', ...resumed, 'session.error', 'agent.message', 'span.model_request_end'],
  ...rested,
];

type Case = readonly [what: string, fault: McpFault, type: string, words: string, mayHaveRun: boolean];
const faults: readonly Case[] = [
  ['breaks off', 'die', connection, 'broke off before it had answered', true],
  ['answers garbage', 'garbage', connection, 'answered with something that is not MCP', true],
  ['answers without end', 'flood', connection, 'answered with more than is taken', true],
  ['fails', { status: 500 }, connection, 'answered with HTTP 500', true],
  ['has too much to do', { status: 429 }, connection, 'answered with HTTP 429', false],
  [
    ...(['asks for credentials', { status: 401 }, authentication] as const),
    ...(['asked for credentials (HTTP 401), and there are none for it', false] as const),
  ],
  [
    ...(['forbids', { status: 403 }, authentication] as const),
    ...(['asked for credentials (HTTP 403), and there are none for it', false] as const),
  ],
  [
    ...(['leads elsewhere', { redirect: 'http://127.0.0.1:9/elsewhere' }, connection] as const),
    ...(['answered with a redirect (HTTP 307), which is not followed', false] as const),
  ],
];
const stalls = ['stalls', 'stall', connection, 'did not answer within 0.7 s', true] as const;

describe('A server that from the start', () => {
  test.each([...faults, stalls])(
    '%s is told of once, and is back with the next turn',
    async (_what, fault, type, words) => {
      const place = fault === 'stall' ? hasty : world;
      const mcp = await start();
      mcp.fault('*', fault);
      const id = await open(place, mcp);
      const first = await turn(place, id, { text: 'Without it.' });
      expect(typesOf(first)).toEqual(withoutTools);
      expect(errorsIn(first)).toEqual([
        {
          ...{ type, message: `The MCP server "orders" ${words}.`, mcp_server_name: 'orders' },
          retry_status: { type: 'retrying' },
        },
      ]);
      expect(answersIn(first)).toEqual(['Without it.']);
      expect(first.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(offered(place)).toEqual([]);
      // Told again as long as it lasts, and over when it is.
      expect(errorsIn(await turn(place, id, { text: 'Still.' }))).toMatchObject([{ type }]);
      mcp.fault('*', null);
      const third = await turn(place, id, pay);
      expect(errorsIn(third)).toEqual([]);
      expect(mcpResultsIn(third)).toEqual([{ text: 'Paid.', is_error: false }]);
      expect(mcp.calls).toHaveLength(1);
    },
  );

  test('cannot be connected to is told of, and the turn goes on', async () => {
    const mcp = await start();
    await mcp.close();
    const all = await turn(world, await open(world, mcp), { text: 'Without it.' });
    expect(errorsIn(all)).toMatchObject([
      { type: connection, message: 'The MCP server "orders" could not be connected to.' },
    ]);
    expect(answersIn(all)).toEqual(['Without it.']);
  });

  test('is on this machine is not even asked, unless the operator allows it', async () => {
    const mcp = await start();
    const all = await turn(closed, await open(closed, mcp), pay);
    expect(errorsIn(all)).toMatchObject([
      {
        type: connection,
        message: expect.stringContaining('it is on this machine, in a private network or not on HTTPS'),
      },
    ]);
    expect(mcpCallsIn(all)).toEqual([]);
    expect(answersIn(all)).toEqual(['Done.']);
    expect(await mcp.connections()).toBe(0);
    expect(mcp.methods).toEqual([]);
  });

  test('is away does not take the other one with it', async () => {
    const [away, there] = await Promise.all([start(), start()]);
    away.fault('*', 'die');
    const setting = await makeMcpSetting(world.client, {
      away: { at: away, may: 'always_allow' },
      orders: { at: there, may: 'always_allow' },
    });
    const all = await turn(world, (await openSession(world.client, setting)).id, pay);
    expect(errorsIn(all)).toMatchObject([{ type: connection, mcp_server_name: 'away' }]);
    expect(mcpResultsIn(all)).toEqual([{ text: 'Paid.', is_error: false }]);
  });

  test('has too many tools is not used', async () => {
    const many = Array.from({ length: 1001 }, (_, n) => ({ name: `tool_${n}` }));
    const all = await turn(world, await open(world, await start({ tools: many })), { text: 'Without it.' });
    expect(errorsIn(all)).toMatchObject([{ message: 'The MCP server "orders" has more than 1000 tools.' }]);
    expect(answersIn(all)).toEqual(['Without it.']);
  });
});

describe('A server that in the middle of a call', () => {
  const dies = ['dies', 'die_in_call', connection, 'broke off before it had answered', true] as const;

  test.each([...faults, dies, stalls])(
    '%s gets no second one, and the model reads what happened',
    async (_what, fault, type, words, mayHaveRun) => {
      const place = fault === 'stall' ? hasty : world;
      const mcp = await start();
      const id = await open(place, mcp);
      await turn(place, id, { text: 'Hello.' });
      mcp.fault('tools/call', fault);
      const all = await turn(place, id, pay);
      const told = `The MCP server "orders" ${words}.`;
      const text = mayHaveRun ? `${told} The call may have had its effect.` : told;
      expect(mcpResultsIn(all)).toEqual([{ text, is_error: true }]);
      expect(errorsIn(all)).toEqual([
        { type, message: told, mcp_server_name: 'orders', retry_status: { type: 'retrying' } },
      ]);
      expect(typesOf(all)).toEqual([
        ...['user.message', ...resumed, 'agent.mcp_tool_use', 'span.model_request_end'],
        ...['session.error', 'agent.mcp_tool_result'],
        ...['span.model_request_start', 'agent.message', 'span.model_request_end', ...rested],
      ]);
      expect(all.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(sentCalls(mcp)).toBe(1);
      expect(mcp.calls).toHaveLength(fault === 'die_in_call' ? 1 : 0);
      const results = place.model.requests.at(-1)?.read.messages.flatMap((message) => message.results);
      expect(results?.at(-1)?.text).toBe(text);
      mcp.fault('tools/call', null);
      const next = await turn(place, id, pay);
      expect(errorsIn(next)).toEqual([]);
      expect(mcpResultsIn(next)).toEqual([{ text: 'Paid.', is_error: false }]);
      expect(sentCalls(mcp)).toBe(2);
    },
  );

  test('dies answers the other calls of the same reply', async () => {
    const [mcp, other] = await Promise.all([start(), start()]);
    const setting = await makeMcpSetting(world.client, {
      orders: { at: mcp, may: 'always_allow' },
      other: { at: other, may: 'always_allow' },
    });
    mcp.fault('tools/call', 'die_in_call');
    const calls = [...pay.calls, { name: 'mcp__other__pay', input: {} }, ...pay.calls];
    const all = await turn(world, (await openSession(world.client, setting)).id, { calls });
    const failed = { text: expect.stringContaining('may have had its effect'), is_error: true };
    expect(mcpResultsIn(all)).toEqual([failed, { text: 'Paid.', is_error: false }, failed]);
    expect([sentCalls(mcp), sentCalls(other)]).toEqual([2, 1]);
    expect(answersIn(all)).toEqual(['Done.']);
  });

  test('answers with an error of the protocol is heard, and there is no error of the session', async () => {
    const fails = (): never => {
      throw new Error('No.');
    };
    const mcp = await start({ tools: [{ name: 'pay', run: fails }] });
    const all = await turn(world, await open(world, mcp), pay);
    expect(mcpResultsIn(all)).toMatchObject([{ is_error: true }]);
    expect(errorsIn(all)).toEqual([]);
    expect(mcp.calls).toHaveLength(1);
  });

  test.each(['newest', 'sessions', 'old'] as const)(
    'dies and comes back, speaking %s, is used again',
    async (kind) => {
      const mcp = await start({ kind });
      const id = await open(world, mcp);
      expect(mcpResultsIn(await turn(world, id, pay))).toEqual([{ text: 'Paid.', is_error: false }]);
      mcp.fault('tools/call', 'die_in_call');
      expect(mcpResultsIn(await turn(world, id, pay))).toMatchObject([{ is_error: true }]);
      mcp.fault('tools/call', null);
      await mcp.forgetSessions();
      expect(mcpResultsIn(await turn(world, id, pay))).toEqual([{ text: 'Paid.', is_error: false }]);
      expect(mcp.calls).toHaveLength(3);
    },
  );
});

describe('Tools that change', () => {
  test('between two turns are the new ones in the next', async () => {
    const mcp = await start();
    const id = await open(world, mcp);
    await turn(world, id, { text: 'Hello.' });
    expect(offered(world)).toEqual(['mcp__orders__pay']);
    await mcp.setTools([{ name: 'refund', run: () => 'Refunded.' }]);
    await eventually('the new tools', async () => {
      await turn(world, id, { text: 'And now?' });
      return offered(world)?.join() === 'mcp__orders__refund';
    });
    const all = await turn(world, id, { calls: [order('pay'), order('refund')] });
    expect(all.find((event) => event.type === 'agent.tool_use')).toMatchObject({
      evaluated_permission: 'deny',
    });
    expect(mcpResultsIn(all)).toEqual([{ text: 'Refunded.', is_error: false }]);
    expect(mcp.calls.map(({ name }) => name)).toEqual(['refund']);
  });

  test('in the middle of a turn fail where they are called, and are the new ones in the next', async () => {
    const mcp: McpServerOnLoopback = await start({
      tools: [
        { name: 'pay' },
        {
          name: 'change',
          run: async () => {
            await mcp.setTools([{ name: 'refund' }]);
            return 'Changed.';
          },
        },
      ],
    });
    const id = await open(world, mcp);
    const seen = world.model.requests.length;
    const all = await turn(
      world,
      id,
      { calls: [order('change')] },
      { calls: [order('pay'), order('refund')] },
    );
    expect(mcpResultsIn(all)).toEqual([
      { text: 'Changed.', is_error: false },
      { text: expect.stringContaining('pay'), is_error: true },
    ]);
    expect(all.find((event) => event.type === 'agent.tool_use')).toMatchObject({
      name: 'mcp__orders__refund',
    });
    expect(mcp.calls.map(({ name }) => name)).toEqual(['change']);
    // What the model is offered stays the same to the end of a turn, so that its cache holds.
    const lists = world.model.requests.slice(seen).map(({ read }) => read.tools.join());
    expect(new Set(lists)).toEqual(new Set(['mcp__orders__pay,mcp__orders__change']));
    await eventually('the new tools', async () => {
      await turn(world, id, { text: 'And now?' });
      return offered(world)?.join() === 'mcp__orders__refund';
    });
    expect(answersIn(await turn(world, id, { calls: [order('refund')] }))).toEqual(['Done.']);
    expect(mcp.calls.map(({ name }) => name)).toEqual(['change', 'refund']);
  });

  test('while a call waits to be allowed fail when it is', async () => {
    const mcp = await start();
    const setting = await makeMcpSetting(world.client, { orders: { at: mcp, may: 'always_ask' } });
    const { id } = await openSession(world.client, setting);
    await world.client.beta.sessions.events.send(id, { events: [tell(pay)] });
    const call = await eventually('the call', async () => {
      const all = (await world.client.beta.sessions.events.list(id)).data;
      return all.at(-1)?.type === 'session.status_idle' ? mcpCallsIn(all)[0] : null;
    });
    await mcp.setTools([{ name: 'refund' }]);
    const allow = { type: 'user.tool_confirmation' as const, tool_use_id: call.id, result: 'allow' as const };
    await world.client.beta.sessions.events.send(id, { events: [allow] });
    const all = await untilTurns(world.client, id);
    expect(mcpResultsIn(all)).toEqual([{ text: expect.stringContaining('pay'), is_error: true }]);
    expect(answersIn(all)).toEqual(['Done.']);
    expect(mcp.calls).toEqual([]);
  });
});

describe('Tools that no model could be told of as they are', () => {
  test('are offered under names and with schemas that are taken', async () => {
    const names = ['with spaces', 'x'.repeat(200), 'ümläut', 'pay'];
    const mcp = await start({
      tools: names.map((name) => ({
        name,
        input_schema: {
          properties: { a: {} },
          anyOf: [{ required: ['a'] }],
          oneOf: [{}],
          allOf: [{}],
          not: {},
        },
        run: () => name,
      })),
    });
    const id = await open(world, mcp);
    await turn(world, id, { text: 'Hello.' });
    const tools = offered(world) ?? [];
    expect(tools.filter((name) => !/^[\w-]{1,64}$/.test(name))).toEqual([]);
    const body = world.model.requests.at(-1)?.body as { tools: { input_schema: object }[] };
    expect(body.tools.map((tool) => tool.input_schema)).toEqual(
      Array(4).fill({ type: 'object', properties: { a: {} } }),
    );
    const all = await turn(world, id, { calls: tools.map((name) => ({ name, input: {} })) });
    expect(mcpResultsIn(all).map((result) => result?.text)).toEqual(names);
    expect(mcpCallsIn(all).map((call) => call.name)).toEqual(names);
  });
});
