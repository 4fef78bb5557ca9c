import type { Budget, Money } from './budget.ts';

/*
 * Dollars are kept as a number. Sums of floating-point numbers end a little beside what they should be, so that a sum is
 * rounded to 10⁻¹² dollars, less than any token costs, and compared to the billionth of a dollar, which is exact up to
 * nine million dollars.
 */

const sumSteps = 1e12;
const stepsPerDollar = 1e9;
const stepsPerCent = 10_000_000n;

/**
 * What was paid so far and one more cost, in US dollars, without the noise of adding floating-point numbers. Null is
 * not known and adds nothing; the sum is null only as long as nothing at all is known.
 */
export function addCost(total: number | null, cost: number | null): number | null {
  if (total === null || cost === null) return total ?? cost;
  return Math.round((total + cost) * sumSteps) / sumSteps;
}

/** US dollars as answers carry them: whole cents, half a cent rounded up. Null is not known, and stays null. */
export function listCost(usd: number | null): Money | null {
  if (usd === null) return null;
  const cents = (stepsOf(usd) + stepsPerCent / 2n) / stepsPerCent;
  return { amount: String(cents), currency: 'USD' };
}

/** Whether US dollars have come up to what a budget allows. What is not known has not. */
export function reachesBudget(usd: number | null, budget: Budget): boolean {
  return usd !== null && stepsOf(usd) >= BigInt(budget.max_list_cost.amount) * stepsPerCent;
}

function stepsOf(usd: number): bigint {
  return BigInt(Math.round(usd * stepsPerDollar));
}
