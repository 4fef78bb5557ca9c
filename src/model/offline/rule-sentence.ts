import { type Action, actionsOf, type LabelName } from './action.ts';
import { type Condition, isDoubt, readCondition, type Token, tokensOf } from './condition.ts';

/** What one sentence says about a label. It holds when any of `when` (or none is stated), all of `only`, no `unless` do. */
export type Statement = {
  readonly field: string;
  readonly label: string;
  /** `fallback` names the label for when nothing else decides. */
  readonly effect: 'choose' | 'forbid' | 'fallback';
  readonly when: readonly Condition[];
  readonly only: readonly Condition[];
  readonly unless: readonly Condition[];
};

/** What a sentence adds: statements of its own, or else exceptions to the rule before it. */
type ReadSentence = {
  readonly statements: readonly Statement[];
  readonly amendment: Pick<Statement, 'unless' | 'only'> | null;
};

/** Reads one sentence of a prompt as a routing rule, or as an amendment ("This does not apply if ..."). */
export function readSentence(sentence: string, labels: readonly LabelName[]): ReadSentence {
  const tokens = tokensOf(sentence);
  const actions = actionsOf(tokens, labels);
  const clauses = clausesOf(tokens, actions);
  if (actions.length === 0) return { statements: [], amendment: amendmentOf(tokens, clauses) };
  return { statements: bind(tokens, { actions, clauses }).flatMap(statementsOf), amendment: null };
}

const clauseKinds = ['when', 'unless', 'only', 'otherwise', 'ignored'] as const;
type ClauseKind = (typeof clauseKinds)[number];
type Clause = { readonly kind: ClauseKind; readonly at: number; readonly tokens: readonly Token[] };

const markerWords: Readonly<Record<ClauseKind, string>> = {
  when: 'if, when, whenever',
  unless:
    'unless, except, except if, except when, except for, excluding, other than, not if, not when, but not, ' +
    'but not if, but not when, but not for, and not when',
  only: 'only if, only when, only for, but only if, but only when, provided, as long as',
  otherwise: 'otherwise, in all other cases, in every other case',
  ignored: 'even if, even when, even though, regardless, no matter',
};

// The longest first, so that "except if" is not taken for "except".
const markers = clauseKinds
  .flatMap((kind) => markerWords[kind].split(', ').map((words) => ({ kind, words: words.split(' ') })))
  .sort((one, other) => other.words.length - one.words.length);

/** Cuts what stands outside of the actions into clauses; "for" opens one only right after an action. */
function clausesOf(tokens: readonly Token[], actions: readonly Action[]): readonly Clause[] {
  const cuts: { at: number; from: number; kind: ClauseKind }[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const inside = actions.find((action) => at >= action.start && at < action.end);
    if (inside !== undefined) {
      at = inside.end - 1;
      continue;
    }
    const marker = markers.find(({ words }) =>
      words.every((word, index) => tokens[at + index]?.text === word),
    );
    const afterAction = actions.some((action) => action.end === at) && tokens[at]?.text === 'for';
    if (marker === undefined && !afterAction) continue;
    const length = marker?.words.length ?? 1;
    cuts.push({ at, from: at + length, kind: marker?.kind ?? 'when' });
    at += length - 1;
  }
  const ends = [...cuts.map(({ at }) => at), ...actions.map(({ start }) => start), tokens.length];
  return cuts.map(({ at, from, kind }) => {
    const end = Math.min(...ends.filter((candidate) => candidate >= from));
    return { kind, at, tokens: tokens.slice(from, end) };
  });
}

type Bound = {
  readonly action: Action;
  readonly clauses: readonly Clause[];
  readonly subject: readonly Token[];
};

