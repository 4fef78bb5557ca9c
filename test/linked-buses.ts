import type { Bus, Signal } from '../src/core/bus.ts';

/** The end of a line that one process holds, and what a test does to the line. */
export type LinkedBus = Bus & {
  /** What was said here, in order. */
  readonly said: readonly Signal[];
  /** Signals may have been lost. */
  gap(): void;
};

/**
 * A line between as many processes, as an array: each has its end. What is said at one end is heard at all others at once,
 * unless `carry` keeps it: it gets what would deliver a signal to one listener, to be called later, out of order, or never.
 */
export function linkedBuses(
  count: number,
  carry: (deliver: () => void, signal: Signal) => void = (deliver) => deliver(),
): readonly [LinkedBus, LinkedBus, ...LinkedBus[]] {
  const ends: { readonly bus: LinkedBus; readonly hear: (signal: Signal) => void }[] = [];
  for (let i = 0; i < count; i++) {
    const said: Signal[] = [];
    const listeners: { readonly type: string; readonly listener: (signal: never) => void }[] = [];
    const gaps: (() => void)[] = [];
    const send = (signal: Signal): void => {
      said.push(signal);
      for (const [j, { hear }] of ends.entries()) if (j !== i) carry(() => hear(signal), signal);
    };
    const bus: LinkedBus = {
      ...{ shared: true, said, send, close: async () => {} },
      sendNow: async (signal) => send(signal),
      on: (type, listener) => void listeners.push({ type, listener }),
      onGap: (listener) => void gaps.push(listener),
      gap: () => {
        for (const listener of gaps) listener();
      },
    };
    const hear = (signal: Signal): void => {
      for (const { type, listener } of listeners) if (type === signal.type) listener(signal as never);
    };
    ends.push({ bus, hear });
  }
  const [first, second, ...rest] = ends.map(({ bus }) => bus);
  if (first === undefined || second === undefined) throw new Error('A line has two ends at least');
  return [first, second, ...rest];
}
