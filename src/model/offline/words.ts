/**
 * A word: letters and digits with inner apostrophes. Each repetition starts with a character that the previous one
 * cannot contain, so matching never backtracks.
 */
export const wordPattern = /[\p{L}\p{N}]+(?:['’]\p{L}+)*/gu;

/** Splits text into lower-case words: "rate-limited" is two, "doesn't" is "does not", "customer's" is "customer". */
export function wordsOf(text: string): readonly string[] {
  return Array.from(text.toLowerCase().matchAll(wordPattern), ([word]) => expand(word)).flat();
}

/** Writes a lower-case word with an apostrophe out in full. */
export function expand(word: string): readonly string[] {
  const at = Math.max(word.lastIndexOf("'"), word.lastIndexOf('’'));
  if (at < 0) return [word];
  const plain = word.slice(0, at);
  if (!plain.endsWith('n') || word.slice(at + 1) !== 't') return [plain];
  if (plain === 'can') return ['cannot'];
  return [plain === 'won' ? 'will' : plain.slice(0, -1), 'not'];
}

/**
 * Reduces a lower-case word to what its inflections share: "charges", "charged" and "charging" give the same stem.
 * Stems are only compared with stems, so they need not be words.
 */
export function stemOf(word: string): string {
  if (word.length < 4) return word;
  return dropEnd(dropSuffix(dropPlural(word)));
}

/** The stems of a phrase, in order. */
export function stemsOf(phrase: string): readonly string[] {
  return wordsOf(phrase).map(stemOf);
}

function dropPlural(word: string): string {
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (['sses', 'xes', 'zes', 'ches', 'shes'].some((end) => word.endsWith(end))) return word.slice(0, -2);
  const keepsS = ['ss', 'us', 'is'].some((end) => word.endsWith(end));
  return word.endsWith('s') && !keepsS ? word.slice(0, -1) : word;
}

function dropSuffix(word: string): string {
  if (word.endsWith('ied') && word.length > 4) return `${word.slice(0, -3)}y`;
  if (word.endsWith('ing') && word.length > 5) return word.slice(0, -3);
  if (word.endsWith('ed') && word.length > 4) return word.slice(0, -2);
  return word;
}

function dropEnd(word: string): string {
  if (word.length < 4) return word;
  const last = word.at(-1) ?? '';
  const doubled = last === word.at(-2) && !'aeiou0123456789'.includes(last);
  return last === 'e' || doubled ? word.slice(0, -1) : word;
}

const grammar =
  'a an the this that these those it its they them their there here he she his her we us our ours i me my you your ' +
  'yours who whom whose which what is are was were be been being am do does did done have has had having will would ' +
  'shall should can could may might must of to in on at by for from with without into onto over under about as than ' +
  'and or but if when while then so because not no nor any all each every some such only just also too very more ' +
  'most other same own how why where again once out up off both few s t re ve ll d etc eg ie please';

/** Words of grammar, which say nothing about a subject. */
export const grammarWords: ReadonlySet<string> = new Set(grammar.split(' '));

/** The stems of the words of a text that carry meaning, each once, in order of appearance. */
export function contentStems(text: string): readonly string[] {
  const content = wordsOf(text).filter((word) => !grammarWords.has(word) && word.length > 1);
  return [...new Set(content.map(stemOf))];
}
