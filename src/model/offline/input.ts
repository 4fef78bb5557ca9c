import { expand, stemOf, wordPattern } from './words.ts';

/**
 * A text made ready for matching. The three lists run in parallel, one place per word; the end of a sentence takes
 * a few empty places, so that no phrase matches across it.
 */
export type Input = {
  readonly text: string;
  readonly stems: readonly string[];
  readonly words: readonly string[];
  /** How much a word counts: those of a subject line count more. */
  readonly weights: readonly number[];
  readonly places: ReadonlyMap<string, readonly number[]>;
};

const subjectWeight = 1.5;
const sentenceGap = ['', '', '', ''];

/** Reads a text that is to be classified. */
export function readInput(text: string): Input {
  const stems: string[] = [];
  const words: string[] = [];
  const weights: number[] = [];
  const places = new Map<string, number[]>();
  const subject = subjectOf(text);
  let previousEnd = 0;
  for (const match of text.matchAll(wordPattern)) {
    if (endsSentence(text.slice(previousEnd, match.index))) {
      stems.push(...sentenceGap);
      words.push(...sentenceGap);
      weights.push(0, 0, 0, 0);
    }
    const inSubject = match.index >= subject.start && match.index < subject.end;
    for (const word of expand(match[0].toLowerCase())) {
      const stem = stemOf(word);
      const known = places.get(stem);
      if (known === undefined) places.set(stem, [stems.length]);
      else known.push(stems.length);
      stems.push(stem);
      words.push(word);
      weights.push(inSubject ? subjectWeight : 1);
    }
    previousEnd = match.index + match[0].length;
  }
  return { text, stems, words, weights, places };
}

/** Whether a phrase begins at a place: its stems in order, with at most `gap` other words between two of them. */
export function phraseAt(
  input: Input,
  phrase: { stems: readonly string[]; at: number; gap: number },
): boolean {
  let at = phrase.at;
  for (const [index, stem] of phrase.stems.entries()) {
    const reach = index === 0 ? 0 : phrase.gap + 1;
    let next = index === 0 ? at : at + 1;
    while (next <= at + reach && input.stems[next] !== stem) next += 1;
    if (next > at + reach) return false;
    at = next;
  }
  return true;
}

/** Whether a phrase occurs anywhere, with at most two other words between two of its own. */
export function hasPhrase(input: Input, stems: readonly string[]): boolean {
  const [first] = stems;
  if (first === undefined) return false;
  return (input.places.get(first) ?? []).some((at) => phraseAt(input, { stems, at, gap: 2 }));
}

/** What a text is about in one line: its subject line, else its first sentence, cut to a readable length. */
export function gistOf(text: string): string {
  const subject = subjectOf(text);
  const head = text.slice(subject.start, subject.end).trim();
  if (head !== '') return shorten(head);
  const body = text.slice(0, 1000).trim();
  const end = body.search(/[.!?\n]/u);
  return shorten(end < 0 ? body : body.slice(0, end + 1));
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length <= 120 ? line : `${characters.slice(0, 117).join('')}...`;
}

function subjectOf(text: string): { readonly start: number; readonly end: number } {
  const indent = text.length - text.trimStart().length;
  const head = text.slice(indent, indent + 8).toLowerCase();
  const mark = ['subject:', 'title:'].find((word) => head.startsWith(word));
  if (mark === undefined) return { start: 0, end: 0 };
  const end = text.indexOf('\n', indent);
  return { start: indent + mark.length, end: end < 0 ? text.length : end };
}

function endsSentence(between: string): boolean {
  if (between.includes('\n\n')) return true;
  return /[.!?;]/u.test(between) && /\s/u.test(between);
}
