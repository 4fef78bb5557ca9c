import { describe, expect, test } from 'vitest';
import { PawlError } from '../../core/errors.ts';
import { readScorers } from './online-scorers.ts';

const judge = { type: 'judge', rubric: 'It is kind.', model: 'claude-test' };

/** What is said of scorers that are refused. */
function refused(input: unknown): string {
  try {
    readScorers(input);
  } catch (error) {
    if (error instanceof PawlError && error.code === 'invalid_request') return error.message;
    throw error;
  }
  throw new Error('It was not refused');
}

describe('The scorers of a rollout', () => {
  test('have the settings of scorers in evals, with every default, under the name of their scores', () => {
    const kind = { name: 'kind', sample: 0.1, scorer: judge };
    const brief = {
      name: 'brief',
      sample: 1,
      scorer: { type: 'regex', pattern: '^.{0,80}$', name: 'brief' },
    };
    expect(readScorers([kind, brief])).toEqual([
      { ...kind, scorer: { ...judge, name: 'kind', votes: 2, agreement: null } },
      { ...brief, scorer: { ...brief.scorer, flags: '', expect: 'match' } },
    ]);
    expect(readScorers([])).toEqual([]);
  });

  test('read the same when they are read again', () => {
    const once = readScorers([{ name: 'kind', sample: 0.1, scorer: judge }]);
    expect(readScorers(once)).toEqual(once);
  });

  test.each<[string, object | string]>([
    ['json_schema', { type: 'json_schema', schema: { type: 'object' } }],
    ['json_field', { type: 'json_field', path: 'done', equals: true }],
    ['contains', { type: 'contains', texts: ['yes'] }],
    ['tool_calls', { type: 'tool_calls', expected: [] }],
    ['http', { type: 'http', url: 'https://scorers.example.com/kind' }],
    ['module', { type: 'module', file: 'kind.js' }],
    ['latency', { type: 'latency', max_ms: 100 }],
    ['tokens', { type: 'tokens', max_total: 100 }],
    ['cost', { type: 'cost', max_usd: 1 }],
  ])('may be %s, where it needs no expected value', (_type, scorer) => {
    expect(readScorers([{ name: 'one', sample: 1, scorer }])).toHaveLength(1);
  });

  test.each<[string, unknown]>([
    ['scorers.0.scorer: must be a scorer that needs no expected value; exact compares with one', 'exact'],
    ['scorers.0.scorer: must be a scorer that needs no expected value; numeric', { type: 'numeric' }],
    ['scorers.0.scorer: must be a scorer that needs no expected value; set_f1', 'set_f1'],
    ['scorers.0.scorer: must be a scorer that needs no expected value; edit_similarity', 'edit_similarity'],
    ['scorers.0.scorer.texts: must be set: what is scored has no expected value', 'contains'],
    ['scorers.0.scorer.equals: must be set', { type: 'json_field', path: 'a' }],
    ['scorers.0.scorer.expected: must be set', 'tool_calls'],
    ['scorers.0.scorer.agreement: must be null', { ...judge, agreement: { dataset: 'labelled' } }],
    ['scorers.0.scorer.name: must be left out: its scores are called one', { ...judge, name: 'other' }],
    ['scorers.0.scorer.type: must be a scorer, with a type that is one of exact, ', 'magic'],
    ['scorers.0.scorer.rubric: ', { type: 'judge', model: 'm' }],
  ])('are refused with %j', (message, scorer) => {
    expect(refused([{ name: 'one', sample: 1, scorer }])).toContain(message);
  });

  test.each<[string, object]>([
    ['scorers.0.name: must begin with a small letter', { name: 'One', sample: 1 }],
    ['scorers.0.sample: ', { name: 'one', sample: 0 }],
    ['scorers.0.sample: ', { name: 'one', sample: 1.5 }],
    ['scorers.0.sample: ', { name: 'one' }],
    ['scorers.0: ', { name: 'one', sample: 1, weight: 2 }],
  ])('are refused with %j for the rest of them', (message, fields) => {
    expect(refused([{ ...fields, scorer: judge }])).toContain(message);
  });

  test('are at most ten, each with a name of its own', () => {
    const one = { name: 'one', sample: 1, scorer: judge };
    expect(refused([one, one])).toBe('scorers.1.name: must be unique: one is taken');
    const eleven = Array.from({ length: 11 }, (_, i) => ({ ...one, name: `n${i}` }));
    expect(refused(eleven)).toBe('scorers: must have at most 10 scorers');
    expect(refused('judge')).toContain('scorers: ');
  });
});
