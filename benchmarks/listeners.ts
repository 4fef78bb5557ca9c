import { connect, type Socket } from 'node:net';
import { sideBySide } from './measure.ts';
import { benchKey } from './servers.ts';

/** Connections that read one stream of events each. */
export type Listeners = {
  /** Settles when a text has come on every connection; fails when one of them ends before. */
  untilAllHave(text: string): Promise<void>;
  close(): void;
};

const opensAtOnce = 50;
const patienceMs = 20_000;

/**
 * Opens so many connections to a stream. They are plain sockets, because what reads them shares the processors with the
 * server that is measured.
 */
export async function openListeners(url: string, count: number): Promise<Listeners> {
  const all = await sideBySide(count, opensAtOnce, () => openOne(new URL(url)));
  return {
    async untilAllHave(text) {
      await Promise.all(all.map((one) => one.untilItHas(text)));
    },
    close() {
      for (const { socket } of all) socket.destroy();
    },
  };
}

async function openOne({ hostname, port, pathname }: URL) {
  const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
  /** The end of what came, in case that a text comes in two parts. */
  let tail = '';
  let wanted: { text: string; resolve: () => void } | null = null;
  let fail: (error: Error) => void = () => {};
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    if (wanted === null) return;
    tail += chunk;
    if (!tail.includes(wanted.text)) {
      tail = tail.slice(-wanted.text.length);
      return;
    }
    tail = '';
    wanted.resolve();
    wanted = null;
  });
  const fails = (error?: Error): void => fail(error ?? new Error('A stream ended too early'));
  socket.on('error', fails);
  socket.on('close', () => fails());

  function untilItHas(text: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    wanted = { text, resolve };
    fail = reject;
    const timer = setTimeout(() => reject(new Error(`A stream never had ${text}`)), patienceMs);
    return promise.finally(() => clearTimeout(timer));
  }

  const opened = untilItHas('HTTP/1.1 200');
  const head = [`GET ${pathname} HTTP/1.1`, `host: ${hostname}:${port}`, `x-api-key: ${benchKey}`];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  await opened;
  return { socket, untilItHas };
}
