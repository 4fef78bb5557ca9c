import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPost } from './post.ts';

/*
 * The goal: whatever a name stands for, no socket is opened to an address that may not be connected to. The method: a
 * server on loopback that counts who comes, and a name service that says what the test wants.
 */

let server: Server;
let visits: Socket[];
let port: number;

beforeAll(async () => {
  visits = [];
  server = createServer((socket) => {
    visits.push(socket);
    socket.on('error', () => {});
    socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as { port: number }).port;
});
afterAll(() => {
  server.close();
});

type Address = { readonly address: string; readonly family: number };

/** A name service with one answer. */
function says(...addresses: Address[]): never {
  return ((_name: string, _options: object, callback: (error: null, found: readonly Address[]) => void) => {
    callback(null, addresses);
  }) as never;
}

const loopback: Address = { address: '127.0.0.1', family: 4 };

const request = (url: string, signal = AbortSignal.timeout(10_000)) => ({
  ...{ url, headers: {}, body: '{}', signal },
});

describe('Without leave', () => {
  test.each([
    ['this machine', loopback],
    ['the network around it', { address: '10.0.0.1', family: 4 }],
    ['this machine as a mapped address', { address: '::ffff:127.0.0.1', family: 6 }],
    ['nothing', null],
  ])('a name that stands for %s is not connected to', async (_what, address) => {
    const post = createPost({ allow_private: false, resolve: says(...(address === null ? [] : [address])) });
    const result = await post(request(`https://hooks.example.com:${port}/`));
    expect(result).toEqual({ kind: 'failed', error: 'address_not_allowed' });
    expect(visits).toHaveLength(0);
  });

  test.each([
    'https://127.0.0.1',
    'https://[::ffff:127.0.0.1]',
    'https://localhost',
    'http://hooks.example.com',
  ])('%s is not asked for at all', async (origin) => {
    const post = createPost({ allow_private: false, resolve: says(loopback) });
    const result = await post(request(`${origin}:${port}/`));
    expect(result).toEqual({ kind: 'failed', error: 'address_not_allowed' });
    expect(visits).toHaveLength(0);
  });
});

describe('With leave', () => {
  test('the same name is connected to, and what answers no TLS is told from what answers', async () => {
    const post = createPost({ allow_private: true, resolve: says(loopback) });
    expect(await post(request(`http://hooks.example.com:${port}/`))).toEqual({
      ...{ kind: 'answered', status: 204, retry_after: null },
    });
    expect(visits).toHaveLength(1);
    expect(await post(request(`https://hooks.example.com:${port}/`))).toEqual({
      ...{ kind: 'failed', error: 'tls_failed' },
    });
  });

  test('a name that nobody knows is told from a server that is not there', async () => {
    const unknown = ((_name: string, _options: object, callback: (error: Error) => void) => {
      callback(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }));
    }) as never;
    const lost = createPost({ allow_private: true, resolve: unknown });
    expect(await lost(request('https://hooks.example.com/'))).toMatchObject({ error: 'name_not_found' });
    const post = createPost({ allow_private: true });
    expect(await post(request('http://127.0.0.1:1/'))).toMatchObject({ error: 'connection_failed' });
  });

  test('a request that is over before it begins fails in order', async () => {
    const post = createPost({ allow_private: true });
    const result = await post(request(`http://127.0.0.1:${port}/`, AbortSignal.abort()));
    expect(result).toEqual({ kind: 'failed', error: 'timed_out' });
  });
});
