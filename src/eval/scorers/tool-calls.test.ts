import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complaints, scoreOf, valueGiven } from '../../../test/scored.ts';
import { pairInAnyOrder, pairInOrder } from './pairing.ts';

const calls = (names: string) => [...names].map((name) => ({ name, input: {} }));
const names = (text: string) => [...text];

describe('tool_calls', () => {
  test.each([
    // mode, expected, called, score
    ['exact', 'ab', 'ab', 1],
    ['exact', 'ab', 'ba', 0],
    ['exact', 'ab', 'abc', 0],
    ['exact', 'ab', 'a', 0],
    ['exact', '', '', 1],
    ['exact', '', 'a', 0],
    ['in_order', 'ab', 'xaxbx', 1],
    ['in_order', 'ab', 'ba', 0],
    ['in_order', 'aa', 'a', 0],
    ['any_order', 'ab', 'ba', 1],
    ['any_order', 'ab', 'bax', 0],
    ['any_order', 'aab', 'abb', 0],
    ['subset', 'abc', 'ca', 1],
    ['subset', 'abc', '', 1],
    ['subset', 'abc', 'cc', 0],
    ['superset', 'ab', 'xbya', 1],
    ['superset', 'ab', 'xb', 0],
  ])('%s: of %j, %j scores %d', async (mode, expected, called, score) => {
    const settings = { type: 'tool_calls', mode, expected: names(expected) };
    expect(await valueGiven(settings, { tool_calls: calls(called) })).toBe(score);
  });

  test('takes what is expected from the target: names, or names with inputs', async () => {
    const tool_calls = [{ name: 'find', input: { id: 7, deep: { b: 1, a: 2 } } }];
    const input = { deep: { a: 2, b: 1 }, id: 7 };
    expect(await valueGiven('tool_calls', { tool_calls, target: ['find'] })).toBe(1);
    expect(await valueGiven('tool_calls', { tool_calls, target: [{ name: 'find', input }] })).toBe(1);
    expect(await valueGiven('tool_calls', { tool_calls, target: [{ name: 'find', input: { id: 7 } }] })).toBe(
      0,
    );
  });

  test('compares only the members of an input that it is told to', async () => {
    const settings = {
      type: 'tool_calls',
      input_keys: ['id'],
      expected: [{ name: 'find', input: { id: 7 } }],
    };
    expect(await valueGiven(settings, { tool_calls: [{ name: 'find', input: { id: 7, why: 'x' } }] })).toBe(
      1,
    );
    expect(await valueGiven(settings, { tool_calls: [{ name: 'find', input: { id: 8 } }] })).toBe(0);
    expect(await valueGiven(settings, { tool_calls: [{ name: 'find', input: 'id 7' }] })).toBe(0);
    expect(
      await valueGiven({ ...settings, input_keys: [] }, { tool_calls: [{ name: 'find', input: 8 }] }),
    ).toBe(1);
  });

  test('does not let a call without an input take the place of one with it', async () => {
    const expected = ['a', { name: 'a', input: { x: 1 } }];
    const tool_calls = [
      { name: 'a', input: { x: 1 } },
      { name: 'a', input: { x: 2 } },
    ];
    expect(await valueGiven({ type: 'tool_calls', mode: 'any_order', expected }, { tool_calls })).toBe(1);
  });

  test('says what is missing and what is too much', async () => {
    const settings = { type: 'tool_calls', expected: [{ name: 'find', input: { id: 7 } }, 'mail'] };
    const { reason } = await scoreOf(settings, { tool_calls: calls('xm') });
    expect(reason).toBe('missing: find("{\\"id\\":7}"), mail(); too much: x("{}"), m("{}")');
  });

  test('asks for no reading', async () => {
    const settings = { type: 'tool_calls', expected: ['a'] };
    expect(await valueGiven(settings, { failed: 'not JSON', tool_calls: calls('a') })).toBe(1);
  });

  test('scores nothing without a target, with one that is no list of calls, or after too many calls', async () => {
    expect(await valueGiven('tool_calls', {})).toBeNull();
    expect(await valueGiven('tool_calls', { target: [{ tool: 'a' }] })).toBeNull();
    expect(await valueGiven('tool_calls', { target: ['a'], tool_calls: calls('a'.repeat(201)) })).toBeNull();
  });

  test('refuses calls that are none, and more of them than it compares', () => {
    expect(complaints({ type: 'tool_calls', expected: [{ tool: 'a' }] })).toHaveLength(1);
    expect(complaints({ type: 'tool_calls', expected: names('a'.repeat(201)) })).toHaveLength(1);
  });
});

describe('Pairs', () => {
  const side = fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 6 });
  const fitting = (expected: readonly string[], given: readonly string[]) => ({
    expected: expected.length,
    given: given.length,
    fits: (places: { expected: number; given: number }) =>
      (given[places.given] ?? '').includes(expected[places.expected] ?? '?'),
  });

  /** The most pairs by trying everything. */
  function most(expected: readonly string[], given: readonly string[], ordered: boolean): number {
    const [first, ...rest] = expected;
    if (first === undefined) return 0;
    const taken = given.flatMap((one, place) => {
      if (!one.includes(first)) return [];
      const left = ordered ? given.slice(place + 1) : given.toSpliced(place, 1);
      return [1 + most(rest, left, ordered)];
    });
    return Math.max(most(rest, given, ordered), ...taken);
  }

  test.each([
    ['in order', pairInOrder, true],
    ['in any order', pairInAnyOrder, false],
  ] as const)('%s are as many as can be, fit, and use no place twice', (_what, pair, ordered) => {
    fc.assert(
      fc.property(side, side, (expected, given) => {
        const problem = fitting(expected, given);
        const pairs = pair(problem).flatMap((place, i) =>
          place === null ? [] : [{ expected: i, given: place }],
        );
        const places = pairs.map((one) => one.given);
        expect(pairs.every(problem.fits)).toBe(true);
        expect(new Set(places).size).toBe(places.length);
        if (ordered) expect(places).toEqual(places.toSorted((a, b) => a - b));
        expect(pairs.length).toBe(most(expected, given, ordered));
      }),
    );
  });
});
