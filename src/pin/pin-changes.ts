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

/** What a base pinned before. */
export type PinHistory = {
  /** The newest first. */
  readonly entries: readonly PinnedAt[];
  /** Why older ones are not there, as a clause for people, with a way to get them if there is one; null when all are. */
  readonly missing: string | null;
};

/** Whether a change goes back to what was pinned before. */
export type Direction =
  /** It does; `to` is the newest commit that had the pin as it is to be. */
  | { readonly kind: 'back'; readonly to: PinnedAt }
  | { readonly kind: 'forward' }
  /** Nobody can tell; `missing` is that of the history. */
  | { readonly kind: 'unknown'; readonly missing: string };

/**
 * Says whether a change goes back: what is to be pinned was pinned before what is pinned now was. The other way round,
 * a version that was rolled back would need no evidence to come again. The oldest entries decide, so that a history
 * that lacks them decides nothing.
 */
export function directionOf(
  change: PinChange & { readonly from: Pin; readonly to: Pin },
  { entries, missing }: PinHistory,
): Direction {
  if (missing !== null) return { kind: 'unknown', missing };
  const to = rolledBackTo(change, entries);
  return to === null ? { kind: 'forward' } : { kind: 'back', to };
}

function rolledBackTo(
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
