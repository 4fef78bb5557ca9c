import { randomBytes } from 'node:crypto';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../test/story.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import { type App, newApp } from './http.ts';

let app: App;
/** The server's ends of the connections. */
let accepted: Socket[];
let client: Socket;

/** Listens, patient with half a request for so many milliseconds. */
async function start(patienceMs?: number): Promise<void> {
  accepted = [];
  app = newApp(createIds(createClock(Date.now), randomBytes));
  app.post('/echo', async ({ body }) => body);
  app.server.on('connection', (socket: Socket) => void accepted.push(socket));
  if (patienceMs !== undefined) {
    const limits = {
      headersTimeout: patienceMs,
      requestTimeout: patienceMs,
      connectionsCheckingInterval: 10,
    };
    Object.assign(app.server, limits);
  }
  await app.listen({ host: '127.0.0.1', port: 0 });
}

/** Sends bytes and reads to the server's end, over a connection whose own end stays open whatever happens. */
async function sendAndKeepOpen(bytes: string): Promise<string> {
  const { port } = app.server.address() as AddressInfo;
  client = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
  client.write(bytes);
  return text(client.setEncoding('utf8'));
}

async function expectEnvelope(answer: string, status: string, type: string, message: string): Promise<void> {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const [first, ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => line.split(': ')));
  expect(first).toBe(`HTTP/1.1 ${status}`);
  expect(headers).toEqual({
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'request-id': expect.stringMatching(/^req_/),
    connection: 'close',
  });
  expect(JSON.parse(body)).toEqual({
    type: 'error',
    error: { type, message, details: expect.any(Object) },
    request_id: headers['request-id'],
  });
}

/** The server has let go of the connection, although the client never ended its side. */
async function expectHungUp(): Promise<void> {
  await eventually('the end of the connection at the server', () => accepted[0]?.closed, 5000);
  expect(client.writableEnded).toBe(false);
  await eventually('what the client sends now refused', () => client.closed || void client.write('anybody?'));
}

afterEach(async () => {
  client.destroy();
  await app.close();
});

describe('What is no HTTP request', () => {
  beforeEach(() => start());

  test.each([
    ['garbage', 'garbage\r\n\r\n', '400 Bad Request', 'This is no HTTP request'],
    [
      'a greeting of TLS',
      '\u0016\u0003\u0001\u0002\u0000\u0001',
      '400 Bad Request',
      'This is no HTTP request',
    ],
    [
      'a head without an end',
      `GET / HTTP/1.1\r\nx: ${'x'.repeat(40_000)}\r\n`,
      '400 Bad Request',
      'The request headers are too large',
    ],
  ])('is answered in the envelope and hung up on: %s', async (_what, bytes, status, message) => {
    await expectEnvelope(await sendAndKeepOpen(bytes), status, 'invalid_request_error', message);
    await expectHungUp();
  });

  test('is not answered when the client has gone already', async () => {
    const socket = {
      writable: false,
      destroyed: false,
      destroy: () => Object.assign(socket, { destroyed: true }),
    };
    app.server.emit('clientError', new Error('Parse Error'), socket as unknown as Socket);
    expect(socket.destroyed).toBe(true);
    await sendAndKeepOpen('garbage\r\n\r\n');
  });
});

describe('A request that does not become whole', () => {
  test.each([
    ['half a head', 'POST /echo HTTP/1.1\r\nhost: x\r\n'],
    [
      'half a body',
      'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
    ],
  ])('in time is answered with 408 and hung up on: %s', async (_what, bytes) => {
    await start(50);
    const answer = await sendAndKeepOpen(bytes);
    await expectEnvelope(
      answer,
      '408 Request Timeout',
      'timeout_error',
      'The request did not arrive in time',
    );
    await expectHungUp();
  });

  test('is not waited for without a limit', async () => {
    await start();
    expect(app.server.requestTimeout).toBeGreaterThan(0);
    expect(app.server.headersTimeout).toBeGreaterThan(0);
    await sendAndKeepOpen('garbage\r\n\r\n');
  });
});
