/**
 * The yardstick for live streams: a server that writes what is posted to every open `/stream`, and knows nothing else.
 * Prints its URL.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const open = new Set<ServerResponse>();
const server = createServer((request, response) => {
  if (request.url === '/stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    open.add(response);
    response.once('close', () => open.delete(response));
    return;
  }
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk;
  });
  request.on('end', () => {
    const frame = `event: user.message\ndata: ${body}\n\n`;
    for (const stream of open) stream.write(frame);
    response.setHeader('content-type', 'application/json');
    response.end('{}');
  });
});
server.listen(0, '127.0.0.1', 1024, () =>
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
);
