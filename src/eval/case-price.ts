import { costOf, type Price } from '../model/price-table.ts';
import type { CaseUsage, Outcome } from './score.ts';

/**
 * What an answer cost in US dollars: what the endpoint says, which counts every request at the price of its day, or
 * else what its tokens cost by the table. Null is not known.
 */
export function caseCost(
  { cost_usd, served_by, usage }: Pick<Outcome, 'cost_usd' | 'served_by' | 'usage'>,
  prices: readonly Price[],
): number | null {
  return cost_usd ?? priceOf(prices, served_by, usage);
}

/** What an answer costs in US dollars, by who served it as `provider/model` or by a model alone; null is not known. */
export function priceOf(prices: readonly Price[], servedBy: string, usage: CaseUsage): number | null {
  const slash = servedBy.indexOf('/');
  const provider = slash === -1 ? null : servedBy.slice(0, slash);
  return costOf(prices, { provider, model: servedBy.slice(slash + 1) }, usage);
}
