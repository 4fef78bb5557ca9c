import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { quietLog } from '../../test/pawl.ts';
import type { Log } from '../core/log.ts';
import type { Ask } from './endpoint.ts';
import { createEndpointThreads } from './endpoint-threads.ts';

test('A thread that is lost breaks the sessions under way, and the next ones have another thread', async () => {
  const arrived = Promise.withResolvers<void>();
  let silent = true;
  const server = createServer((_, response) => {
    arrived.resolve();
    if (!silent) response.writeHead(400, { 'content-type': 'application/json' }).end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const started = Promise.withResolvers<Worker>();
  process.once('worker', (worker) => started.resolve(worker));
  const logged: unknown[] = [];
  const log: Log = { ...quietLog, error: ({ err }) => void logged.push(err) };
  const threads = createEndpointThreads({ log });
  const options = { prices: [], onThrottled: () => {} };
  const endpoint = threads.open({ ...options, address: { base_url, api_key: 'k' } });
  const agent = { agent_id: 'a', version: 1, name: 'n', model: 'm', config_hash: 'h' };
  const fields = { agent, environment_id: 'e', text: 't', metadata: {}, takes_tool_calls: false };
  const ask: Ask = { ...fields, timeout_ms: 20_000 };
  const { signal } = new AbortController();

  const answer = endpoint.ask(ask, signal);
  await arrived.promise;
  const version = endpoint.agentVersion('a', 1);
  const refused = expect(version).rejects.toThrow('the thread that asks the endpoint has ended');
  await (await started.promise).terminate();
  await refused;
  expect(await answer).toEqual({
    ...{ ok: false, throttled: null, final: null },
    error: { kind: 'endpoint', message: 'the thread that asks the endpoint has ended', session_id: null },
  });
  silent = false;
  expect(await endpoint.ask(ask, signal)).toMatchObject({
    error: { message: expect.stringContaining('status 400') },
  });

  expect(logged).toEqual([expect.anything()]);

  await threads.close();
  expect(await endpoint.ask(ask, signal)).toMatchObject({
    error: { kind: 'endpoint', message: 'the server stops' },
  });
  expect(logged).toHaveLength(1);
  server.closeAllConnections();
  server.close();
});
