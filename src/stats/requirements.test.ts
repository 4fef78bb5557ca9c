import { describe, expect, test } from 'vitest';
import { PawlError } from '../core/errors.ts';
import { type Requirement, requireCount, requireNumber, requireThat } from './requirements.ts';

describe('A requirement', () => {
  test.each<[number, Requirement]>([
    [-1e300, {}],
    [0, { least: 0, most: 0 }],
    [3, { whole: true, above: 2, below: 4 }],
  ])('lets %d pass', (value, requirement) => {
    expect(() => requireNumber('field', value, requirement)).not.toThrow();
  });

  test.each<[number, Requirement, string]>([
    [NaN, {}, 'field: must be a finite number'],
    [Infinity, { least: 0 }, 'field: must be a finite number of at least 0'],
    [0, { above: 0, below: 1 }, 'field: must be a finite number above 0 and below 1'],
    [1, { above: 0, below: 1 }, 'field: must be a finite number above 0 and below 1'],
    [5, { least: 1, most: 4, whole: true }, 'field: must be a whole number of at least 1 and of at most 4'],
    [1.5, { whole: true }, 'field: must be a whole number'],
    [2 ** 60, { whole: true }, 'field: must be a whole number'],
  ])('refuses %d and says what is allowed', (value, requirement, complaint) => {
    expect(() => requireNumber('field', value, requirement)).toThrow(
      new PawlError('invalid_request', complaint),
    );
  });

  test('of a count goes up to a thousand million, or to a limit of its own', () => {
    expect(() => requireCount('n', 1e9)).not.toThrow();
    expect(() => requireCount('n', 1e9 + 1)).toThrow(
      'n: must be a whole number of at least 0 and of at most 1000000000',
    );
    expect(() => requireCount('n', 3, 2)).toThrow('n: must be a whole number of at least 0 and of at most 2');
  });

  test('on several fields says what it is told', () => {
    expect(() => requireThat(true, 'a: must be below b')).not.toThrow();
    expect(() => requireThat(false, 'a: must be below b')).toThrow(
      new PawlError('invalid_request', 'a: must be below b'),
    );
  });
});
