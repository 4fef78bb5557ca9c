import { canonicalJson } from '../core/canonical.ts';
import type { Json } from '../core/evaluation.ts';

/** How two values are compared as they are written. */
export type Spelling = {
  /** Whether capitals and small letters count as the same. */
  readonly ignore_case: boolean;
  /** Whether white space around a text counts for nothing. */
  readonly trim: boolean;
};

/** A value as text: a text as it is, anything else as JSON. */
export function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The beginning of a value, quoted as JSON quotes it, so that it fits into a sentence and into any database. */
export function quote(value: Json): string {
  const text = textOf(value);
  const start = text.slice(0, 80);
  return JSON.stringify(start.length < text.length ? `${start}…` : text);
}

/**
 * Whether a value is the expected one or, where that is a list, one of its members. Texts, numbers and booleans are
 * compared as text, because a CSV file holds nothing but text; lists and objects must be equal member by member,
 * whatever the order of an object's keys.
 */
export function isExpected(value: Json, expected: Json, spelling: Spelling): boolean {
  if (isSame(value, expected, spelling)) return true;
  return Array.isArray(expected) && expected.some((member) => isSame(value, member, spelling));
}

/** A text as it is compared. */
export function spelled(text: string, { ignore_case, trim }: Spelling): string {
  const trimmed = trim ? text.trim() : text;
  return ignore_case ? trimmed.toLowerCase() : trimmed;
}

function isSame(value: Json, expected: Json, spelling: Spelling): boolean {
  if (isWord(value) && isWord(expected)) {
    return spelled(textOf(value), spelling) === spelled(textOf(expected), spelling);
  }
  return canonicalJson(value) === canonicalJson(expected);
}

function isWord(value: Json): value is string | number | boolean {
  return value !== null && typeof value !== 'object';
}
