import type { Token } from './condition.ts';
import type { LabelField } from './template.ts';
import { stemOf, wordsOf } from './words.ts';

type Target = { readonly field: string; readonly label: string };

/** The part of a sentence that names labels as the answer: "route to billing with priority P1". */
export type Action = {
  /** The first token of the action, its modal verbs included, and the first one after it. */
  readonly start: number;
  readonly end: number;
  readonly targets: readonly Target[];
  /** What stands between the verb and its label: "refunds" in "send refunds to billing". */
  readonly object: readonly Token[];
  readonly negated: boolean;
  readonly always: boolean;
  /** Whether it names what to answer by default. */
  readonly fallback: boolean;
};

/** Finds the actions of a sentence: mentions of labels that a verb of answering leads to. */
export function actionsOf(tokens: readonly Token[], labels: readonly LabelName[]): readonly Action[] {
  const actions: Action[] = [];
  const fieldWords = new Set(labels.flatMap(({ fieldWords: words }) => words));
  const texts = new Set(tokens.map(({ text }) => text));
  for (let at = 0; at < tokens.length; at += 1) {
    const found = labels.filter((label) => isAt(tokens, { at, label }));
    const length = Math.max(0, ...found.map(({ words }) => words.length));
    if (length === 0) continue;
    const longest = found.filter(({ words }) => words.length === length);
    const verb = verbBefore(tokens, { at, end: at + length, again: actions.length > 0, fieldWords });
    if (verb !== null && !['not', 'than'].includes(tokens[at - 1]?.text ?? '')) {
      const targets = targetsOf(longest, texts);
      add(actions, { action: actionOf(tokens, { verb, at, length, targets, fieldWords }), tokens });
    }
    at += length - 1;
  }
  return actions;
}

/** A label of a field, ready to be found in a sentence. */
export type LabelName = {
  readonly field: string;
  readonly fieldWords: readonly string[];
  readonly label: string;
  readonly words: readonly string[];
  /** Whether only the case of its letters tells the label from an ordinary word, as with "A" and "no". */
  readonly exact: boolean;
};

/** The labels of all fields as they are looked for in sentences. */
export function labelNamesOf(fields: readonly LabelField[]): readonly LabelName[] {
  return fields.flatMap((field) =>
    field.labels.map((label) => {
      const exact = /^\p{L}{1,2}$/u.test(label);
      const words = exact ? [label] : wordsOf(label);
      return { field: field.name, fieldWords: wordsOf(field.name), label, words, exact };
    }),
  );
}

/**
 * Joins an action to the one before it when they share a verb or only joining words stand between them ("billing and
 * the priority must be P1"). Of two labels of one field the first one counts.
 */
function add(actions: Action[], next: { action: Action; tokens: readonly Token[] }): void {
  const { action } = next;
  const previous = actions.at(-1);
  const between = next.tokens.slice(previous?.end ?? 0, action.start);
  if (previous === undefined || !between.every(({ text }) => joiners.has(text))) {
    actions.push(action);
    return;
  }
  const known = new Set(previous.targets.map(({ field }) => field));
  const targets = [...previous.targets, ...action.targets.filter(({ field }) => !known.has(field))];
  actions[actions.length - 1] = { ...previous, end: action.end, targets };
}

const joiners = new Set(['and', 'with', 'at', 'as', 'the', 'its', 'set', 'a']);

/** A label that several fields share belongs to the field that the sentence names, else to the first of them. */
function targetsOf(named: readonly LabelName[], texts: ReadonlySet<string>): readonly Target[] {
  const meant = named.find(({ fieldWords }) => fieldWords.some((word) => texts.has(word))) ?? named[0];
  return meant === undefined ? [] : [{ field: meant.field, label: meant.label }];
}

function isAt(tokens: readonly Token[], find: { at: number; label: LabelName }): boolean {
  const { words, exact } = find.label;
  return words.every((word, index) => {
    const token = tokens[find.at + index];
    return (exact ? token?.raw : token?.text) === word;
  });
}

