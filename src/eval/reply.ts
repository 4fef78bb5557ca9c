import { PawlError } from '../core/errors.ts';
import type { Json } from '../core/evaluation.ts';
import type { ReplyReader } from './definition.ts';
import { follow, parsePath } from './json-path.ts';
import { createFinder, problemWith } from './pattern.ts';
import { readJson } from './reply-json.ts';
import type { Outcome, Reading } from './score.ts';
import { quote, textOf } from './values.ts';

/**
 * Prepares the reading of replies. What is read as text has no white space around it. With `labels`, the value, or
 * each member where it is a list, has to be one of them as it is written.
 * @throws PawlError `invalid_request` when the reader's path or pattern is malformed.
 */
export function createReader(
  reader: ReplyReader,
  labels: readonly string[] | null,
): (outcome: Outcome) => Reading {
  const read = readerOf(reader);
  if (labels === null) return read;
  const known = new Set(labels);
  return (outcome) => {
    const reading = read(outcome);
    if (!reading.ok) return reading;
    const values: readonly Json[] = Array.isArray(reading.value) ? reading.value : [reading.value];
    const stranger = values.find((value) => !known.has(textOf(value)));
    if (stranger === undefined) return reading;
    return failed(`${quote(stranger)} is not one of the labels ${some(labels)}`);
  };
}

function readerOf(reader: ReplyReader): (outcome: Outcome) => Reading {
  switch (reader.read) {
    case 'text':
      return ({ reply }) => ({ ok: true, value: reply.trim() });
    case 'json':
      return jsonReader(reader.path);
    case 'regex':
      return patternReader(reader);
    case 'tool_calls':
      return ({ tool_calls }) => ({ ok: true, value: tool_calls });
  }
}

function jsonReader(text: string | null): (outcome: Outcome) => Reading {
  const path = text === null ? [] : parsePath(text);
  if (path === null) {
    throw new PawlError('invalid_request', 'reply.path: must be a path such as result.items[0].id');
  }
  return ({ reply }) => {
    const read = readJson(reply);
    if (!read.ok) return read;
    const value = follow(read.value, path);
    return value === undefined ? failed(`the JSON of the reply has no ${text}`) : { ok: true, value };
  };
}

function patternReader(source: { pattern: string; flags: string }): (outcome: Outcome) => Reading {
  const problem = problemWith(source);
  if (problem !== null) throw new PawlError('invalid_request', `reply.${problem.field}: ${problem.allowed}`);
  const find = createFinder(source);
  return ({ reply }) => {
    const match = find(reply);
    if (match.found === null) return failed(match.reason);
    if (!match.found) return failed(`the pattern matches nothing in the reply, which begins ${quote(reply)}`);
    return { ok: true, value: match.group ?? match.text };
  };
}

function failed(reason: string): Reading {
  return { ok: false, reason };
}

function some(labels: readonly string[]): string {
  const named = labels.slice(0, 10).map(quote).join(', ');
  return labels.length > 10 ? `${named} and ${labels.length - 10} more` : named;
}
