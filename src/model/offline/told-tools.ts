import type { LabelName } from './action.ts';
import { holds } from './condition.ts';
import type { Input } from './input.ts';
import { readSentence, type Statement } from './rule-sentence.ts';
import { sentencesOf } from './sentences.ts';
import { wordsOf } from './words.ts';

/** A tool that a text tells the model to call. */
export type ToldTool = {
  readonly name: string;
  /** Whether it is to wait for what stands before it: "call a, then b". */
  readonly after: boolean;
  /** The sentence from the tool's name on, which may state the input. */
  readonly rest: string;
};

// Bounds on the work that a prompt can ask for.
const mostSentences = 1000;
const longestSentence = 2000;

/**
 * Finds the tools that a text tells the model to call, each by its name, in the order of their mention: "Use the tool
 * lookup_order with the order number", "If it rains, call get_weather". `input` is the text that conditions are held
 * against. A tool of a server may be named without the prefix that its server gives it.
 */
export function toldTools(text: string, tools: readonly string[], input: Input): readonly ToldTool[] {
  const found = new Map<string, ToldTool>();
  const forbidden = new Set<string>();
  let chosen = false;
  for (const sentence of sentencesOf(text).slice(0, mostSentences)) {
    if (sentence.length > longestSentence) continue;
    const mentions = mentionsIn(sentence, tools);
    const rules = marker.test(sentence) ? readSentence(sentence, mentions.map(labelOf)).statements : null;
    for (const mention of mentions) {
      const verdict =
        rules === null ? plainVerdict(sentence, mention) : ruledVerdict(rules, { mention, input });
      if (verdict === 'forbid') forbidden.add(mention.name);
      // "Otherwise call b" is for when no condition before it was met.
      if (verdict === 'call' || (verdict === 'otherwise' && !chosen)) {
        if (!found.has(mention.name)) found.set(mention.name, toldIn(sentence, mention));
      }
      if (verdict === 'call' && rules !== null) chosen = true;
    }
  }
  return [...found.values()].filter(({ name }) => !forbidden.has(name));
}

type Mention = {
  readonly name: string;
  readonly words: readonly string[];
  readonly at: number;
  readonly end: number;
  readonly previousEnd: number;
};

function mentionsIn(sentence: string, tools: readonly string[]): readonly Mention[] {
  const lower = sentence.toLowerCase();
  const mentions = tools.flatMap((name) => {
    const short = name.slice(name.lastIndexOf('__') < 0 ? 0 : name.lastIndexOf('__') + 2);
    const place = placeOf(lower, name.toLowerCase()) ?? placeOf(lower, short.toLowerCase());
    return place === null ? [] : [{ name, words: wordsOf(lower.slice(place.at, place.end)), ...place }];
  });
  mentions.sort((one, other) => one.at - other.at);
  return mentions.map((mention, index) => ({ ...mention, previousEnd: mentions[index - 1]?.end ?? 0 }));
}

/** Where a name stands by itself, and not as a part of a longer one; null when it does not. */
function placeOf(text: string, name: string): { readonly at: number; readonly end: number } | null {
  if (name === '') return null;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
    const end = at + name.length;
    const joined = /[\w-]/.test(text.charAt(at - 1)) || /^(?:\w|-\w)/.test(text.slice(end, end + 2));
    if (!joined) return { at, end };
  }
  return null;
}

const callVerbs =
  'use uses using call calls calling run running invoke invoking execute consult query ask try check via tool'.split(
    ' ',
  );
const marker = /\b(?:if|when|whenever|unless|except|only (?:if|when|for)|otherwise)\b/i;
const negation = /\b(?:not|never|don['’]?t|cannot|can['’]t|without|avoid|instead of|rather than)\b/i;

type Verdict = 'call' | 'otherwise' | 'forbid' | 'nothing';

function plainVerdict(sentence: string, { at }: Mention): Verdict {
  const before = sentence.slice(0, at);
  if (!wordsOf(before).some((word) => callVerbs.includes(word))) return 'nothing';
  const clause = before.slice(Math.max(before.lastIndexOf(','), before.lastIndexOf(':')) + 1);
  return negation.test(clause) ? 'forbid' : 'call';
}

/** In a sentence with conditions a tool is read as a label is, the verbs of calling being those that lead to it. */
function labelOf({ name, words }: Mention): LabelName {
  return { field: name, fieldWords: callVerbs, label: name, words, exact: false };
}

function ruledVerdict(rules: readonly Statement[], of: { mention: Mention; input: Input }): Verdict {
  const own = rules.filter(({ label }) => label === of.mention.name);
  const met = own.find((statement) => statementHolds(statement, of.input));
  if (met === undefined) return 'nothing';
  if (met.effect === 'forbid') return 'forbid';
  return met.when.length + met.only.length + met.unless.length > 0 ? 'call' : 'otherwise';
}

function statementHolds({ when, only, unless }: Statement, input: Input): boolean {
  const met = (condition: Parameters<typeof holds>[0]): boolean => holds(condition, input);
  return (when.length === 0 || when.some(met)) && only.every(met) && !unless.some(met);
}

const sequence = /\b(?:then|next|after|afterwards|finally)\b/i;

function toldIn(sentence: string, { name, at, end, previousEnd }: Mention): ToldTool {
  return { name, after: sequence.test(sentence.slice(previousEnd, at)), rest: sentence.slice(end) };
}
