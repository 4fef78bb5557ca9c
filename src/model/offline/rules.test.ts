import { describe, expect, it } from 'vitest';
import { readInput } from './input.ts';
import { applyRules, rulesOf } from './rules.ts';
import type { LabelField } from './template.ts';

const desk: LabelField = {
  kind: 'labels',
  name: 'desk',
  labels: ['kitchen', 'bar', 'front-desk'],
  quoted: true,
};
const level: LabelField = { kind: 'labels', name: 'level', labels: ['P1', 'P2', 'P3'], quoted: true };

/** The label that the rules of a prompt choose for a text; null when they leave it open. */
const chosen = (prompt: string, text: string, field = desk): string | null => {
  const rules = rulesOf(prompt, [desk, level]);
  return applyRules(rules, { field: field.name, input: readInput(text) }).chosen?.label ?? null;
};

const ruling = (prompt: string, text: string, field = level): ReturnType<typeof applyRules> =>
  applyRules(rulesOf(prompt, [desk, level]), { field: field.name, input: readInput(text) });

describe('a routing rule', () => {
  it.each([
    'If the note mentions soup, cold plates, or the oven, route to kitchen.',
    'Anything about soups or ovens goes to kitchen.',
    'Notes mentioning soup should be routed to kitchen.',
    'Route to kitchen when the guest talks about soup.',
    'Send soup complaints to kitchen.',
    'Use kitchen for soup and bread.',
    'For soup, use kitchen.',
    'RULE: soup goes to kitchen, not bar.',
    'Everything that contains the word "soup" -> kitchen',
    'If it mentions both soup and spoons, the desk must be kitchen and the level must be P2.',
    'Soup is kitchen, even if the bar is mentioned.',
  ])('is read from "%s"', (prompt) => {
    expect(chosen(prompt, 'The soups came without spoons.')).toBe('kitchen');
    expect(chosen(prompt, 'The wine was warm.')).toBeNull();
  });

  it('says nothing without a label or a condition', () => {
    const prompt =
      'Route by what the guest means, not by surface words. Answer kitchen or bar. You must use a desk.';
    expect(rulesOf(prompt, [desk])).toEqual([]);
  });

  it('asks for all terms when they are joined by "both" or mentioned with "and"', () => {
    expect(chosen('If it mentions both soup and spoons, route to bar.', 'Cold soup.')).toBeNull();
    expect(chosen('If it mentions soup and spoons, route to bar.', 'Cold soup.')).toBeNull();
    expect(chosen('Route anything about soup and spoons to bar.', 'Cold soup.')).toBe('bar');
  });

  it('is read when an editor has wrapped its line', () => {
    const prompt = 'If the note of the guest is about something hot such as tea or\ncoffee, route to bar.';
    expect(chosen(prompt, 'My coffee is late.')).toBe('bar');
  });

  it('gives labels of several fields at once, and a shared label to the field that is named', () => {
    const prompt = 'If a note mentions fire, route to front-desk with level P1.';
    expect(chosen(prompt, 'There is a fire!')).toBe('front-desk');
    expect(chosen(prompt, 'There is a fire!', level)).toBe('P1');
    const other: LabelField = { ...level, name: 'risk' };
    const rules = rulesOf('Set risk to P1 if it mentions fire.', [level, other]);
    expect(rules.map((rule) => rule.field)).toEqual(['risk']);
  });
});

describe('the order of rules', () => {
  const two = 'Notes about soup go to kitchen. Notes about wine go to bar.';

  it('is the order in which they are stated', () => {
    expect(chosen(two, 'Wine in the soup.')).toBe('kitchen');
    expect(chosen('If it mentions soup, route to kitchen; if it mentions wine, route to bar.', 'Wine.')).toBe(
      'bar',
    );
  });

  it('puts first what the prompt puts before everything else', () => {
    expect(chosen(`${two} Apply this rule before any other consideration.`, 'Wine in the soup.')).toBe('bar');
  });

  it('leaves "otherwise" for the texts that no condition takes', () => {
    const prompt = 'P1 if there is smoke, P2 if it is loud, P3 otherwise. Floods are P1.';
    expect(
      ['smoke', 'loud music', 'a lost hat', 'two floods'].map((text) => chosen(prompt, text, level)),
    ).toEqual(['P1', 'P2', 'P3', 'P1']);
  });
});

describe('an exception', () => {
  it.each([
    'Notes about soup go to kitchen unless they mention a bill.',
    'Notes about soup go to kitchen, except when the guest asks about the bill or a receipt.',
    'Send soup notes to kitchen, but not if the note mentions a bill.',
    'If the note is about soup and does not mention a bill, tip or receipt, route to kitchen.',
    "If it mentions soup but doesn't mention a bill, route to kitchen.",
    'Route soup to kitchen, but only if it is without mention of a bill.',
    'Notes about soup go to kitchen. This rule does not apply if the note mentions a bill.',
    'Notes about soup go to kitchen. Except for bills.',
    'Notes about soup go to kitchen; unless they mention a bill.',
    'Soup goes to kitchen unless it mentions a bill, in which case it goes to front-desk.',
    'If the note is about soup and mentions no bill, tip or receipt, route to kitchen.',
    'If it mentions soup and contains no bill, route to kitchen.',
    'Notes about soup without a bill go to kitchen.',
  ])('is honoured in "%s"', (prompt) => {
    expect(chosen(prompt, 'My soup is cold.')).toBe('kitchen');
    expect(chosen(prompt, 'My soup is on the bills twice.')).toBeNull();
  });
});

describe('a rule against a label', () => {
  it('forbids it while its condition holds', () => {
    expect(ruling('Never use P1 if the guest jokes.', 'He jokes.').forbidden).toEqual(new Set(['P1']));
    expect(ruling('Never use P1 if the guest jokes.', 'He cries.').forbidden).toEqual(new Set());
    expect(ruling('Do not answer P1 unless there is smoke.', 'He cries.').forbidden).toEqual(new Set(['P1']));
    expect(ruling('Use P1 only if there is smoke.', 'He cries.').forbidden).toEqual(new Set(['P1']));
    expect(ruling('Use P1 only if there is smoke.', 'Smoke!').forbidden).toEqual(new Set());
  });

  it('wins over a rule for the label', () => {
    const prompt = 'Smoke is P1. Never use P1 if the guest jokes.';
    expect(ruling(prompt, 'Smoke!').chosen?.label).toBe('P1');
    expect(ruling(prompt, 'Smoke, he jokes.').chosen).toBeNull();
  });
});

describe('a default', () => {
  it.each([
    'If you are unsure, choose P3.',
    'When in doubt, answer P3.',
    'Default to P3.',
    'The default is P3.',
  ])('is read from "%s"', (prompt) => {
    expect(ruling(prompt, 'anything')).toMatchObject({ chosen: null, fallback: 'P3' });
  });

  it('is not needed where a label is always the answer', () => {
    expect(ruling('Always answer P2.', 'anything').chosen?.label).toBe('P2');
    expect(ruling('Always answer P2 when the guest shouts.', 'anything').chosen).toBeNull();
  });
});
