import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AnswerTooLongError, createGuardedFetch } from './guarded-fetch.ts';

/*
 * The goal: a `fetch` that goes nowhere it may not go, takes in no more than it should, and knows whether what it sent
 * may have arrived. The method: a server on loopback that the test tells what to do.
 */

let server: Server;
let url: string;
let visits = 0;
let react: (request: IncomingMessage, response: ServerResponse) => unknown;

beforeAll(async () => {
  server = createServer((request, response) => {
    response.on('error', () => {});
    void react(request, response);
  });
  server.on('connection', () => {
    visits += 1;
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** A name service with one answer. */
const says = (address: string): never =>
  ((_name: string, _options: object, callback: (error: null, found: object[]) => void) => {
    callback(null, [{ address, family: 4 }]);
  }) as never;

const lax = { allow_private: true, max_bytes: 1000 };

test('A request and its answer arrive as they are, over a connection that is kept', async () => {
  react = async (request, response) => {
    const body = await text(request);
    response.writeHead(201, { 'set-cookie': ['a', 'b'], 'x-got': String(request.headers['x-sent']) });
    response.end(`${request.method} ${body}`);
  };
  const http = createGuardedFetch(lax);
  const before = visits;
  for (let i = 0; i < 3; i++) {
    const answer = await http.fetch(url, { method: 'POST', headers: { 'x-sent': '1' }, body: 'é' });
    expect([answer.status, await answer.text()]).toEqual([201, 'POST é']);
    expect([answer.headers.getSetCookie(), answer.headers.get('x-got')]).toEqual([['a', 'b'], '1']);
  }
  expect(visits - before).toBe(1);
  http.close();
});

test.each([204, 302, 404, 500])('HTTP %d is an answer like any other', async (status) => {
  react = (_request, response) =>
    response.writeHead(status, { location: 'http://elsewhere.example.com/' }).end();
  const http = createGuardedFetch(lax);
  expect((await http.fetch(url)).status).toBe(status);
  http.close();
});

test('An answer is read up to its bound', async () => {
  const http = createGuardedFetch(lax);
  react = (_request, response) => response.end('x'.repeat(1000));
  expect(await (await http.fetch(url)).text()).toHaveLength(1000);
  react = (_request, response) => response.end('x'.repeat(1001));
  await expect((await http.fetch(url)).text()).rejects.toThrow(AnswerTooLongError);
  http.close();
});

test('A reader may leave in the middle, and the connection ends with that', async () => {
  const left = Promise.withResolvers<void>();
  react = (_request, response) => {
    response.on('close', left.resolve);
    response.write('first');
    const more = (): void => void (response.destroyed || response.write('x', () => setImmediate(more)));
    more();
  };
  const http = createGuardedFetch({ ...lax, max_bytes: 1_000_000_000 });
  const reader = (await http.fetch(url)).body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await left.promise;
  http.close();
});

describe('What got no answer', () => {
  test.each([
    ['was broken off before the answer', 'connection_failed', true],
    ['found nobody', 'connection_failed', false],
  ])('%s', async (_what, reason, may_have_arrived) => {
    react = (request) => request.socket.destroy();
    const http = createGuardedFetch(lax);
    const target = may_have_arrived ? url : 'http://127.0.0.1:1/';
    await expect(http.fetch(target)).rejects.toMatchObject({
      name: 'NoAnswerError',
      reason,
      may_have_arrived,
    });
    http.close();
  });

  test('was given up', async () => {
    const arrived = Promise.withResolvers<void>();
    react = () => arrived.resolve();
    const http = createGuardedFetch(lax);
    const patience = new AbortController();
    const waiting = http.fetch(url, { signal: patience.signal });
    await arrived.promise;
    patience.abort();
    await expect(waiting).rejects.toMatchObject({ reason: 'timed_out', may_have_arrived: true });
    http.close();
  });
});

describe('Without leave, no connection is made', () => {
  test.each([
    ['to this machine', (port: string) => `https://127.0.0.1:${port}/`],
    ['over plain HTTP', (port: string) => `http://mcp.example.com:${port}/`],
    ['to a name that stands for this machine', (port: string) => `https://mcp.example.com:${port}/`],
  ])('%s', async (_where, target) => {
    const before = visits;
    const http = createGuardedFetch({ ...lax, allow_private: false, resolve: says('127.0.0.1') });
    await expect(http.fetch(target(new URL(url).port))).rejects.toMatchObject({
      ...{ reason: 'address_not_allowed', may_have_arrived: false },
    });
    expect(visits).toBe(before);
    http.close();
  });
});

test('An answer that changes the protocol is none', async () => {
  react = (request) => request.socket.end('HTTP/1.1 101 Yes\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
  const http = createGuardedFetch(lax);
  const error = await http.fetch(url).catch((one: unknown) => one);
  expect(error).toMatchObject({ reason: 'connection_failed', may_have_arrived: true });
  http.close();
});
