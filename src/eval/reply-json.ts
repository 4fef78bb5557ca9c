import type { Json } from '../core/evaluation.ts';
import { isNestedWithin } from '../core/nesting.ts';
import type { Reading } from './score.ts';
import { quote } from './values.ts';

const maxDepth = 100;
const fence = /^```json[^\S\n]*\n(.*)\n[^\S\n]*```$/s;

/**
 * The JSON that a reply consists of: alone, or inside one ```json fence, with white space around either. Text
 * before or after it is a failed reading, because a program that takes the reply would fail on it too.
 */
export function readJson(reply: string): Reading {
  const trimmed = reply.trim();
  if (trimmed === '') return { ok: false, reason: 'the reply is empty, not JSON' };
  try {
    const value = JSON.parse(fence.exec(trimmed)?.[1] ?? trimmed) as Json;
    if (isNestedWithin(value, maxDepth)) return { ok: true, value };
    return { ok: false, reason: `the JSON of the reply is nested more than ${maxDepth} levels deep` };
  } catch {
    return { ok: false, reason: `the reply is not JSON; it begins ${quote(trimmed)}` };
  }
}
