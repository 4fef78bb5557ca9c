import { describe, expect, test } from 'vitest';
import { complaints, scoreOf, valueGiven } from '../../../test/scored.ts';

const schema = {
  type: 'object',
  required: ['team'],
  properties: { team: { enum: ['billing', 'delivery'] }, by: { type: 'string', format: 'email' } },
  additionalProperties: false,
};
const settings = { type: 'json_schema', schema };

describe('json_schema', () => {
  test('gives 1 to a reply whose JSON satisfies the schema', async () => {
    const reply = '```json\n{"team":"billing","by":"a@example.com"}\n```';
    expect(await scoreOf(settings, { reply })).toEqual({ value: 1, reason: null });
  });

  test.each([
    ['{}', "the value must have required property 'team'"],
    ['{"team":"x"}', '/team must be equal to one of the allowed values'],
    ['{"team":"billing","by":"nobody"}', '/by must match format "email"'],
    ['{"team":"billing","x":1}', 'the value must NOT have additional properties, such as "x"'],
    ['Sorry', 'the reply is not JSON; it begins "Sorry"'],
  ])('gives 0 to %s, and says why', async (reply, reason) => {
    expect(await scoreOf(settings, { reply })).toEqual({ value: 0, reason });
  });

  test('takes a schema that is loose, and refuses none of its kind', async () => {
    const loose = { type: 'json_schema', schema: { required: ['team'] } };
    expect(await valueGiven(loose, { reply: '{"team":"billing"}' })).toBe(1);
    expect(await valueGiven(loose, { reply: '{}' })).toBe(0);
  });

  test('looks at the reading where it is told to', async () => {
    const ofReading = { type: 'json_schema', schema: { type: 'array', minItems: 1 }, of: 'reading' };
    expect(await valueGiven(ofReading, { reply: 'text', value: [1] })).toBe(1);
    expect(await valueGiven(ofReading, { reply: '[1]', value: [] })).toBe(0);
    expect(await scoreOf(ofReading, { reply: '[1]', failed: 'no match' })).toEqual({
      value: 0,
      reason: 'no match',
    });
  });

  test('follows draft 07 where the schema says so', async () => {
    const $schema = 'http://json-schema.org/draft-07/schema#';
    const tuple = { $schema, type: 'array', items: [{ const: 1 }], additionalItems: false };
    expect(await valueGiven({ type: 'json_schema', schema: tuple }, { reply: '[1]' })).toBe(1);
    expect(await valueGiven({ type: 'json_schema', schema: tuple }, { reply: '[1,2]' })).toBe(0);
    expect(complaints({ type: 'json_schema', schema: { ...tuple, $schema: undefined } })).toHaveLength(1);
  });

  test('stops a schema that would never be done', async () => {
    const endless = { type: 'json_schema', schema: { type: 'string', pattern: '(a+)+$' } };
    expect(await scoreOf(endless, { reply: JSON.stringify(`${'a'.repeat(40)}!`) })).toEqual({
      value: null,
      reason: 'the schema took longer than 50 ms',
    });
  });

  test.each([
    ['with a word that no schema has', { type: 'object', requried: ['a'] }],
    ['with a type that does not exist', { type: 'text' }],
    ['with a pattern that is none', { type: 'string', pattern: '(' }],
    ['that refers to another file', { $ref: 'https://example.com/other.json' }],
    ['that would answer later, and so always seem satisfied', { $async: true, type: 'object' }],
    ['that is too long', { enum: ['x'.repeat(70_000)] }],
  ])('refuses a schema %s', (_what, bad) => {
    expect(complaints({ type: 'json_schema', schema: bad })[0]).toMatch(/^schema: must/);
  });
});
