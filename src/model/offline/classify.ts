import { descriptionsOf, type Evidence, examplesOf, weigh } from './evidence.ts';
import { type Input, phraseAt } from './input.ts';
import { type Concept, lexicon } from './lexicon.ts';
import type { LabelField } from './template.ts';
import { contentStems, stemsOf } from './words.ts';

/** A phrase that speaks for a label of a field, by its place in the label set; null speaks for none. */
type Clue = {
  readonly stems: readonly string[];
  readonly label: number;
  readonly weight: number;
  /** The label that the phrase speaks for when it is negated; null when negation changes nothing. */
  readonly opposite: number | null;
};

/** All that a prompt and general vocabulary say about the labels of one field, ready to be counted. */
export type Profile = {
  readonly labels: readonly string[];
  readonly priors: readonly number[];
  readonly clues: ReadonlyMap<string, readonly Clue[]>;
};

/** The chosen label and the words of the text that spoke for it; no words mean that only the prior decided. */
type Choice = { readonly label: string; readonly words: readonly string[] };

const weights = { description: 2.5, example: 2, name: 2, strong: 2, plain: 1, weak: 0.4 } as const;
/** What a concept counts for that a label has not by its name but by a word of its description. */
const describedConcept = 0.5;
const repeated = 0.25;

type ReadConcept = {
  readonly names: ReadonlySet<string>;
  readonly phrases: readonly { readonly stems: readonly string[]; readonly weight: number }[];
  readonly prior: number;
  readonly opposite: string | null;
};

// The lexicon, read once: it is the same for every prompt.
const concepts: readonly ReadConcept[] = lexicon.map(readConcept);

/** Gathers the clues for the labels of a field from the prompt and from the lexicon. */
export function profileOf(prompt: string, field: LabelField): Profile {
  const descriptions = descriptionsOf(prompt, field);
  const clues = [
    ...evidenceClues(descriptions, weights.description),
    ...evidenceClues(examplesOf(prompt, field), weights.example),
    ...evidenceClues(
      field.labels.map((text, label) => ({ label, text })),
      weights.name,
    ),
  ];
  const priors = field.labels.map(() => 0);
  for (const concept of concepts) {
    const opposite = oppositeOf(concept, field.labels);
    for (const { label, share } of labelsOfConcept(concept, field.labels, descriptions)) {
      priors[label] = Math.max(priors[label] ?? 0, concept.prior * share);
      for (const { stems, weight } of concept.phrases)
        clues.push({ stems, label, weight: weight * share, opposite });
    }
  }
  const byStem = new Map<string, Clue[]>();
  for (const clue of clues) {
    const [first] = clue.stems;
    if (first === undefined) continue;
    const known = byStem.get(first);
    if (known === undefined) byStem.set(first, [clue]);
    else known.push(clue);
  }
  return { labels: field.labels, priors, clues: byStem };
}

/** Chooses the label with the most evidence; the earlier label wins a tie. Labels in `forbidden` are passed over. */
export function classify(input: Input, profile: Profile, forbidden: ReadonlySet<string>): Choice {
  const scores = [...profile.priors];
  const words = profile.labels.map((): string[] => []);
  const counted = new Map<Clue, number>();
  for (const [at, stem] of input.stems.entries()) {
    for (const clue of profile.clues.get(stem) ?? []) {
      if (!phraseAt(input, { stems: clue.stems, at, gap: 1 })) continue;
      const times = counted.get(clue) ?? 0;
      counted.set(clue, times + 1);
      if (times > 2) continue;
      const label = clue.opposite !== null && isNegated(input, at) ? clue.opposite : clue.label;
      scores[label] =
        (scores[label] ?? 0) + clue.weight * (input.weights[at] ?? 1) * (times === 0 ? 1 : repeated);
      words[label]?.push(input.words[at] ?? '');
    }
  }
  const allowed = profile.labels.flatMap((label, at) => (forbidden.has(label) ? [] : [at]));
  const candidates = allowed.length > 0 ? allowed : profile.labels.map((_, at) => at);
  const best = candidates.reduce((chosen, at) => ((scores[at] ?? 0) > (scores[chosen] ?? 0) ? at : chosen));
  return { label: profile.labels[best] ?? '', words: [...new Set(words[best])] };
}

function evidenceClues(evidence: readonly Evidence[], weight: number): readonly Clue[] {
  const clues: Clue[] = [];
  for (const [stem, labels] of weigh(evidence)) {
    for (const label of labels) {
      const share = labels.length === 1 ? 1 : 0.5 / labels.length;
      clues.push({ stems: [stem], label, weight: weight * share, opposite: null });
    }
  }
  return clues;
}

function labelsOfConcept(
  concept: ReadConcept,
  labels: readonly string[],
  descriptions: readonly Evidence[],
): readonly { readonly label: number; readonly share: number }[] {
  const { names } = concept;
  const named = labels.flatMap((label, at) => (isNamed(label, names) ? [at] : []));
  if (named.length > 0) return named.map((label) => ({ label, share: 1 }));
  const described = descriptions.filter(({ text }) => contentStems(text).some((stem) => names.has(stem)));
  return [...new Set(described.map(({ label }) => label))].map((label) => ({
    label,
    share: describedConcept,
  }));
}

/** Whether a label as a whole, or a word of it, is a name of a concept. */
function isNamed(label: string, names: ReadonlySet<string>): boolean {
  const stems = stemsOf(label);
  return names.has(stems.join(' ')) || stems.some((stem) => names.has(stem));
}

function oppositeOf(concept: ReadConcept, labels: readonly string[]): number | null {
  const names = concepts.find((other) => other.names.has(concept.opposite ?? ''))?.names;
  const at = names === undefined ? -1 : labels.findIndex((label) => isNamed(label, names));
  return at < 0 ? null : at;
}

const negations = new Set(['not', 'never', 'no', 'cannot', 'without', 'hardly']);

function isNegated(input: Input, at: number): boolean {
  return [1, 2].some((back) => negations.has(input.words[at - back] ?? ''));
}

function readConcept(concept: Concept): ReadConcept {
  const tiers = ['strong', 'plain', 'weak'] as const;
  return {
    names: new Set(phrasesOf(concept.names).map((stems) => stems.join(' '))),
    phrases: tiers.flatMap((tier) =>
      phrasesOf(concept[tier]).map((stems) => ({ stems, weight: weights[tier] })),
    ),
    prior: concept.prior ?? 0,
    opposite: concept.opposite === undefined ? null : stemsOf(concept.opposite).join(' '),
  };
}

function phrasesOf(list: string | undefined): readonly (readonly string[])[] {
  const phrases = (list ?? '').split(',').map(stemsOf);
  return phrases.filter((stems) => stems.length > 0);
}
