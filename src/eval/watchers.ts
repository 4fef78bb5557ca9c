/** Tells whoever watches a thing, by its id, that it has changed. One that throws is told no more. */
export function createWatchers<T>() {
  const byId = new Map<string, Set<(value: T) => void>>();

  function remove(id: string, watcher: (value: T) => void): void {
    const all = byId.get(id);
    all?.delete(watcher);
    if (all?.size === 0) byId.delete(id);
  }

  return {
    /** Gives the function that ends the watching. */
    add(id: string, watcher: (value: T) => void): () => void {
      byId.set(id, (byId.get(id) ?? new Set()).add(watcher));
      return () => remove(id, watcher);
    },
    /** Whether anybody would be told. */
    isWatched: (id: string): boolean => byId.has(id),
    tell(id: string, value: T): void {
      for (const watcher of byId.get(id) ?? []) {
        try {
          watcher(value);
        } catch {
          remove(id, watcher);
        }
      }
    },
  };
}

export type Watchers<T> = ReturnType<typeof createWatchers<T>>;
