import { createTimeBound } from './time-bound.ts';

/** A regular expression as it stands in settings. */
export type PatternSource = { readonly pattern: string; readonly flags: string };

/** What a pattern found in a text, or, where `found` is null, why that cannot be told. */
export type Match =
  | {
      readonly found: true;
      readonly text: string;
      /** What the first group captured; null when there is no group, or it took no part in the match. */
      readonly group: string | null;
    }
  | { readonly found: false }
  | { readonly found: null; readonly reason: string };

const maxPattern = 1000;
const maxText = 100_000;
const limitMs = 50;

/**
 * Prepares the search for a pattern that has been checked, in at most 100,000 characters for at most 50 ms. One that
 * has been too slow three times is given up for good.
 */
export function createFinder({ pattern, flags }: PatternSource): (text: string) => Match {
  const expression = new RegExp(pattern, flags);
  const inTime = createTimeBound(limitMs);
  return (text) => {
    if (text.length > maxText) {
      return {
        found: null,
        reason: `a pattern is not tried on ${text.length} characters, at most on ${maxText}`,
      };
    }
    const tried = inTime(() => expression.exec(text));
    if (!tried.done) return { found: null, reason: `the pattern took longer than ${limitMs} ms` };
    if (tried.value === null) return { found: false };
    return { found: true, text: tried.value[0], group: tried.value[1] ?? null };
  };
}

/** What is wrong with a pattern, and what its field may be; null when it can be used. */
export function problemWith({
  pattern,
  flags,
}: PatternSource): { readonly field: 'pattern' | 'flags'; readonly allowed: string } | null {
  if (!/^[imsuv]*$/.test(flags)) return { field: 'flags', allowed: 'must be some of i, m, s, u and v' };
  if (pattern.length > maxPattern) {
    return { field: 'pattern', allowed: `must have at most ${maxPattern} characters` };
  }
  try {
    new RegExp(pattern, flags);
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { field: 'pattern', allowed: `must be a regular expression of JavaScript (${why})` };
  }
}
