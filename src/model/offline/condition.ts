import { hasPhrase, type Input } from './input.ts';
import { expand, grammarWords, stemOf } from './words.ts';

/** One word or mark of a prompt's sentence, in lower case, with the word as it was written. */
export type Token = { readonly text: string; readonly raw: string };

/** Terms of which a text must have any (or all, or none) for the group to hold. */
type Group = { readonly need: 'any' | 'all' | 'none'; readonly terms: readonly (readonly string[])[] };

/** What a rule asks of a text: that all of these groups hold. */
export type Condition = readonly Group[];

/** Whether a text meets a condition. */
export function holds(condition: Condition, input: Input): boolean {
  return condition.every(({ need, terms }) => {
    const has = (term: readonly string[]): boolean => hasPhrase(input, term);
    if (need === 'none') return !terms.some(has);
    return need === 'all' ? terms.every(has) : terms.some(has);
  });
}

/**
 * Reads the words of a condition: "the ticket is about rate limits or quotas and does not mention an invoice" asks
 * for one of the first two terms and none of the third. Null when no term is left.
 */
export function readCondition(tokens: readonly Token[]): Condition | null {
  const groups: Group[] = [];
  for (const part of splitGroups(tokens)) {
    const terms = termsOf(part.tokens);
    if (terms.length > 0) groups.push({ need: needOf(part), terms });
  }
  return groups.length > 0 ? groups : null;
}

/** Whether a condition only says that the model cannot tell: "unsure", "in doubt", "none of these fits". */
export function isDoubt(condition: Condition): boolean {
  return condition.every(({ terms }) => terms.every((term) => term.some((stem) => doubt.has(stem))));
}

const doubt = new Set(
  [
    'unsure',
    'doubt',
    'unclear',
    'ambiguous',
    'uncertain',
    'sure',
    'nothing',
    'fits',
    'none',
    'neither',
    'else',
  ].map(stemOf),
);

/** Splits a sentence into its words and the few marks that matter to a rule. */
export function tokensOf(sentence: string): readonly Token[] {
  const found = sentence.matchAll(/[\p{L}\p{N}]+(?:['’]\p{L}+)*|->|=>|[→,:()"“”—–/]/gu);
  return Array.from(found, ([raw]) => expand(raw.toLowerCase()).map((text) => ({ text, raw }))).flat();
}

type Part = { readonly negated: boolean; readonly tokens: Token[] };

const mentionVerbs = new Set(
  [
    'mention',
    'contain',
    'include',
    'reference',
    'discuss',
    'concern',
    'involve',
    'ask',
    'refer',
    'say',
    'talk',
    'about',
    'use',
  ].map(stemOf),
);

function splitGroups(tokens: readonly Token[]): readonly Part[] {
  let part: Part = { negated: false, tokens: [] };
  const parts = [part];
  for (const [at, token] of tokens.entries()) {
    const joins = token.text === 'and' || token.text === 'but';
    if (startsNegation(tokens, at)) {
      part = { negated: true, tokens: [] };
      parts.push(part);
    } else if (joins && isMentionVerb(tokens, at + 1)) {
      part = { negated: false, tokens: [] };
      parts.push(part);
    } else part.tokens.push(token);
  }
  return parts;
}

function startsNegation(tokens: readonly Token[], at: number): boolean {
  const text = tokens[at]?.text;
  if (text === 'without') return true;
  if (text === 'no') return tokens[at + 1]?.text === 'mention' || isMentionVerb(tokens, at - 1);
  if (text !== 'not') return false;
  const joined = ['and', 'but'].includes(tokens[at - 1]?.text ?? '');
  return joined || isMentionVerb(tokens, at + 1);
}

function isMentionVerb(tokens: readonly Token[], from: number): boolean {
  let at = from;
  while (['it', 'also', 'is', 'they', 'explicitly', 'does'].includes(tokens[at]?.text ?? '')) at += 1;
  return mentionVerbs.has(stemOf(tokens[at]?.text ?? ''));
}

function needOf(part: Part): Group['need'] {
  if (part.negated) return 'none';
  const texts = part.tokens.map((token) => token.text);
  while (texts.at(-1) === ',') texts.pop();
  if (texts.includes('both')) return 'all';
  const listed = texts.includes('or') || texts.includes(',') || !texts.includes('and');
  const mentions = texts.some((text) => ['mention', 'contain', 'say'].includes(stemOf(text)));
  return !listed && mentions ? 'all' : 'any';
}

const separators = new Set([',', 'or', 'and', '/', '(', ')', ':', '—', '–']);

function termsOf(tokens: readonly Token[]): readonly (readonly string[])[] {
  const terms: string[][] = [[]];
  for (const { text } of tokens) {
    if (separators.has(text)) terms.push([]);
    else if (/^[\p{L}\p{N}]/u.test(text)) terms.at(-1)?.push(text);
  }
  return terms.map(strippedTerm).filter((term) => term.length > 0);
}

const frames =
  'ticket text message note mail review comment customer user client guest person caller buyer visitor patient ' +
  'student email subject body content writer sender author anything everything something mention contain talk discuss ' +
  'concern regard relate refer ask report complain say describe include involve word phrase term keyword explicitly ' +
  'like clearly case matter concerned topic';
const frameStems = new Set(frames.split(' ').map(stemOf));
// Nouns for a kind of text. At the edge of a longer term they are left out; alone they are the term.
const kinds = new Set(['problem', 'issue', 'question', 'complaint'].map(stemOf));
const trailing = new Set([...kinds, 'ticket', 'matter', 'message', 'note', 'mail', 'topic'].map(stemOf));

// Whatever stands before one of these names who writes and what, not what it is about.
const headVerbs = new Set(
  ['mention', 'contain', 'about', 'regarding', 'concerning', 'discuss', 'reference'].map(stemOf),
);

/** Takes the frame off a term: "the customer asks about refund problems" leaves "refund". */
function strippedTerm(term: readonly string[]): readonly string[] {
  const words = term.slice(term.findLastIndex((word) => headVerbs.has(stemOf(word))) + 1);
  const isFrame = (word: string): boolean => grammarWords.has(word) || frameStems.has(stemOf(word));
  const first = words.findIndex((word) => !isFrame(word) && !trailing.has(stemOf(word)));
  const core = first < 0 ? words.filter((word) => kinds.has(stemOf(word))) : words.slice(first);
  let stems = core.filter((word) => !grammarWords.has(word) || word === 'not' || word === 'no').map(stemOf);
  while (stems.length > 1 && trailing.has(stems.at(-1) ?? '')) stems = stems.slice(0, -1);
  return stems;
}
