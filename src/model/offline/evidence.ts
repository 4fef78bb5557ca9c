import { linesOf } from './sentences.ts';
import type { LabelField } from './template.ts';
import { contentStems, wordsOf } from './words.ts';

/** A text of the prompt that speaks for a label: its description, or an example input that was answered with it. */
export type Evidence = { readonly label: number; readonly text: string };

type Separator = { readonly marks: readonly string[]; readonly words: readonly string[] };

const separator: Separator = {
  marks: [':', '—', '–', '-', '=', '→', '(', '>'],
  words: ['means', 'covers', 'handles', 'includes', 'is for', 'is about', 'are for', 'for', 'owns'],
};

/**
 * Finds what a prompt says about the labels of a field: "billing: invoices, refunds", "- auth — login problems",
 * "P1 means an outage; P2 means ...", "spam (unsolicited offers)". What a description excludes is left out.
 */
export function descriptionsOf(prompt: string, field: LabelField): readonly Evidence[] {
  const found: Evidence[] = [];
  for (const line of linesOf(prompt)) {
    if (line.includes('{')) continue;
    for (const part of partsOf(line, field)) {
      for (const [label, name] of field.labels.entries()) {
        const text = describedBy(part, name);
        if (text !== null && !isLabel(text, field)) found.push({ label, text: withoutExclusion(text) });
      }
    }
  }
  return found;
}

/**
 * Finds examples that a prompt gives: an input ("Ticket: ...", or the left side of an arrow) followed by an answer
 * that holds a label, bare or in JSON.
 */
export function examplesOf(prompt: string, field: LabelField): readonly Evidence[] {
  const found: Evidence[] = [];
  let input: readonly string[] = [];
  let answered = false;
  for (const line of linesOf(prompt)) {
    const arrow = arrowIn(line);
    const arrowLabel = arrow === null ? null : answerLabel(arrow.right, field);
    if (arrow !== null && arrowLabel !== null && !/^(?:if|when) /iu.test(arrow.left)) {
      found.push({ label: arrowLabel, text: arrow.left });
      continue;
    }
    const label = answerLabel(line, field);
    if (label !== null && input.length > 0) {
      if (!answered) found.push({ label, text: input.join('\n') });
      answered = true;
    } else if (answered && /^[\p{L} ]{1,20}:/u.test(line) && startInput(line) === null) {
      // The next key of the same answer, "Priority: P1" after "Team: billing".
    } else {
      const start = startInput(line);
      if (start !== null) input = [start];
      else input = answered || input.length === 0 || input.length > 40 ? [] : [...input, line];
      answered = false;
    }
  }
  return found;
}

/** The parts of a line that may each describe a label: "P1 means an outage, and P2 means ..." has two. */
function partsOf(line: string, field: LabelField): readonly string[] {
  const parts: string[] = [];
  for (const sentence of line.split(/; |\. /u)) {
    for (const [index, part] of sentence.split(', and ').entries()) {
      const describes = field.labels.some((name) => describedBy(part.trim(), name) !== null);
      if (index === 0 || describes) parts.push(part.trim());
      else parts.push(`${parts.pop() ?? ''}, ${part}`);
    }
  }
  return parts;
}

function describedBy(part: string, name: string): string | null {
  const start = part.replace(/^["'“<]/u, '');
  if (!start.toLowerCase().startsWith(name.toLowerCase())) return bracketAfter(part, name);
  const rest = start.slice(name.length);
  if (/^[\p{L}\p{N}_]/u.test(rest) || /^-[\p{L}\p{N}]/u.test(rest)) return null;
  const open = rest.replace(/^["'”>]/u, '').trimStart();
  if (separator.marks.includes(open[0] ?? '')) return open.slice(1);
  const word = separator.words.find((candidate) => open.toLowerCase().startsWith(`${candidate} `));
  return word === undefined ? null : open.slice(word.length);
}

function bracketAfter(part: string, name: string): string | null {
  const at = part.toLowerCase().indexOf(`${name.toLowerCase()} (`);
  if (at < 0 || /[\p{L}\p{N}-]/u.test(part[at - 1] ?? ' ')) return null;
  return part.slice(at + name.length + 2).split(')', 1)[0] ?? null;
}

function withoutExclusion(text: string): string {
  const lower = text.toLowerCase();
  const marks = ['(not ', ', not ', ' but not ', ' except ', ' excluding ', ' unless ', ' rather than '];
  const ends = marks.map((mark) => lower.indexOf(mark)).filter((at) => at >= 0);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends));
}

function isLabel(text: string, field: LabelField): boolean {
  return answerLabel(text, field) !== null;
}

function arrowIn(line: string): { readonly left: string; readonly right: string } | null {
  for (const mark of ['->', '→', '=>']) {
    const at = line.lastIndexOf(mark);
    if (at > 0) return { left: line.slice(0, at).trim(), right: line.slice(at + mark.length).trim() };
  }
  return null;
}

const inputNames = new Set(
  'input text ticket message example user q question review email subject customer comment tweet body request'.split(
    ' ',
  ),
);

/** The rest of a line that begins an example's input; null when it does not begin one. */
function startInput(line: string): string | null {
  const colon = line.indexOf(':');
  if (colon <= 0 || colon > 24) return null;
  const name = wordsOf(line.slice(0, colon)).find((word) => inputNames.has(word));
  return name === undefined ? null : line.slice(colon + 1).trim();
}

/** The label that an answer holds; null when it is no answer. */
function answerLabel(answer: string, field: LabelField): number | null {
  const open = answer.indexOf('{');
  const value = open >= 0 ? valueIn(answer.slice(open), field.name) : bareAnswer(answer);
  const at = field.labels.findIndex((label) => label.toLowerCase() === value?.toLowerCase());
  return at < 0 ? null : at;
}

function bareAnswer(answer: string): string {
  const colon = answer.indexOf(':');
  const bare = colon > 0 && colon <= 24 ? answer.slice(colon + 1) : answer;
  return bare.trim().replaceAll(/^["']|["'.]$/gu, '');
}

function valueIn(json: string, name: string): string | null {
  if (!json.endsWith('}') || json.length > 2000) return null;
  try {
    const value: unknown = JSON.parse(json);
    const found = Object.entries(Object(value)).find(([key]) => key === name);
    return found === undefined ? null : String(found[1]);
  } catch {
    return null;
  }
}

/** The stems of evidence, with the labels that share each of them: a stem that all labels have tells nothing. */
export function weigh(evidence: readonly Evidence[]): ReadonlyMap<string, readonly number[]> {
  const shared = new Map<string, number[]>();
  for (const { label, text } of evidence) {
    for (const stem of contentStems(text)) {
      const labels = shared.get(stem) ?? [];
      if (!labels.includes(label)) labels.push(label);
      shared.set(stem, labels);
    }
  }
  return shared;
}
