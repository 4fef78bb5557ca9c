/**
 * How long servers keep a small request waiting, seen from outside: it asks each every few milliseconds, on a connection
 * that stays open, and on each message from its parent it sends what it has seen since the last. With `control` it is a
 * server that does nothing, for what the machine alone makes them wait.
 */
import { readFileSync } from 'node:fs';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** How long a request was kept waiting, in ms, and by what. */
export type Ping = {
  readonly total: number;
  /** Without what the server's main thread and this process were in want of a processor: work, the disk, the network. */
  readonly stalled: number;
  /** The CPU of the server's main thread meanwhile. */
  readonly busy: number;
};

const everyMs = 4;
const ownPid = String(process.pid);
const [role, ...addresses] = process.argv.slice(2);

if (role === 'control') {
  const server = createServer((request, response) => request.resume().on('end', () => response.end()));
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1', () =>
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
  );
} else if (role === 'ping') {
  const seen = addresses.map((address) => {
    const [pid = '', url = ''] = address.split('@');
    const pings: Ping[] = [];
    void ping(url, pid, (one) => pings.push(one));
    return pings;
  });
  process.on('message', () => process.send?.(seen.map((pings) => pings.splice(0))));
  process.once('disconnect', () => process.exit());
}

async function ping(url: string, pid: string, tell: (ping: Ping) => void): Promise<never> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (;;) {
    const before = mainThread(pid);
    const ownBefore = mainThread(ownPid);
    const began = performance.now();
    await new Promise<void>((resolve, reject) => {
      get(`${url}/healthz`, { agent }, (response) => response.resume().on('end', resolve)).on(
        'error',
        reject,
      );
    });
    const total = performance.now() - began;
    const after = mainThread(pid);
    const own = mainThread(ownPid);
    const crowded = after.crowded - before.crowded + (own.crowded - ownBefore.crowded);
    tell({ total, stalled: total - crowded, busy: after.busy - before.busy });
    await wait(everyMs);
  }
}

/** What the main thread of a process has done so far, in ms. */
function mainThread(pid: string): { busy: number; crowded: number } {
  const fields = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
  return { busy: Number(fields[0]) / 1e6, crowded: Number(fields[1]) / 1e6 };
}
