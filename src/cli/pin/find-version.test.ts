import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { findVersion } from './find-version.ts';

test('A key does not travel to wherever a redirect leads', async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url ?? '');
    if (request.url === '/elsewhere') response.end('{}');
    else response.writeHead(307, { location: '/elsewhere' }).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const asked = findVersion({ url, key: 'secret', key_from: 'PAWL_KEY' }, 'agent_1', 2);
  await expect(asked).rejects.toMatchObject({ status: 307, message: expect.stringContaining('agent_1') });
  expect(seen).toEqual([expect.stringMatching(/^\/v1\/agents\/agent_1\?/)]);
});
