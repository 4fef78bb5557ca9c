import { costOf, type Price } from '../model/prices.ts';
import type { CaseUsage } from './score.ts';

/** What an answer costs in US dollars, by who served it as `provider/model` or by a model alone; null is not known. */
export function priceOf(prices: readonly Price[], servedBy: string, usage: CaseUsage): number | null {
  if (servedBy.startsWith('offline/')) return 0;
  return costOf(prices, servedBy.slice(servedBy.indexOf('/') + 1), usage);
}
