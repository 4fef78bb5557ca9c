import { labelNamesOf } from './action.ts';
import { type Condition, holds } from './condition.ts';
import type { Input } from './input.ts';
import { readSentence, type Statement } from './rule-sentence.ts';
import { sentencesOf } from './sentences.ts';
import type { LabelField } from './template.ts';

/** An instruction that the prompt states about one label of one field. */
export type Rule = Statement & {
  /** The sentence that states it. */
  readonly source: string;
  /** Whether the prompt says that it comes before everything else. */
  readonly first: boolean;
};

/** What the rules of a prompt say about a text: a label that must be answered, and labels that must not be. */
type Ruling = {
  readonly chosen: Rule | null;
  readonly forbidden: ReadonlySet<string>;
  /** The label that the prompt names for when nothing else decides. */
  readonly fallback: string | null;
};

/** Finds the rules that a prompt states about these fields, those that come before everything else first. */
export function rulesOf(prompt: string, fields: readonly LabelField[]): readonly Rule[] {
  const labels = labelNamesOf(fields);
  const rules: Rule[] = [];
  let latest = 0;
  for (const source of sentencesOf(prompt)) {
    if (source.includes('{') || source.length > longestSentence || rules.length >= mostRules) continue;
    const { statements, amendment } = readSentence(source, labels);
    const first = precedence.some((words) => source.toLowerCase().includes(words));
    if (statements.length > 0) {
      latest = rules.length;
      rules.push(...statements.map((statement) => ({ ...statement, source, first })));
    } else if (first || amendment !== null) {
      rules.push(...rules.splice(latest).map((rule) => amended(rule, { amendment, first })));
    }
  }
  return rules.filter((rule) => rule.first).concat(rules.filter((rule) => !rule.first));
}

// Bounds on the work that a prompt can ask for. No sentence that people write is longer.
const longestSentence = 2000;
const mostRules = 500;

const precedence = [
  'before any other',
  'before anything else',
  'before all other',
  'before considering',
  'takes precedence',
  'take precedence',
  'takes priority over',
  'overrides ',
  'override all',
];

/** Applies the rules of one field to a text, in their order: the first that holds decides. */
export function applyRules(rules: readonly Rule[], use: { field: string; input: Input }): Ruling {
  const own = rules.filter((rule) => rule.field === use.field);
  const held = own.filter((rule) => ruleHolds(rule, use.input));
  const forbidden = new Set(held.flatMap((rule) => (rule.effect === 'forbid' ? [rule.label] : [])));
  const choosing = held.filter((rule) => rule.effect === 'choose' && !forbidden.has(rule.label));
  // "Otherwise P3" holds for every text, so it waits for the rules that state a condition, even later ones.
  const chosen = choosing.find((rule) => rule.when.length > 0) ?? choosing[0];
  const fallback = own.find((rule) => rule.effect === 'fallback');
  return { chosen: chosen ?? null, forbidden, fallback: fallback?.label ?? null };
}

function ruleHolds(rule: Rule, input: Input): boolean {
  const met = (condition: Condition): boolean => holds(condition, input);
  return (rule.when.length === 0 || rule.when.some(met)) && rule.only.every(met) && !rule.unless.some(met);
}

function amended(
  rule: Rule,
  by: { amendment: Pick<Statement, 'unless' | 'only'> | null; first: boolean },
): Rule {
  return {
    ...rule,
    first: rule.first || by.first,
    unless: [...rule.unless, ...(by.amendment?.unless ?? [])],
    only: [...rule.only, ...(by.amendment?.only ?? [])],
  };
}
