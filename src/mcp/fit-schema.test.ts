import { expect, test } from 'vitest';
import type { JsonObject } from '../core/tools.ts';
import { isFitSchema } from './fit-schema.ts';

/** A schema of objects in objects. */
function nested(levels: number): JsonObject {
  let schema: JsonObject = { type: 'string' };
  for (let level = 1; level < levels; level++) schema = { type: 'object', properties: { d: schema } };
  return schema;
}

test.each<[string, JsonObject]>([
  ['an empty object', { type: 'object' }],
  [
    'properties of an older draft',
    {
      ...{ $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' },
      ...{ properties: { id: { type: 'integer', minimum: 1 } }, required: ['id'] },
    },
  ],
  [
    'parts that are referred to',
    {
      ...{ type: 'object', $defs: { id: { type: 'string' } } },
      properties: { id: { $ref: '#/$defs/id' } },
    },
  ],
  ['a few levels', nested(20)],
])('%s are fit', (_, schema) => {
  expect(isFitSchema(schema)).toBe(true);
});

test.each<[string, JsonObject]>([
  ['no type', {}],
  ['another type', { type: 'string' }],
  ['properties that are a word', { type: 'object', properties: 'no' }],
  ['a property that is a number', { type: 'object', properties: { a: 7 } }],
  ['a type that there is not', { type: 'object', properties: { a: { type: 'text' } } }],
  ['more levels than anybody reads', nested(2500)],
])('%s: not fit', (_, schema) => {
  expect(isFitSchema(schema)).toBe(false);
});
