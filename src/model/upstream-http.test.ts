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
