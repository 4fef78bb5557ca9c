import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { PawlError } from '../core/errors.ts';
import { calculation } from './calculation.ts';

const double = calculation({
  name: 'double',
  title: 'Twice as much',
  source: 'Arithmetic',
  input: z.strictObject({
    number: z.number(),
    times: z.int().min(1).default(2),
    list: z.array(z.number()).optional(),
  }),
  example: { number: 4 },
  compute: ({ number, times }) => ({ result: number * times }),
});

describe('A calculation', () => {
  test('computes with what its shape makes of the input', () => {
    expect(double.compute({ number: 4 })).toEqual({ result: 8 });
    expect(double.compute({ number: 4, times: 3 })).toEqual({ result: 12 });
  });

  test.each([
    [{}, /^number: must be given$/],
    [{ number: Infinity }, 'number: '],
    [{ number: NaN }, 'number: '],
    [{ number: 1, list: [1, 'x'] }, 'list.1: '],
    [{ number: 1, tmies: 3 }, '"tmies"'],
    [null, 'object'],
  ])('refuses %j and names the field', (input, complaint) => {
    const compute = (): unknown => double.compute(input);
    expect(compute).toThrow(PawlError);
    expect(compute).toThrow(complaint);
  });

  test('complains of three things at most, and at no great length', () => {
    const list = new Array<string>(10).fill('x');
    const complain = (input: unknown): string => {
      try {
        return JSON.stringify(double.compute(input));
      } catch (error) {
        return String((error as Error).message);
      }
    };
    expect(complain({ number: 1, list }).split('; ')).toHaveLength(3);
    expect(complain({ number: 1, ['x'.repeat(5000)]: 1 })).toHaveLength(300);
  });
});
