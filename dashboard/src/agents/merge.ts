import { applyPatch, structuredPatch } from 'diff';

/** What becomes of two people's changes to one text. */
export type Merge =
  | { readonly kind: 'merged'; readonly text: string }
  /** Both have changed the same lines: a person has to decide. */
  | { readonly kind: 'conflict' };

/** What has changed beyond so many lines is not put together: finding out how would keep the page busy. */
const mostLines = 1000;

/** Puts one person's changes on top of another's. `base` is what both began with. */
export function mergeTexts(
  base: string,
  { mine, theirs }: { readonly mine: string; readonly theirs: string },
): Merge {
  if (mine === base || mine === theirs) return { kind: 'merged', text: theirs };
  if (theirs === base) return { kind: 'merged', text: mine };
  // Lines that stood beside a change on one side must stand there on the other as well.
  const patch = structuredPatch('', '', base, mine, '', '', { context: 1, maxEditLength: mostLines });
  if (patch === undefined) return { kind: 'conflict' };
  const text = applyPatch(theirs, patch, { fuzzFactor: 0 });
  return text === false ? { kind: 'conflict' } : { kind: 'merged', text };
}
