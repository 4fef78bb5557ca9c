import type { Bus } from '../core/bus.ts';

type Deps<T> = {
  readonly bus: Bus;
  /** What kind of thing is watched, as processes tell each other. */
  readonly kind: string;
  readonly read: (id: string) => Promise<T>;
  /** Called when it could not be read; those who watch then miss one state. */
  readonly onFailure: (id: string, error: unknown) => void;
};

/** Should a signal be lost, those who watch are told this much later. */
const readAgainMs = 5000;

/** Tells whoever watches a thing, by its id, that it has changed, in whichever process. One that throws is told no more. */
export function createWatchers<T>({ bus, kind, read, onFailure }: Deps<T>) {
  const byId = new Map<string, Set<(value: T) => void>>();
  let pulse: NodeJS.Timeout | undefined;

  function remove(id: string, watcher: (value: T) => void): void {
    const all = byId.get(id);
    all?.delete(watcher);
    if (all?.size === 0) byId.delete(id);
    if (byId.size > 0) return;
    clearInterval(pulse);
    pulse = undefined;
  }

  function tell(id: string, value: T): void {
    for (const watcher of byId.get(id) ?? []) {
      try {
        watcher(value);
      } catch {
        remove(id, watcher);
      }
    }
  }

  /** Reads a thing for those who watch it here. */
  async function refresh(id: string): Promise<void> {
    if (!byId.has(id)) return;
    try {
      tell(id, await read(id));
    } catch (error) {
      onFailure(id, error);
    }
  }

  const refreshAll = (): void => {
    for (const id of byId.keys()) void refresh(id);
  };

  bus.on('changed', (signal) => {
    if (signal.kind === kind) void refresh(signal.id);
  });
  bus.onGap(refreshAll);

  return {
    /** Gives the function that ends the watching. */
    add(id: string, watcher: (value: T) => void): () => void {
      byId.set(id, (byId.get(id) ?? new Set()).add(watcher));
      if (bus.shared) pulse ??= setInterval(refreshAll, readAgainMs).unref();
      return () => remove(id, watcher);
    },

    /** Tells everybody what a thing is now. */
    tell(id: string, value: T): void {
      tell(id, value);
      bus.send({ type: 'changed', kind, id });
    },

    /** Tells everybody that a thing has changed. It is read where somebody watches. Never rejects. */
    async changed(id: string): Promise<void> {
      bus.send({ type: 'changed', kind, id });
      await refresh(id);
    },
  };
}

export type Watchers<T> = ReturnType<typeof createWatchers<T>>;