const verbs = new Set(
  (
    'route send go goes sent assign answer classify label mark set use choose pick return respond reply escalate ' +
    'treat forward belong say output give flag tag categorize prefer default handle put move'
  )
    .split(' ')
    .map(stemOf),
);
const clauseWords = new Set(['if', 'when', 'whenever', 'unless', 'except', 'even', ':']);
const mentionWords = new Set(['mentions', 'mention', 'mentioning', 'about']);
const reach = 7;
const longReach = 24;

type Place = {
  readonly at: number;
  readonly end: number;
  /** Whether the sentence has an action already. */
  readonly again: boolean;
  readonly fieldWords: ReadonlySet<string>;
};

/** Where the verb of an action stands that leads to the label at `at`; null when none does. */
function verbBefore(tokens: readonly Token[], of: Place): number | null {
  const { at } = of;
  const direct = tokens[at - 1]?.text ?? '';
  if (isElse(tokens[at - 1]) || (direct === ',' && isElse(tokens[at - 2]))) return at;
  // Much may stand between a verb and "to": "send anything about lost, late or broken parcels to shipping".
  const far = direct === 'to';
  for (let back = at - 1; back >= Math.max(0, at - (far ? longReach : reach)); back -= 1) {
    const text = tokens[back]?.text ?? '';
    if (clauseWords.has(text) || (!far && mentionWords.has(text))) break;
    if (verbs.has(stemOf(text)) || of.fieldWords.has(text)) return back;
  }
  if (['is', 'are', 'be', 'always'].includes(direct) && !opensWithCondition(tokens.slice(0, at)))
    return at - 1;
  return isElliptic(tokens, of) ? at : null;
}

/** "P1 if it is down, P2 if it is slow, P3 otherwise", and "Anything about refunds -> billing". */
function isElliptic(tokens: readonly Token[], of: { at: number; end: number; again: boolean }): boolean {
  const before = tokens[of.at - 1]?.text ?? ':';
  if (['->', '=>', '→'].includes(before)) return ruleOpeners.has(tokens[0]?.text ?? '');
  const next = tokens[of.end]?.text ?? '';
  if (of.again && [',', 'and', 'or'].includes(before))
    return ['if', 'when', 'otherwise', 'for'].includes(next);
  return before === ':' && ['if', 'when'].includes(next);
}

const ruleOpeners = new Set(
  'if when any anything all every everything tickets messages emails texts requests'.split(' '),
);

function isElse(token: Token | undefined): boolean {
  return token?.text === 'otherwise' || token?.text === 'else';
}

function opensWithCondition(tokens: readonly Token[]): boolean {
  const opener = ({ text }: Token): boolean =>
    (clauseWords.has(text) && text !== ':') || mentionWords.has(text);
  const last = tokens.findLastIndex(opener);
  return last >= 0 && !tokens.slice(last).some(({ text }) => text === ',');
}

const modals = new Set(
  'should must be always never do does not please then it they ticket can will is are to'.split(' '),
);
const connectors = new Set(
  'to the it them this that these as with a an in is are be level label team priority ticket tickets only'.split(
    ' ',
  ),
);

function actionOf(
  tokens: readonly Token[],
  of: {
    verb: number;
    at: number;
    length: number;
    targets: readonly Target[];
    fieldWords: ReadonlySet<string>;
  },
): Action {
  let start = of.verb;
  while (modals.has(tokens[start - 1]?.text ?? '')) start -= 1;
  const span = tokens.slice(start, of.at).map(({ text }) => text);
  const object = tokens.slice(of.verb + 1, of.at);
  return {
    start,
    end: of.at + of.length,
    targets: of.targets,
    object: object.filter(({ text }) => !connectors.has(text) && !of.fieldWords.has(text)),
    negated: span.includes('never') || span.includes('not'),
    always: span.includes('always'),
    fallback: span.includes('default'),
  };
}
