import { describe, expect, test } from 'vitest';
import { complaints, noContext, scorerOf } from '../../../test/scored.ts';
import { createScorers, scorerConfig, scorerConfigs } from './scorers.ts';

describe('Settings', () => {
  test('may be a type alone, and come out with every default', () => {
    expect(scorerConfig.parse('exact')).toEqual({
      type: 'exact',
      name: 'exact',
      ignore_case: false,
      trim: true,
    });
  });

  test('come out the same when they are read again', () => {
    const once = scorerConfig.parse({ type: 'tool_calls', expected: ['a', { name: 'b', input: null }] });
    expect(scorerConfig.parse(once)).toEqual(once);
  });

  test.each<[unknown, RegExp]>([
    ['exactly', /^type: must be a scorer, with a type that is one of exact, json_field/],
    [{ type: 'exactly' }, /^type: must be a scorer/],
    [7, /^: must be a scorer/],
    [{ type: 'exact', ignorecase: true }, /ignorecase/],
    [{ type: 'exact', name: '' }, /^name: must begin with/],
    [{ type: 'exact', name: '__proto__' }, /^name: must begin with/],
    [{ type: 'exact', name: 'x'.repeat(65) }, /^name: must begin with/],
  ])('such as %j are refused, and the complaint names the field', (settings, complaint) => {
    expect(complaints(settings)[0]).toMatch(complaint);
  });

  test('of several scorers have a name each', () => {
    const read = (...settings: unknown[]) => scorerConfigs.safeParse(settings);
    expect(read('exact', { type: 'exact', name: 'loose', trim: false }, 'numeric').success).toBe(true);
    expect(read('exact', { type: 'numeric', name: 'exact' }).error?.issues).toMatchObject([
      { path: [1, 'name'], message: 'must be unique: exact is taken already; set a name' },
    ]);
    expect(read().success).toBe(false);
    expect(read(...Array.from({ length: 21 }, (_, i) => ({ type: 'exact', name: `n${i}` }))).success).toBe(
      false,
    );
  });
});

describe('The hash of a scorer', () => {
  const hashOf = async (settings: unknown): Promise<string> => (await scorerOf(settings)).hash;

  test('is the same for the same settings, also where a default is written out', async () => {
    expect(await hashOf({ type: 'exact', trim: true })).toBe(await hashOf('exact'));
  });

  test('does not depend on the name', async () => {
    expect(await hashOf({ type: 'exact', name: 'other' })).toBe(await hashOf('exact'));
  });

  test('differs with the type and with every setting', async () => {
    const hashes = await Promise.all(
      ['exact', 'numeric', { type: 'exact', trim: false }, { type: 'numeric', absolute: 1 }].map(hashOf),
    );
    expect(new Set(hashes).size).toBe(4);
  });
});

test('Scorers are made in order, and one that cannot be made is named', async () => {
  const made = await createScorers(scorerConfigs.parse(['numeric', 'exact']), noContext);
  expect(made.map(({ name }) => name)).toEqual(['numeric', 'exact']);
  const configs = scorerConfigs.parse(['exact', { type: 'module', name: 'mine', file: 'mine.ts' }]);
  await expect(createScorers(configs, noContext)).rejects.toThrow(
    'scorers.mine.file: this server has no folder of scorers',
  );
});
