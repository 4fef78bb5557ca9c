import { type Pin, type PinMap, samePin } from './pins.ts';

/** What has become of a pin since the base. */
export type PinChange =
  | { readonly kind: 'unchanged'; readonly name: string; readonly from: Pin; readonly to: Pin }
  | {
      readonly kind: 'added';
      readonly name: string;
      readonly from: null;
      readonly to: Pin;
      /** The names of pins of the same agent that are gone, where they are several: it may be any of them, or none. */
      readonly one_of: readonly string[];
    }
  | { readonly kind: 'removed'; readonly name: string; readonly from: Pin; readonly to: null }
  /** The version has changed, or the agent itself. */
  | { readonly kind: 'repinned' | 'moved'; readonly name: string; readonly from: Pin; readonly to: Pin }
  /** A new name for the agent of the one pin of it that is gone, `was`; its version may have changed as well. */
  | {
      readonly kind: 'renamed';
      readonly name: string;
      readonly was: string;
      readonly from: Pin;
      readonly to: Pin;
    };

/** Every pin of both files: those that there are now in their order, and then those that are gone. */
export function pinChanges(base: PinMap, pins: PinMap): readonly PinChange[] {
  const gone = [...base].filter(([name]) => !pins.has(name));
  const kept = [...pins].map(([name, to]): PinChange => {
    const from = base.get(name);
    if (from === undefined) return newName(name, to, gone);
    if (samePin(from, to)) return { kind: 'unchanged', name, from, to };
    return { kind: from.agent === to.agent ? 'repinned' : 'moved', name, from, to };
  });
  return [...kept, ...gone.map(([name, from]): PinChange => ({ kind: 'removed', name, from, to: null }))];
}

/** A name alone makes nothing new: callers get what the agent's pin under the old name gave them, or something else. */
function newName(name: string, to: Pin, gone: readonly (readonly [string, Pin])[]): PinChange {
  const before = gone.filter(([, { agent }]) => agent === to.agent);
  const [first] = before;
  if (first !== undefined && before.length === 1) {
    const [was, from] = first;
    return { kind: 'renamed', name, was, from, to };
  }
  return { kind: 'added', name, from: null, to, one_of: before.map(([one]) => one) };
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
  change: PinChange & { readonly from: Pin; readonly to: Pin },
  history: readonly PinnedAt[],
): PinnedAt | null {
  const { name, from, to } = change;
  // To take a renaming back gives the pin a name that it had before.
  const names = change.kind === 'renamed' ? [name, change.was] : [name];
  const had = (wanted: Pin) => (entry: PinnedAt) =>
    names.some((one) => {
      const pin = entry.pins?.get(one);
      return pin !== undefined && samePin(pin, wanted);
    });
  const goesBack = history.findLastIndex(had(to)) > history.findLastIndex(had(from));
  return (goesBack ? history.find(had(to)) : null) ?? null;
}
