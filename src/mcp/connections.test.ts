import { afterEach, beforeEach, expect, test } from 'vitest';
import { type McpServerOnLoopback, startMcpServer } from '../../test/mcp-server.ts';
import { createClock } from '../core/clock.ts';
import { createConnections } from './connections.ts';

const never = new AbortController().signal;
const deps = { pawl_version: '0', patience_ms: 20_000, idle_ms: 60_000, allow_private: true, most: 3 };

let server: McpServerOnLoopback;
let connections: ReturnType<typeof createConnections>;
beforeEach(async () => {
  server = await startMcpServer({ kind: 'sessions', tools: [] });
  connections = createConnections({ ...deps, clock: createClock(Date.now) });
});
afterEach(async () => {
  await connections.stop();
  await server.close();
});

const at = (authorization: string) => ({ url: server.url, authorization });
const greetings = () => server.methods.filter((method) => method === 'initialize').length;
const goodbyes = () => server.methods.filter((method) => method === 'DELETE').length;
const nothing = async (): Promise<void> => {};

/** Uses a connection until it is told to leave it. */
function hold(authorization: string) {
  const held = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  const using = connections.use(at(authorization), never, () => {
    held.resolve();
    return leave.promise;
  });
  return { held: held.promise, leave: () => leave.resolve(), fail: leave.reject, using };
}

test('Whoever has the same address and credentials shares one', async () => {
  await Promise.all([1, 2, 3].map(() => connections.use(at('a'), never, nothing)));
  await connections.use(at('a'), never, nothing);
  expect([greetings(), connections.isOpen(at('a')), connections.isOpen(at('b'))]).toEqual([1, true, false]);
});

test('The one that has not been used the longest makes room for another', async () => {
  for (const one of ['a', 'b', 'c', 'a', 'd']) await connections.use(at(one), never, nothing);
  expect(['a', 'b', 'c', 'd'].map((one) => connections.isOpen(at(one)))).toEqual([true, false, true, true]);
  await server.until('DELETE');
  expect(goodbyes()).toBe(1);
});

test('What is in use makes no room, and another is refused until somebody leaves', async () => {
  const users = ['a', 'b', 'c'].map(hold);
  await Promise.all(users.map(({ held }) => held));
  await expect(connections.use(at('d'), never, nothing)).rejects.toThrow(
    '3 connections to MCP servers are in use',
  );
  users[1]?.leave();
  await users[1]?.using;
  await connections.use(at('d'), never, nothing);
  for (const { leave } of users) leave();
  expect(connections.isOpen(at('b'))).toBe(false);
});

test('After a failure nobody new gets it, and it is closed when the last has left', async () => {
  const [first, second] = [hold('a'), hold('a')];
  await Promise.all([first.held, second.held]);
  first.fail(new Error('broken'));
  await expect(first.using).rejects.toThrow('broken');
  expect([connections.isOpen(at('a')), goodbyes()]).toEqual([false, 0]);
  await connections.use(at('a'), never, nothing);
  expect(greetings()).toBe(2);
  second.leave();
  await second.using;
  await server.until('DELETE');
});

test('Who stops waiting for a connection leaves it to the others', async () => {
  server.fault('initialize', 'stall');
  server.fault('server/discover', 'stall');
  const caller = new AbortController();
  const waiting = connections.use(at('a'), caller.signal, nothing);
  const other = connections.use(at('a'), never, nothing);
  await server.until('server/discover');
  caller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  const stopped = expect(other).rejects.toThrow('this server is stopping');
  await connections.stop();
  await stopped;
});
