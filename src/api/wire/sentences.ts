import type { z } from 'zod';

/** More than that is no help in a sentence. */
const longestList = 200;

const kinds: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/**
 * What is allowed, for a schema that has no sentence of its own for what is wrong; undefined where there is nothing better
 * than what the library says.
 */
export const inWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type': {
      const kind = kinds[issue.expected];
      if (kind === undefined) return undefined;
      return issue.input === undefined ? `must be given, as ${kind}` : `must be ${kind}`;
    }
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      return issue.discriminator === undefined
        ? 'has none of the forms that are allowed'
        : oneOf(Array.isArray(issue.options) ? issue.options : []);
    case 'too_small':
      return bound('least', Number(issue.minimum), issue);
    case 'too_big':
      return bound('most', Number(issue.maximum), issue);
    default:
      return undefined;
  }
};

/** A value out of a request as a sentence names it: in quotation marks, and no longer than 100 characters. */
export function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : 'this';
}

function oneOf(values: readonly unknown[]): string {
  if (values.length === 1)
    return typeof values[0] === 'string' ? `must be '${values[0]}'` : `must be ${values[0]}`;
  const list = values.map(String).join(', ');
  return list === '' || list.length > longestList
    ? 'is none of the values that are allowed'
    : `must be one of ${list}`;
}

type Bounded = { readonly origin: string; readonly inclusive?: boolean | undefined };

function bound(which: 'least' | 'most', value: number, { origin, inclusive }: Bounded): string {
  if (origin === 'string') return `must have at ${which} ${value} character${value === 1 ? '' : 's'}`;
  if (origin === 'array') return `must hold at ${which} ${value} ${value === 1 ? 'entry' : 'entries'}`;
  if (inclusive === true) return `must be at ${which} ${value}`;
  return `must be ${which === 'least' ? 'more' : 'less'} than ${value}`;
}
