import { InvalidArgumentError } from 'commander';
import { z } from 'zod';

/** What is read of a JSON Schema here. */
export type Shape = {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: { readonly [name: string]: Shape };
  readonly items?: Shape;
};

/** A flag for one field of a calculation's input. */
export type FieldFlag = {
  /** As commander takes it: `--both-right <number>`. */
  readonly flags: string;
  readonly description: string;
  /** Where the value goes. */
  readonly path: readonly string[];
  /** @throws InvalidArgumentError */
  readonly read: (text: string) => unknown;
};

/** The fields of a calculation's input. */
export function fieldsOf(input: z.ZodObject): Readonly<Record<string, Shape>> {
  return (z.toJSONSchema(input, { io: 'input' }) as Shape).properties ?? {};
}

/** The flags of all fields that are numbers, lists of numbers or names, or made of such; lists of others have none. */
export function fieldFlags(
  fields: Readonly<Record<string, Shape>>,
  before: { readonly path: readonly string[]; readonly description: string } = { path: [], description: '' },
): FieldFlag[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const path = [...before.path, name];
    const description = before.description + (field.description ?? '');
    if (field.properties !== undefined) {
      return fieldFlags(field.properties, { path, description: description === '' ? '' : `${description} ` });
    }
    const kind = field.type === 'array' ? listKind(field) : field.type === 'object' ? null : numberKind;
    if (kind === null) return [];
    const usual = field.default === undefined ? '' : ` (default ${JSON.stringify(field.default)})`;
    const flags = `--${path.join('-').replaceAll('_', '-')} <${kind.word}>`;
    return [{ flags, description: description + usual, path, read: kind.read }];
  });
}

/** Whether the entries of a list are numbers, names, or something else. */
export function entriesOf({ items }: Shape): 'numbers' | 'names' | 'others' {
  if (items?.type === 'number' || items?.type === 'integer') return 'numbers';
  return items?.type === undefined ? 'names' : 'others';
}

/** The number that a text is; null when it is none. */
export function numberIn(text: string): number | null {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}

type Kind = { readonly word: string; readonly read: (text: string) => unknown };

const numberKind: Kind = { word: 'number', read: readNumber };

function listKind(field: Shape): Kind | null {
  switch (entriesOf(field)) {
    case 'numbers':
      return { word: 'numbers', read: (text) => text.split(',').map(readNumber) };
    case 'names':
      return { word: 'names', read: (text) => text.split(',').map((name) => name.trim()) };
    case 'others':
      return null;
    default:
      return null;
  }
}

function readNumber(text: string): number {
  const number = numberIn(text);
  if (number === null) throw new InvalidArgumentError(`${JSON.stringify(text)} is not a number.`);
  return number;
}
