import type { Bus, Signal, SignalOf } from '../core/bus.ts';
import type { Log } from '../core/log.ts';
import { mostSignalBytes, openSignalLine } from '../store/postgres-signals.ts';

type Deps = {
  /** A PostgreSQL database. */
  readonly url: string;
  /** Tells this process from all others. */
  readonly name: string;
  readonly log: Log;
};

/** What is said within this time goes out together. */
const gatherMs = 4;
/** What waits while the database is away; beyond it the oldest is forgotten, as if it had been lost on the way. */
const mostWaiting = 10_000;

/** A bus over the database that processes share. */
export async function openSharedBus({ url, name, log }: Deps): Promise<Bus> {
  const listeners = new Map<Signal['type'], ((signal: never) => void)[]>();
  const gaps: (() => void)[] = [];
  let waiting: string[] = [];
  let sending: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const line = await openSignalLine(url, {
    onPayload: hear,
    onAgain: () => {
      for (const listener of gaps) listener();
    },
  });

  function hear(payload: string): void {
    const { from, signals } = readPayload(payload);
    if (from === name) return;
    for (const signal of signals) {
      for (const listener of listeners.get(signal.type) ?? []) listener(signal as never);
    }
  }

  /** Sends what has been gathered, as few notifications as it fits in. */
  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const bodies = waiting;
      waiting = [];
      for (const payload of together(name, bodies)) {
        await line.notify(payload).catch((error: unknown) => {
          log.debug({ err: error }, 'Other processes could not be told what happened here');
        });
      }
    }
  }

  function flushNow(): Promise<void> {
    sending ??= flush().finally(() => {
      sending = null;
    });
    return sending;
  }

  function send(signal: Signal): void {
    if (closed) return;
    waiting.push(JSON.stringify(signal));
    if (waiting.length > mostWaiting) waiting.shift();
    timer ??= setTimeout(() => {
      timer = undefined;
      void flushNow();
    }, gatherMs);
  }

  return {
    shared: true,
    send,
    async sendNow(signal) {
      send(signal);
      // What is being sent may have been gathered before.
      await sending;
      await flushNow();
    },
    on<T extends Signal['type']>(type: T, listener: (signal: SignalOf<T>) => void) {
      listeners.set(type, [...(listeners.get(type) ?? []), listener as (signal: never) => void]);
    },
    onGap: (listener) => void gaps.push(listener),
    async close() {
      closed = true;
      clearTimeout(timer);
      await flushNow();
      await line.close();
    },
  };
}

/** Who says what. Anybody may say something on the channel: what is no payload of ours says nothing. */
function readPayload(payload: string): { readonly from: unknown; readonly signals: readonly Signal[] } {
  try {
    const said: unknown = JSON.parse(payload);
    const [from, ...signals]: unknown[] = Array.isArray(said) ? said : [];
    const isSignal = (one: unknown): one is Signal =>
      typeof one === 'object' && one !== null && 'type' in one;
    return { from, signals: signals.filter(isSignal) };
  } catch {
    return { from: null, signals: [] };
  }
}

/** Puts signals together into payloads, each of which begins with who says it. One that is too long is left out. */
export function together(name: string, bodies: readonly string[]): string[] {
  const head = `[${JSON.stringify(name)}`;
  const room = mostSignalBytes - Buffer.byteLength(head) - 1;
  const payloads: string[] = [];
  let parts = '';
  let size = 0;
  for (const body of bodies) {
    const bytes = Buffer.byteLength(body) + 1;
    if (bytes > room) continue;
    if (size + bytes > room) {
      payloads.push(`${head}${parts}]`);
      parts = '';
      size = 0;
    }
    parts += `,${body}`;
    size += bytes;
  }
  if (parts !== '') payloads.push(`${head}${parts}]`);
  return payloads;
}
