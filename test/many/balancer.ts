import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** One address for many processes: each connection goes to one of those that are there. */
export type Balancer = {
  readonly url: string;
  /** A process that connections may go to from now on. */
  add(url: string): void;
  /** No new connections go to a process. */
  remove(url: string): void;
  close(): Promise<void>;
};

/** How long a connection waits for a process to be there. */
const patienceMs = 20_000;

/** Starts one. `random` gives numbers from 0 to 1. */
export async function startBalancer(random: () => number): Promise<Balancer> {
  const targets = new Set<string>();
  const waiting = new Set<() => void>();
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    return socket;
  };

  function pick(without: ReadonlySet<string>): string | null {
    const left = [...targets].filter((url) => !without.has(url));
    return left[Math.floor(random() * left.length)] ?? null;
  }

  /** Connects to one that answers, waiting for one to come if none does. */
  async function reach(incoming: Socket): Promise<Socket | null> {
    const refused = new Set<string>();
    const end = performance.now() + patienceMs;
    while (!incoming.destroyed && performance.now() < end) {
      const url = pick(refused);
      if (url === null) {
        refused.clear();
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 100);
          waiting.add(() => {
            clearTimeout(timer);
            resolve();
          });
        });
        continue;
      }
      const { hostname, port } = new URL(url);
      const outgoing = keep(connect(Number(port), hostname));
      try {
        await once(outgoing, 'connect');
        return outgoing;
      } catch {
        refused.add(url);
      }
    }
    return null;
  }

  const server = createServer({ pauseOnConnect: true }, (incoming) => {
    keep(incoming);
    void reach(incoming).then((outgoing) => {
      if (outgoing === null) return incoming.destroy();
      incoming.on('close', () => outgoing.destroy());
      outgoing.on('close', () => incoming.destroy());
      incoming.pipe(outgoing).pipe(incoming);
      if (incoming.destroyed) outgoing.destroy();
      return incoming.resume();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    add(url) {
      targets.add(url);
      for (const wake of waiting) wake();
      waiting.clear();
    },
    remove: (url) => void targets.delete(url),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
