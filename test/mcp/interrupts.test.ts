import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type McpKind, type McpServerOnLoopback, startMcpServer } from '../mcp-server.ts';
import {
  type Armed,
  confirm,
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
import type { SaidCall } from '../model-replies.ts';
import { requestProblems } from '../request-shape.ts';
import { answersIn, errorOf, eventually, history, openSession, say, typesOf } from '../story.ts';
import { rested, resumed } from '../tool-story.ts';

/*
 * The goal: an interrupt ends a turn at once, whatever its MCP servers are doing, the servers are told, and what comes
 * from them later changes nothing. The method: tools that run until the test says so.
 */

let world: McpWorld;
let mcp: McpServerOnLoopback;
let held: { release: () => void; readonly aborted: number };

beforeAll(async () => {
  world = await startMcpWorld();
});

afterAll(() => world.close());

afterEach(async () => {
  held.release();
  await mcp.close();
  const { requests } = world.model;
  expect(requests.flatMap(({ read, body }) => requestProblems(read.protocol, body))).toEqual([]);
});

const may = {
  default_config: { permission_policy: { type: 'always_allow' } },
  configs: [{ name: 'pay', permission_policy: { type: 'always_ask' } }],
} as const satisfies Armed['may'];

/** A session that is in the middle of these calls, of which `hold` runs until it is released. */
async function holding(calls: readonly SaidCall[], kind: McpKind = 'newest') {
  const gate = Promise.withResolvers<string>();
  const seen = { aborted: 0 };
  held = {
    release: () => gate.resolve('Held.'),
    get aborted() {
      return seen.aborted;
    },
  };
  const hold = {
    name: 'hold',
    run: (_input: unknown, signal: AbortSignal) => {
      signal.addEventListener('abort', () => seen.aborted++);
      return gate.promise;
    },
  };
  mcp = await startMcpServer({ tools: [hold, { name: 'look_up' }, { name: 'pay' }], kind });
  const setting = await makeMcpSetting(world.client, { orders: { at: mcp, may } });
  const { id } = await openSession(world.client, setting);
  await world.client.beta.sessions.events.send(id, { events: [tell({ calls })] });
  await eventually('the call', () => mcp.calls.some(({ name }) => name === 'hold'));
  return id;
}

const interrupt = { type: 'user.interrupt' } as const;
const send = (
  id: string,
  ...events: Parameters<McpWorld['client']['beta']['sessions']['events']['send']>[1]['events']
) => world.client.beta.sessions.events.send(id, { events });
const cutShort = {
  text: 'The turn was interrupted while hold was running. It may have had its effect.',
  is_error: true,
};
const neverRan = { text: 'The turn was interrupted before this call ran.', is_error: true };

describe.each<McpKind>(['newest', 'sessions', 'old'])(
  'A call under way at a server that speaks %s',
  (kind) => {
    test('is aborted by an interrupt, and the next message runs', async () => {
      const id = await holding([order('hold')], kind);
      await send(id, interrupt);
      const all = await untilTurns(world.client, id);
      expect(typesOf(all)).toEqual([
        ...['user.message', ...resumed, 'agent.mcp_tool_use', 'span.model_request_end'],
        ...['user.interrupt', 'agent.mcp_tool_result', ...rested],
      ]);
      expect(mcpResultsIn(all)).toEqual([cutShort]);
      expect(all.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(errorsIn(all)).toEqual([]);
      await eventually('the server to be told', () => held.aborted === 1);
      await send(id, say('Next.'));
      const next = await untilTurns(world.client, id, 2);
      expect(answersIn(next)).toEqual(['Reply to Next.']);
      const told = world.model.requests.at(-1)?.read.messages.flatMap((message) => message.results);
      expect(told).toEqual([{ id: mcpCallsIn(all)[0]?.id, text: cutShort.text }]);
      await send(id, tell({ calls: [order('look_up')] }));
      expect(mcpResultsIn(await untilTurns(world.client, id, 3)).at(-1)).toEqual({
        text: '{}',
        is_error: false,
      });
      expect(mcp.calls.map(({ name }) => name)).toEqual(['hold', 'look_up']);
    });
  },
);

test('an interrupt with a message behind it ends one turn and begins the next', async () => {
  const id = await holding([order('hold')]);
  await send(id, interrupt, say('Instead.'));
  const all = await untilTurns(world.client, id, 2);
  expect(mcpResultsIn(all)).toEqual([cutShort]);
  expect(answersIn(all)).toEqual(['Reply to Instead.']);
});

test('what other calls of the reply have answered stays, and what waited for a word never runs', async () => {
  const id = await holding([order('look_up', { n: 1 }), order('hold'), order('pay'), order('pay', { n: 2 })]);
  await eventually('the first answer', async () => mcpResultsIn(await history(world.client, id))[0] !== null);
  const [, , , second] = mcpCallsIn(await history(world.client, id));
  await send(id, confirm(second?.id));
  await send(id, interrupt);
  const all = await untilTurns(world.client, id);
  expect(mcpResultsIn(all)).toEqual([{ text: '{"n":1}', is_error: false }, cutShort, neverRan, neverRan]);
  expect((await errorOf(send(id, confirm(mcpCallsIn(all)[2]?.id)))).status).toBe(400);
  expect(mcp.calls.map(({ name }) => name).toSorted()).toEqual(['hold', 'look_up']);
});

test('an answer that comes after the interrupt is not heard', async () => {
  const id = await holding([order('hold'), order('hold')]);
  await eventually('both calls', () => mcp.calls.length === 2);
  await send(id, interrupt);
  const all = await untilTurns(world.client, id);
  held.release();
  await send(id, say('Next.'));
  const next = await untilTurns(world.client, id, 2);
  expect(next.slice(0, all.length)).toEqual(all);
  expect(mcpResultsIn(next)).toEqual([cutShort, cutShort]);
});

test('a second interrupt changes nothing', async () => {
  const id = await holding([order('hold')]);
  await Promise.all([send(id, interrupt), send(id, interrupt)]);
  const all = await untilTurns(world.client, id);
  expect(mcpResultsIn(all)).toEqual([cutShort]);
  expect(typesOf(all).filter((type) => type === 'session.status_idle')).toHaveLength(1);
});

test('an interrupt while a server is asked for its tools ends the turn before the model is asked', async () => {
  const id = await holding([order('hold')]);
  await send(id, interrupt);
  await untilTurns(world.client, id);
  const other = await startMcpServer({ tools: [{ name: 'look_up' }] });
  other.fault('*', 'stall');
  const setting = await makeMcpSetting(world.client, { orders: { at: other, may } });
  const slow = await openSession(world.client, setting);
  const asked = world.model.requests.length;
  await send(slow.id, say('Hello.'));
  await eventually('the server asked', () => other.methods.length > 0);
  await send(slow.id, interrupt);
  const all = await untilTurns(world.client, slow.id);
  expect(typesOf(all)).toEqual([
    'user.message',
    ...resumed,
    'user.interrupt',
    'span.model_request_end',
    ...rested,
  ]);
  expect(world.model.requests.length).toBe(asked);
  other.fault('*', null);
  await send(slow.id, tell({ calls: [order('look_up')] }));
  expect(mcpResultsIn(await untilTurns(world.client, slow.id, 2))).toEqual([{ text: '{}', is_error: false }]);
  await other.close();
});

test('a session with a call under way cannot be archived, and lets go of it when it is deleted', async () => {
  const id = await holding([order('hold')]);
  const { sessions } = world.client.beta;
  expect((await errorOf(sessions.archive(id))).status).toBe(400);
  expect((await errorOf(sessions.delete(id))).status).toBe(400);
  await send(id, interrupt);
  await untilTurns(world.client, id);
  expect((await sessions.archive(id)).status).toBe('terminated');
});
