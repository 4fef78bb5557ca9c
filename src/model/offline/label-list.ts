import { isBullet, linesOf, sentencesOf } from './sentences.ts';
import { wordsOf } from './words.ts';

const mostLabels = 100;

/** Reads the labels of a placeholder: "a|b|c"; when `loose`, also "a/b/c" and "one of: a, b or c". */
export function labelsOfPhrase(phrase: string, options: { loose: boolean }): readonly string[] | null {
  if (phrase.includes('|')) return asLabels(phrase.split('|'));
  if (!options.loose) return null;
  if (phrase.toLowerCase().startsWith('one of')) return labelsOfSentence(phrase);
  const parts = phrase.split('/');
  return parts.every((part) => !part.trim().includes(' ')) ? asLabels(parts) : null;
}

/** Finds the first label set that a prompt states in words, in one sentence or as a list under a heading. */
export function labelsOfPrompt(prompt: string): readonly string[] | null {
  return labelsOfList(prompt) ?? firstOf(sentencesOf(prompt), labelsOfSentence);
}

/**
 * Reads a label set stated in a sentence: "answer with one of: positive, negative, neutral", "Respond with exactly
 * one word: spam or ham", "Classify the review as good or bad". Null when the sentence states none.
 */
export function labelsOfSentence(sentence: string): readonly string[] | null {
  const cue = cueOf(sentence);
  if (cue === null) return null;
  const after = sentence.slice(cue.end);
  const rest = (cue.closed ? bracketedList(after) : null) ?? withoutBrackets(after);
  const colon = rest.indexOf(':');
  const list = (colon < 0 ? afterWord(rest, cue.before) : rest.slice(colon + 1)).trim();
  const stated = cue.closed || colon >= 0 || list.includes('|') || / or /u.test(list);
  return stated && !/\b(?:if|when|unless)\b/iu.test(list) ? asLabels(splitList(list)) : null;
}

type Cue = { readonly end: number; readonly before: readonly string[]; readonly closed: boolean };

// What comes before a label set. After some of these words the set only starts at a further word ("classify ... as").
const cues: readonly {
  readonly text: string;
  readonly before: readonly string[];
  readonly closed: boolean;
}[] = [
  { text: 'one of the following', before: [], closed: true },
  { text: 'one of these', before: [], closed: true },
  { text: 'one of', before: [], closed: true },
  { text: 'one word', before: [], closed: true },
  { text: 'single word', before: [], closed: true },
  { text: 'one label', before: [], closed: true },
  { text: 'either', before: [], closed: false },
  { text: 'classify', before: [' as ', ' into '], closed: false },
  { text: 'categorize', before: [' as ', ' into '], closed: false },
  { text: 'label', before: [' as ', ' is ', ' are '], closed: false },
  { text: 'categories', before: [' are '], closed: false },
  { text: 'classes', before: [' are '], closed: false },
  { text: 'answer', before: [' with only ', ' only with ', ' with ', ' only '], closed: false },
  { text: 'respond', before: [' with only ', ' only with ', ' with ', ' only '], closed: false },
  { text: 'reply', before: [' with only ', ' only with ', ' with ', ' only '], closed: false },
  { text: 'return', before: [' only '], closed: false },
  { text: 'output', before: [' only '], closed: false },
];

function cueOf(sentence: string): Cue | null {
  const text = sentence.toLowerCase();
  for (const { text: cue, before, closed } of cues) {
    const at = text.indexOf(cue);
    const inWord = at > 0 && /\p{L}/u.test(text[at - 1] ?? '');
    if (at >= 0 && !inWord) return { end: at + cue.length, before, closed };
  }
  return null;
}

function afterWord(text: string, words: readonly string[]): string {
  const lower = text.toLowerCase();
  const word = words.find((candidate) => lower.includes(candidate));
  return word === undefined ? text : text.slice(lower.lastIndexOf(word) + word.length);
}

/** The list of "one of the labels (a, b, c)"; null when the brackets hold something else. */
function bracketedList(text: string): string | null {
  const [before = '', inside = ''] = text.split('(', 2);
  return /[,:|]/u.test(before) || !/[,|/]| or /u.test(inside) ? null : (inside.split(')', 1)[0] ?? null);
}

function withoutBrackets(text: string): string {
  const parts = text.split('(');
  return parts.map((part, index) => (index === 0 ? part : part.slice(part.indexOf(')') + 1))).join(' ');
}

function splitList(list: string): readonly string[] {
  const marked = list.replaceAll(/[.!?;](?:\s|$)/gu, '\n').split('\n', 1)[0] ?? '';
  if (marked.includes('|')) return marked.split('|');
  if (!marked.includes(',') && marked.includes('/')) return marked.split('/');
  const parts = marked.split(',').flatMap((part) => part.split(/ or /iu));
  // "a, b and c" ends with two labels, while "terms and conditions" in the middle of a list is one.
  return parts.length > 1 ? [...parts.slice(0, -1), ...(parts.at(-1) ?? '').split(/ and /iu)] : parts;
}

/** Finds a heading such as "Choose one of these categories:" and reads the list items below it. */
function labelsOfList(prompt: string): readonly string[] | null {
  const raw = prompt.split('\n');
  const lines = linesOf(prompt);
  for (const [index, line] of lines.entries()) {
    if (!line.endsWith(':') || cueOf(line) === null) continue;
    const items: string[] = [];
    for (let next = index + 1; next < raw.length && isBullet(raw[next] ?? ''); next += 1) {
      items.push(headOf(lines[next] ?? ''));
    }
    const labels = asLabels(items);
    if (labels !== null) return labels;
  }
  return null;
}

function headOf(item: string): string {
  const ends = [':', ' - ', ' – ', ' — ', ' = ', ' (']
    .map((mark) => item.indexOf(mark))
    .filter((at) => at > 0);
  return item.slice(0, ends.length === 0 ? item.length : Math.min(...ends));
}

const notALabel = new Set(
  'in to with without your you as if be not do and it this that there their they we i is are on at by for from of json raw'.split(
    ' ',
  ),
);

function asLabels(items: readonly string[]): readonly string[] | null {
  const cleaned = items.map(clean).filter((item) => item !== '');
  const labels = [...new Set(cleaned)];
  const fits = labels.length >= 2 && labels.length <= mostLabels && labels.every(isLabel);
  return fits ? labels : null;
}

function clean(item: string): string {
  const trimmed = item.replaceAll(/["'`“”‘’*<>()[\]{}]/gu, '').trim();
  const bare = trimmed.replace(/^(?:or|and|either|a|an|the) /iu, '').replace(/ only$/iu, '');
  return bare.replace(/[.!:]$/u, '').trim();
}

function isLabel(item: string): boolean {
  if (item.length > 40 || !/^[\p{L}\p{N} _\-./&+#']+$/u.test(item)) return false;
  const words = wordsOf(item);
  const first = words[0] ?? '';
  return words.length > 0 && item.split(' ').length <= 3 && (words.length === 1 || !notALabel.has(first));
}

function firstOf<From, To>(values: readonly From[], read: (value: From) => To | null): To | null {
  for (const value of values) {
    const found = read(value);
    if (found !== null) return found;
  }
  return null;
}
