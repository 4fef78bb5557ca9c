import { z } from 'zod';
import type { Json } from '../core/evaluation.ts';

/** The way into a JSON value: names of members and places in lists. */
export type JsonPath = readonly (string | number)[];

const maxPath = 200;

/** Reads a path such as `result.items[0].id`; null when it is malformed, empty, or longer than 200 characters. */
export function parsePath(text: string): JsonPath | null {
  if (text.length > maxPath) return null;
  const steps = [...text.matchAll(/(?:^|(?!^)\.)([^.[\]]+)|\[(\d{1,6})\]/gy)];
  const understood = steps.reduce((length, [step]) => length + step.length, 0);
  if (understood === 0 || understood < text.length) return null;
  return steps.map(([, name, place]) => name ?? Number(place));
}

/** What a path leads to; undefined when it leads nowhere. */
export function follow(value: Json, path: JsonPath): Json | undefined {
  let at: Json | undefined = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    // A name leads into an object and a number into a list; `length` is neither.
    if (Array.isArray(at) !== (typeof key === 'number')) return undefined;
    at = (at as { readonly [key: string | number]: Json })[key];
  }
  return at;
}

/** A path in settings, kept as it was written. */
export const jsonPath = z
  .string()
  .refine(
    (text) => parsePath(text) !== null,
    `must be a path such as result.items[0].id, at most ${maxPath} characters long`,
  );
