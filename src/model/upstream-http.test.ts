import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createCaller } from './upstream-http.ts';

const mebibyte = 1024 * 1024;

test.each([
  [32, null],
  [33, 'the answer is longer than 32 MiB'],
])('An answer of %d MiB that is no stream is collected up to a bound', async (size, refusal) => {
  const server = createServer((_, response) => {
    for (let i = 0; i < size; i++) response.write(Buffer.alloc(mebibyte));
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = createCaller()({ url, method: 'GET', headers: {}, body: null, signal: undefined });
  if (refusal !== null) await expect(answer).rejects.toThrow(refusal);
  else expect((await (await answer).arrayBuffer()).byteLength).toBe(size * mebibyte);
  server.closeAllConnections();
  server.close();
});

test('A stream may be cancelled while more of it is arriving', async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let i = 0; i < 5; i++) response.write(`data: ${i}\n\n`);
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = await createCaller()({ url, method: 'GET', headers: {}, body: null, signal: undefined });
  const uncaught: unknown[] = [];
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => uncaught.push(error));
  const reader = answer.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await once(server.close(), 'close');
  process.removeAllListeners('uncaughtException');
  for (const other of others) process.on('uncaughtException', other);
  // Nobody could catch what the rest of the message throws, and the server would end.
  expect(uncaught).toEqual([]);
});
