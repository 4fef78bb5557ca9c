import type { Budget } from '../core/budget.ts';
import { reachesBudget } from '../core/money.ts';
import type { SessionRow } from '../store/sessions.ts';

/** What a session may cost; null when nobody has set a limit. */
export function budgetOf({ budget }: Pick<SessionRow, 'budget'>): Budget | null {
  return budget === null ? null : (JSON.parse(budget) as Budget);
}

/** Whether a session has cost all that it may cost. Without a budget it never has. */
export function isSpent(session: Pick<SessionRow, 'budget' | 'list_cost_usd'>): boolean {
  const budget = budgetOf(session);
  return budget !== null && reachesBudget(session.list_cost_usd, budget);
}
