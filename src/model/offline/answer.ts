import { classify, type Profile, profileOf } from './classify.ts';
import { gistOf, type Input } from './input.ts';
import { applyRules, type Rule, rulesOf } from './rules.ts';
import { type Field, findTemplate, type LabelField, type Template } from './template.ts';

/** A system prompt as the offline model has understood it. */
export type Reading = {
  readonly template: Template;
  readonly rules: readonly Rule[];
  /** By field name. */
  readonly profiles: ReadonlyMap<string, Profile>;
};

/** Reads a system prompt; null when it states no output template and no label set. */
export function readPrompt(prompt: string): Reading | null {
  const template = findTemplate(prompt);
  if (template === null) return null;
  const fields = template.render === 'label' ? [template.field] : template.fields.filter(isLabelField);
  return {
    template,
    rules: rulesOf(prompt, fields),
    profiles: new Map(fields.map((field) => [field.name, profileOf(prompt, field)])),
  };
}

/** Answers a text as the prompt asks. `evident` is false when nothing in the text decided any label. */
export function answer(reading: Reading, input: Input): { readonly text: string; readonly evident: boolean } {
  const decisions = new Map(
    Array.from(reading.profiles, ([field, profile]) => [
      field,
      decide(reading.rules, { field, profile, input }),
    ]),
  );
  const evident = decisions.size === 0 || Array.from(decisions.values()).some((decision) => decision.evident);
  const { template } = reading;
  if (template.render === 'label') return { text: decisions.get(template.field.name)?.label ?? '', evident };
  const values = template.fields.map((field) => {
    return `${JSON.stringify(field.name)}: ${fieldValue(field, { decisions, input })}`;
  });
  return { text: `{${values.join(', ')}}`, evident };
}

type Decision = { readonly label: string; readonly reason: string; readonly evident: boolean };

/** A rule that holds decides; else the evidence does; else the label that the prompt names as its default. */
function decide(rules: readonly Rule[], of: { field: string; profile: Profile; input: Input }): Decision {
  const ruling = applyRules(rules, of);
  if (ruling.chosen !== null) {
    return {
      label: ruling.chosen.label,
      reason: `The prompt says so: ${gistOf(ruling.chosen.source)}`,
      evident: true,
    };
  }
  const choice = classify(of.input, of.profile, ruling.forbidden);
  if (choice.words.length > 0) {
    return {
      label: choice.label,
      reason: `Speaks for ${choice.label}: ${choice.words.slice(0, 6).join(', ')}.`,
      evident: true,
    };
  }
  const label = ruling.fallback ?? choice.label;
  return { label, reason: `Nothing in the text decides; ${label} is the default.`, evident: false };
}

function fieldValue(field: Field, of: { decisions: ReadonlyMap<string, Decision>; input: Input }): string {
  switch (field.kind) {
    case 'constant':
      return field.json;
    case 'labels': {
      const label = of.decisions.get(field.name)?.label ?? '';
      return field.quoted || !isJsonLiteral(label) ? JSON.stringify(label) : label;
    }
    case 'free':
      return field.quoted ? JSON.stringify(freeText(field, of)) : 'null';
    default:
      return field satisfies never;
  }
}

/** A placeholder that asks for a reason gets the reasons of the labels; any other one gets the gist of the text. */
function freeText(
  field: Extract<Field, { kind: 'free' }>,
  of: { decisions: ReadonlyMap<string, Decision>; input: Input },
): string {
  const asked = `${field.name} ${field.hint}`;
  const reasons = Array.from(of.decisions.values(), ({ reason }) => reason);
  if (/reason|why|expla|rational|justif|because/iu.test(asked) && reasons.length > 0)
    return reasons.join(' ');
  return gistOf(of.input.text);
}

function isJsonLiteral(label: string): boolean {
  return /^(?:true|false|null|0|-?[1-9]\d{0,14})$/u.test(label);
}

function isLabelField(field: Field): field is LabelField {
  return field.kind === 'labels';
}
