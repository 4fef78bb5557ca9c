import { type Pin, type PinMap, samePin } from './pins.ts';

/** What has become of a pin since the base. `repinned` has the version changed; `moved`, the agent itself. */
export type PinChange =
  | { readonly kind: 'unchanged'; readonly name: string; readonly from: Pin; readonly to: Pin }
  | { readonly kind: 'added'; readonly name: string; readonly from: null; readonly to: Pin }
  | { readonly kind: 'removed'; readonly name: string; readonly from: Pin; readonly to: null }
  | { readonly kind: 'repinned' | 'moved'; readonly name: string; readonly from: Pin; readonly to: Pin };

/** Every pin of both files: those that there are now in their order, and then those that are gone. */
export function pinChanges(base: PinMap, pins: PinMap): readonly PinChange[] {
  const kept = [...pins].map(([name, to]): PinChange => {
    const from = base.get(name);
    if (from === undefined) return { kind: 'added', name, from: null, to };
    if (samePin(from, to)) return { kind: 'unchanged', name, from, to };
    return { kind: from.agent === to.agent ? 'repinned' : 'moved', name, from, to };
  });
  const gone = [...base].filter(([name]) => !pins.has(name));
  return [...kept, ...gone.map(([name, from]): PinChange => ({ kind: 'removed', name, from, to: null }))];
}

/** The pins of one commit; null where the file was missing or broken. */
export type PinnedAt = {
  readonly commit: string;
  /** When it was committed, `2026-11-22`. */
  readonly date: string;
  readonly pins: PinMap | null;
};

/**
 * The newest commit that had a pin as it is to be now, if the change goes back; null if it does not. It goes back when
 * that was pinned before what is pinned now was: the other way round, a version that was rolled back would need no
 * evidence to come again. `history` is of the base, the newest first.
 */
export function rolledBackTo(
  { name, from, to }: PinChange & { readonly from: Pin; readonly to: Pin },
  history: readonly PinnedAt[],
): PinnedAt | null {
  const had = (wanted: Pin) => (entry: PinnedAt) => {
    const pin = entry.pins?.get(name);
    return pin !== undefined && samePin(pin, wanted);
  };
  const goesBack = history.findLastIndex(had(to)) > history.findLastIndex(had(from));
  return (goesBack ? history.find(had(to)) : null) ?? null;
}