/** Gives each action its clauses: those before it when the sentence opens with a clause, else those after it. */
function bind(
  tokens: readonly Token[],
  parts: { actions: readonly Action[]; clauses: readonly Clause[] },
): readonly Bound[] {
  const { actions, clauses } = parts;
  const conditionFirst = (clauses[0]?.at ?? tokens.length) < (actions[0]?.start ?? 0);
  return actions.map((action, index) => {
    const before = clauses.filter(({ at }) => at < action.start && at >= (actions[index - 1]?.end ?? 0));
    const after = clauses.filter(
      ({ at }) => at >= action.end && at < (actions[index + 1]?.start ?? tokens.length),
    );
    const last = index === actions.length - 1;
    const opening = before.filter(({ kind }) => index === 0 || opens(kind, conditionFirst));
    const closing = after.filter(({ kind }) => last || !opens(kind, conditionFirst));
    const subject = index === 0 ? subjectOf(tokens.slice(0, action.start)) : [];
    return { action, clauses: [...opening, ...closing], subject };
  });
}

function opens(kind: ClauseKind, conditionFirst: boolean): boolean {
  return kind === 'otherwise' || (kind === 'when' && conditionFirst);
}

/** "Rule: refunds ..." leaves the words after the colon. */
function subjectOf(tokens: readonly Token[]): readonly Token[] {
  return tokens.slice(tokens.findLastIndex(({ text }) => text === ':') + 1);
}

function statementsOf(bound: Bound): readonly Statement[] {
  const { action, clauses } = bound;
  const stated = conditionsOf(clauses, ['when']);
  const implied = stated.length > 0 ? null : (readCondition(bound.subject) ?? readCondition(action.object));
  const when = implied === null ? stated : [implied];
  const rest = {
    when: when.filter((condition) => !isDoubt(condition)),
    only: conditionsOf(clauses, ['only']),
    unless: conditionsOf(clauses, ['unless']),
  };
  return action.targets.flatMap(({ field, label }): readonly Statement[] => {
    const base = { field, label };
    if (when.length > 0 && rest.when.length === 0) return [{ ...base, ...rest, effect: 'fallback' }];
    if (action.negated) return [{ ...base, ...rest, effect: 'forbid' }];
    if (when.length > 0) return [{ ...base, ...rest, effect: 'choose' }];
    return unconditional(base, { rest, action, clauses });
  });
}

function unconditional(
  base: Pick<Statement, 'field' | 'label'>,
  of: { rest: Pick<Statement, 'when' | 'only' | 'unless'>; action: Action; clauses: readonly Clause[] },
): readonly Statement[] {
  const { rest, action, clauses } = of;
  if (action.fallback) return [{ ...base, ...rest, effect: 'fallback' }];
  // "Only if" without another condition says when the label is not to be used, and leaves the rest to judgement.
  if (rest.only.length > 0)
    return rest.only.map((only) => ({ ...base, when: [], only: [], unless: [only], effect: 'forbid' }));
  const always = action.always || clauses.some(({ kind }) => kind === 'otherwise' || kind === 'unless');
  return always ? [{ ...base, ...rest, effect: 'choose' }] : [];
}

/** A sentence that only takes back: "Except when it mentions invoices.", "The rule does not apply if ...". */
function amendmentOf(tokens: readonly Token[], clauses: readonly Clause[]): ReadSentence['amendment'] {
  const texts = tokens.map(({ text }) => text);
  const denies = texts.includes('apply') && texts.includes('not');
  const opensWithClause = clauses[0]?.at === 0;
  if (!denies && !opensWithClause && !texts.includes('apply')) return null;
  const applies = texts.includes('apply') && !denies;
  return {
    unless: conditionsOf(clauses, denies ? ['when', 'unless'] : ['unless']),
    only: conditionsOf(clauses, applies ? ['when', 'only'] : ['only']),
  };
}

function conditionsOf(clauses: readonly Clause[], kinds: readonly ClauseKind[]): readonly Condition[] {
  const read = clauses
    .filter(({ kind }) => kinds.includes(kind))
    .map((clause) => readCondition(clause.tokens));
  return read.filter((condition) => condition !== null);
}
