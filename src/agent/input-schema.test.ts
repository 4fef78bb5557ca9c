import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../core/tools.ts';
import { problemWithInputSchema } from './input-schema.ts';

const object = (members: object = {}): JsonObject => ({ type: 'object', ...members });
const withProperty = (schema: unknown): JsonObject => object({ properties: { a: schema } });

/** A schema that holds lists inside of each other, this many. */
function nested(levels: number): JsonObject {
  let schema: object = {};
  for (let i = 0; i < levels; i++) schema = { items: schema };
  return object(schema);
}

describe('The input of a tool can be described by', () => {
  test.each<[string, JsonObject]>([
    ['an object of anything', object()],
    [
      'properties',
      object({ properties: { id: { type: 'string', pattern: '^[\\w-]+$' } }, required: ['id'] }),
    ],
    ['nothing where null stands for it', object({ properties: null, required: null })],
    ['alternatives inside', withProperty({ anyOf: [{ type: 'string' }, { type: 'null' }] })],
    ['words that no draft knows', withProperty({ type: 'string', format: 'iban', 'x-hint': 'of the payer' })],
    ['draft 2020-12', object({ $schema: 'https://json-schema.org/draft/2020-12/schema' })],
    [
      'draft-07 and what only that has',
      object({ $schema: 'http://json-schema.org/draft-07/schema#', properties: { a: { items: [{}] } } }),
    ],
    ['properties that are called as keywords are', object({ properties: { $ref: {}, pattern: {} } })],
    [
      'defaults that look like keywords',
      withProperty({ default: { pattern: '*.ts', $ref: 'main' }, enum: [{ pattern: '(' }] }),
    ],
    ['as much as is allowed', withProperty({ description: 'x'.repeat(32_700) })],
    ['as deep as is allowed', nested(99)],
  ])('%s', (_what, schema) => {
    expect(problemWithInputSchema(schema)).toBeNull();
  });
});

describe('The input of a tool cannot be described by', () => {
  test.each<[string, JsonObject, string]>([
    ['no type', {}, "must have 'object' as its type"],
    ['another type', { type: 'string' }, "must have 'object' as its type"],
    ['several types', { type: ['object', 'null'] }, "must have 'object' as its type"],
    [
      'oneOf at the top',
      object({ oneOf: [] }),
      'must not have oneOf at its top; put it inside of a property',
    ],
    [
      'anyOf at the top',
      object({ anyOf: [{}] }),
      'must not have anyOf at its top; put it inside of a property',
    ],
    [
      'allOf at the top',
      object({ allOf: [{}] }),
      'must not have allOf at its top; put it inside of a property',
    ],
    [
      'a reference',
      withProperty({ $ref: '#/$defs/a' }),
      'must not hold $ref; put what it refers to in its place',
    ],
    [
      'a reference in a list',
      withProperty({ anyOf: [{ items: { $dynamicRef: '#a' } }] }),
      'must not hold $dynamicRef; put what it refers to in its place',
    ],
    [
      'a type that there is not',
      withProperty({ type: 'strnig' }),
      'must be a JSON Schema, but properties.a.type must be equal to one of the allowed values',
    ],
    [
      'a required that is no list',
      object({ required: true }),
      'must be a JSON Schema, but required must be array',
    ],
    [
      'a broken pattern',
      withProperty({ pattern: '(' }),
      'must hold no pattern that is no regular expression, as ( is',
    ],
    [
      'a broken name of properties',
      object({ patternProperties: { '[': {} } }),
      'must hold no pattern that is no regular expression, as [ is',
    ],
    [
      'another draft',
      object({ $schema: 'http://json-schema.org/draft-04/schema#' }),
      'must have draft 2020-12 or draft-07 as its $schema, or none',
    ],
    [
      'a draft that is a number',
      object({ $schema: 7 }),
      'must have draft 2020-12 or draft-07 as its $schema, or none',
    ],
    [
      'more than is allowed',
      withProperty({ description: 'x'.repeat(32_768) }),
      'must have at most 32768 characters as JSON',
    ],
    ['what is deeper than is allowed', nested(100), 'must not be more than 100 levels deep'],
    ['what no stack would hold', nested(200_000), 'must not be more than 100 levels deep'],
  ])('%s', (_what, schema, sentence) => {
    expect(problemWithInputSchema(schema)).toBe(sentence);
  });
});

test('Whatever is taken can be compiled, though nothing is compiled here', () => {
  const leaf = fc.constantFrom<object>(
    ...[{}, { type: 'string' }, { type: 'strnig' }, { pattern: 'a+' }, { pattern: '(' }, { minimum: 'x' }],
    ...[
      { enum: ['a'] },
      { const: null },
      { format: 'iban' },
      { $ref: '#' },
      { required: ['a'] },
      { minItems: -1 },
    ],
  );
  const { schema } = fc.letrec<{ schema: object }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.record({ items: tie('schema') }),
      fc.record({ anyOf: fc.array(tie('schema'), { maxLength: 2 }) }),
      fc.record({ properties: fc.dictionary(fc.constantFrom('a', 'b', 'pattern'), tie('schema')) }),
    ),
  }));
  let taken = 0;
  fc.assert(
    fc.property(schema, (inner) => {
      const whole = withProperty(inner);
      if (problemWithInputSchema(whole) !== null) return;
      taken++;
      new Ajv2020({ strict: false, validateFormats: false }).compile(whole);
    }),
  );
  expect(taken).toBeGreaterThan(0);
});
