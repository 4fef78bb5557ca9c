import { labelsOfPhrase, labelsOfPrompt, labelsOfSentence } from './label-list.ts';
import { sentencesOf } from './sentences.ts';
import { stemsOf } from './words.ts';

/** One part of the answer that a prompt asks for. `quoted` tells whether the template wrote it as a JSON string. */
export type Field =
  | {
      readonly kind: 'labels';
      readonly name: string;
      readonly labels: readonly string[];
      readonly quoted: boolean;
    }
  | { readonly kind: 'free'; readonly name: string; readonly hint: string; readonly quoted: boolean }
  | { readonly kind: 'constant'; readonly name: string; readonly json: string };

export type LabelField = Extract<Field, { kind: 'labels' }>;

/** What the answer must look like: one line of JSON with these keys in order, or one label and nothing else. */
export type Template =
  | { readonly render: 'json'; readonly fields: readonly Field[] }
  | { readonly render: 'label'; readonly field: LabelField };

/** Finds the output template that a prompt states; null when it states none. The first one counts. */
export function findTemplate(prompt: string): Template | null {
  const fields = findObject(prompt);
  if (fields !== null) return { render: 'json', fields: fields.map((field) => completed(field, prompt)) };
  const labels = labelsInBrackets(prompt) ?? labelsOfPrompt(prompt);
  if (labels === null) return null;
  return { render: 'label', field: { kind: 'labels', name: '', labels, quoted: false } };
}

// Bounds on the search, so that a prompt full of brackets costs no more than any other.
const mostAttempts = 200;
const longestTemplate = 4000;

function findObject(prompt: string): readonly Field[] | null {
  let at = prompt.indexOf('{');
  for (let attempt = 0; at >= 0 && attempt < mostAttempts; attempt += 1) {
    const fields = readObject(prompt.slice(at, at + longestTemplate));
    if (fields?.some((field) => field.kind !== 'constant') === true) return fields;
    at = prompt.indexOf('{', at + 1);
  }
  return null;
}

/** Reads a flat object at the start of a text, with placeholders as values; null when there is none. */
function readObject(text: string): readonly Field[] | null {
  const fields: Field[] = [];
  let at = skipSpace(text, 1);
  for (;;) {
    const key = readString(text, at);
    if (key === null) return null;
    at = skipSpace(text, key.end);
    if (text[at] !== ':') return null;
    const value = readValue(text, { name: key.value, at: skipSpace(text, at + 1) });
    if (value === null) return null;
    fields.push(value.field);
    at = skipSpace(text, value.end);
    if (text[at] === '}') return fields;
    if (text[at] !== ',') return null;
    at = skipSpace(text, at + 1);
  }
}

function readValue(text: string, from: { name: string; at: number }): { field: Field; end: number } | null {
  const { name, at } = from;
  if (text[at] === '"') {
    const read = readStrings(text, at);
    return read && { field: fieldOf(name, { text: read.value, quoted: true }), end: read.end };
  }
  if (text[at] === '<') {
    const end = endOfLineOr(text, { mark: '>', from: at });
    return end === null
      ? null
      : { field: fieldOf(name, { text: text.slice(at, end + 1), quoted: false }), end: end + 1 };
  }
  const literal = /^(?:true|false|null|-?\d{1,15})/u.exec(text.slice(at, at + 20))?.[0];
  return literal === undefined
    ? null
    : { field: { kind: 'constant', name, json: literal }, end: at + literal.length };
}

function fieldOf(name: string, value: { text: string; quoted: boolean }): Field {
  const { quoted } = value;
  const text = value.text.trim();
  const bracketed = text.startsWith('<') && text.endsWith('>') && text.length > 2;
  const inner = bracketed ? text.slice(1, -1).trim() : text;
  const labels = labelsOfPhrase(inner, { loose: bracketed });
  if (labels !== null) return { kind: 'labels', name, labels, quoted };
  if (bracketed || /^(?:\.\.\.|…)$/u.test(text)) return { kind: 'free', name, hint: inner, quoted };
  return { kind: 'constant', name, json: JSON.stringify(value.text) };
}

/** Gives a free field the label set that the prose around the template states for its name, if there is one. */
function completed(field: Field, prompt: string): Field {
  if (field.kind !== 'free') return field;
  const name = stemsOf(field.name).at(-1);
  for (const sentence of sentencesOf(prompt)) {
    if (sentence.includes('{') || name === undefined) continue;
    const [before = ''] = sentence.split(':', 1);
    if (!stemsOf(before).slice(0, 8).includes(name)) continue;
    const labels = labelsOfSentence(sentence);
    if (labels !== null) return { kind: 'labels', name: field.name, labels, quoted: field.quoted };
  }
  return field;
}

function labelsInBrackets(prompt: string): readonly string[] | null {
  let at = prompt.indexOf('<');
  for (let attempt = 0; at >= 0 && attempt < mostAttempts; attempt += 1) {
    const end = endOfLineOr(prompt.slice(0, at + longestTemplate), { mark: '>', from: at });
    const inner = end === null ? '' : prompt.slice(at + 1, end);
    if (inner.includes('|')) {
      const labels = labelsOfPhrase(inner, { loose: false });
      if (labels !== null) return labels;
    }
    at = prompt.indexOf('<', at + 1);
  }
  return null;
}

/** Reads a string, or several with "|" between them as if they were one: `"a" | "b"` gives "a|b". */
function readStrings(text: string, at: number): { value: string; end: number } | null {
  const read = readString(text, at);
  const bar = skipSpace(text, read?.end ?? at);
  if (read === null || text[bar] !== '|') return read;
  const rest = readStrings(text, skipSpace(text, bar + 1));
  return rest && { value: `${read.value}|${rest.value}`, end: rest.end };
}

function readString(text: string, at: number): { value: string; end: number } | null {
  if (text[at] !== '"') return null;
  for (let end = at + 1; end < text.length && text[end] !== '\n'; end += 1) {
    if (text[end] === '\\') end += 1;
    else if (text[end] === '"') return parsedString(text.slice(at, end + 1), end + 1);
  }
  return null;
}

function parsedString(literal: string, end: number): { value: string; end: number } | null {
  try {
    return { value: String(JSON.parse(literal)), end };
  } catch {
    return null;
  }
}

function endOfLineOr(text: string, search: { mark: string; from: number }): number | null {
  for (let at = search.from; at < text.length && text[at] !== '\n'; at += 1)
    if (text[at] === search.mark) return at;
  return null;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (' \t\r\n'.includes(text[at] ?? 'x')) at += 1;
  return at;
}
