/**
 * How long servers keep a small request waiting, seen from outside: for each URL it asks every few milliseconds, on a
 * connection that stays open, and on each message from its parent it sends what it has seen since the last. With
 * `control` it is a server that does nothing, for what the machine alone makes them wait.
 */
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { quantile } from './measure.ts';

/** What one URL did to the requests of a stretch of time. In ms. */
export type Pings = { readonly count: number; readonly longest: number; readonly p999: number };

const everyMs = 4;
const [role, ...urls] = process.argv.slice(2);

if (role === 'control') {
  const server = createServer((request, response) => request.resume().on('end', () => response.end()));
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1', () =>
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
  );
} else if (role === 'ping') {
  const seen = urls.map(() => [] as number[]);
  urls.forEach((url, index) => void ping(url, (ms) => seen[index]?.push(ms)));
  process.on('message', () => {
    const report = seen.map((times): Pings => {
      const all = times.splice(0);
      return { count: all.length, longest: quantile(all, 1), p999: quantile(all, 0.999) };
    });
    process.send?.(report);
  });
}

async function ping(url: string, tell: (ms: number) => void): Promise<never> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (;;) {
    const began = performance.now();
    await new Promise<void>((resolve, reject) => {
      get(`${url}/healthz`, { agent }, (response) => response.resume().on('end', resolve)).on(
        'error',
        reject,
      );
    });
    tell(performance.now() - began);
    await wait(everyMs);
  }
}
