import { describe, expect, test } from 'vitest';
import { complaints, scoreOf, valueGiven } from '../../../test/scored.ts';

const team = { type: 'json_field', path: 'result.team' };
const reply = '{"result":{"team":"billing","lines":[{"n":2}]}}';

describe('json_field', () => {
  test('compares one value of the JSON with the target, whatever else is there', async () => {
    expect(await scoreOf(team, { reply, target: 'billing' })).toEqual({ value: 1, reason: null });
    expect(await scoreOf(team, { reply, target: 'delivery' })).toEqual({
      value: 0,
      reason: 'result.team is "billing", not "delivery"',
    });
  });

  test('looks at the reply, also where something else was read', async () => {
    expect(await valueGiven(team, { reply, target: 'billing', failed: 'no match' })).toBe(1);
  });

  test('compares with one field of the target', async () => {
    const settings = { ...team, field: 'teams[1]' };
    expect(await valueGiven(settings, { reply, target: { teams: ['x', 'billing'] } })).toBe(1);
    expect(await scoreOf(settings, { reply, target: { teams: ['x'] } })).toEqual({
      value: null,
      reason: 'the target has no teams[1]',
    });
  });

  test('compares with a constant, and then needs no target', async () => {
    expect(await valueGiven({ type: 'json_field', path: 'result.lines[0].n', equals: 2 }, { reply })).toBe(1);
    expect(await valueGiven({ ...team, equals: 'delivery' }, { reply })).toBe(0);
  });

  test('takes null for a constant like any other', async () => {
    const settings = { type: 'json_field', path: 'a', equals: null };
    expect(await valueGiven(settings, { reply: '{"a":null}', target: 'x' })).toBe(1);
    expect(await valueGiven(settings, { reply: '{"a":"x"}', target: 'x' })).toBe(0);
  });

  test('gives 0 where the reply is not JSON or lacks the value', async () => {
    expect(await valueGiven(team, { reply: 'Sorry!', target: 'billing' })).toBe(0);
    expect(await scoreOf(team, { reply: '{}', target: 'billing' })).toEqual({
      value: 0,
      reason: 'the JSON of the reply has no result.team',
    });
  });

  test('scores nothing without a target', async () => {
    expect(await scoreOf(team, { reply })).toEqual({ value: null, reason: 'the case has no target' });
  });

  test('is refused with a malformed path, or with two things to compare with', () => {
    expect(complaints({ type: 'json_field', path: 'a..b' })[0]).toMatch(/^path: must be a path/);
    expect(complaints({ ...team, field: 'a', equals: 1 })[0]).toMatch(/^equals: must be left out/);
    expect(complaints({ type: 'json_field' })).toHaveLength(1);
  });
});
