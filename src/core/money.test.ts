import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Budget } from './budget.ts';
import { addCost, listCost, reachesBudget } from './money.ts';

const budgetOf = (amount: string): Budget => ({
  type: 'limit',
  max_list_cost: { amount, currency: 'USD' },
});

const sum = (costs: readonly (number | null)[]): number | null => costs.reduce(addCost, null);

describe('A sum of costs', () => {
  test('is what a person would write down', () => {
    expect(sum([0.1, 0.2])).toBe(0.3);
    expect(sum(Array.from({ length: 1000 }, () => 0.0001))).toBe(0.1);
  });

  test('is null until something is known, and then of what is known', () => {
    expect(sum([])).toBeNull();
    expect(sum([null, null])).toBeNull();
    expect(sum([null, 0.5, null])).toBe(0.5);
    expect(sum([0, null])).toBe(0);
  });

  test('is the same in any order, and exact to the token', () => {
    const requests = fc.array(fc.record({ tokens: fc.nat(2_000_000), price: fc.nat(400_000) }));
    fc.assert(
      fc.property(requests, (given) => {
        // A price of up to three decimals, in thousandths of a dollar per million tokens.
        const costs = given.map(({ tokens, price }) => (tokens * price) / 1000 / 1_000_000);
        const exact = given.reduce((total, { tokens, price }) => total + BigInt(tokens) * BigInt(price), 0n);
        const total = sum(costs) ?? 0;
        if (total < 9000) expect(Math.round(total * 1e9)).toBe(Number(exact));
        expect(sum(costs.toReversed()) ?? 0).toBeCloseTo(total, 9);
      }),
    );
  });
});

test.each<[number, string]>([
  [0, '0'],
  [0.004999999, '0'],
  [0.005, '1'],
  [1.005, '101'],
  [1.0049999, '100'],
  [0.1 + 0.2, '30'],
  [1.87, '187'],
  [123_456.785, '12345679'],
])('A list cost of %d dollars is %s cents', (usd, amount) => {
  expect(listCost(usd)).toEqual({ amount, currency: 'USD' });
});

test('What is not known has no list cost', () => {
  expect(listCost(null)).toBeNull();
});

describe('A budget', () => {
  test.each<[number | null, string, boolean]>([
    [0.29, '30', false],
    [0.299999999, '30', false],
    [0.3, '30', true],
    [0.1 + 0.2, '30', true],
    [0.7 + 0.1, '80', true],
    [0.31, '30', true],
    [0.004, '1', false],
    [null, '1', false],
    [8_000_000, '800000000', true],
    [8_000_000, '800000001', false],
    [5, '99999999999999999999999999', false],
  ])('with %s dollars spent of %s cents is reached: %s', (usd, amount, reached) => {
    expect(reachesBudget(usd, budgetOf(amount))).toBe(reached);
  });

  test('of whole cents is reached by that many cents, and by none less', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000_000 }), (cents) => {
        expect(reachesBudget(cents / 100, budgetOf(String(cents)))).toBe(true);
        expect(reachesBudget((cents - 0.01) / 100, budgetOf(String(cents)))).toBe(false);
        expect(listCost(cents / 100)?.amount).toBe(String(cents));
      }),
    );
  });
});
