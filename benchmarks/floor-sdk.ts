/**
 * The yardstick for evals that go through the official SDK: what its calls take when nobody does anything. With
 * `server` it answers every call at once with as little as the SDK accepts, and prints its URL. With `client`, a URL,
 * the number of cases and how many at a time, it opens, streams, sends and archives for each, and prints JSON.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { sideBySide } from './measure.ts';

const [role, url = '', cases = '0', width = '1'] = process.argv.slice(2);

if (role === 'server') {
  let made = 0;
  const streams = new Map<string, ServerResponse>();
  const server = createServer((request, response) => answer(request, response));
  server.listen(0, '127.0.0.1', () =>
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
  );

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const [, , , id = '', what] = (request.url ?? '').split('?')[0]?.split('/') ?? [];
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      streams.set(id, response);
      return;
    }
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      if (what !== 'events')
        return response.end(JSON.stringify({ type: 'session', id: id || `sesn_${++made}` }));
      response.end('{"data":[]}');
      const stream = streams.get(id);
      streams.delete(id);
      return stream?.end(`${event('agent.message', { content: [] })}${event('session.status_idle', {})}`);
    });
  }
} else {
  const client = new Anthropic({
    baseURL: url,
    apiKey: 'none',
    authToken: null,
    maxRetries: 0,
    logLevel: 'off',
  });
  const { sessions } = client.beta;
  const agent = { type: 'agent', id: 'agent_1', version: 1 } as const;
  const done = await sideBySide(Number(cases), Number(width), async (ticket) => {
    const { id } = await sessions.create({
      agent,
      environment_id: 'env_1',
      metadata: { case: `c${ticket}` },
    });
    const stream = await sessions.events.stream(id, {});
    const content = [{ type: 'text' as const, text: `ticket ${ticket}` }];
    await sessions.events.send(id, { events: [{ type: 'user.message', content }] });
    for await (const { type } of stream) if (type === 'session.status_idle') break;
    await sessions.archive(id);
    return 1;
  });
  const { user, system } = process.cpuUsage();
  console.log(
    JSON.stringify({
      cases: done.length,
      cpu_ms: (user + system) / 1000,
      rss_mb: process.memoryUsage.rss() / 2 ** 20,
    }),
  );
  process.exit(0);
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, id: 'sevt_1', ...fields })}\n\n`;
}
