import { expect, test } from 'vitest';
import type { AgentConfig } from '../core/agent-config.ts';
import type { Budget } from '../core/budget.ts';
import type { SessionRow } from '../store/sessions.ts';
import { sampleSession, sampleVersion } from '../store/store.testsuite.ts';
import { decideUpdate } from './updating.ts';

const limit = (amount: string): Budget => ({ type: 'limit', max_list_cost: { amount, currency: 'USD' } });

/** What comes of a new budget, for a session that has used up its old one in the middle of a turn. */
function rebudgeted(budget: Budget | null, fields: Partial<SessionRow> = {}, hasPrice = true) {
  const session = sampleSession('sesn_1', {
    ...{ budget: JSON.stringify(limit('50')), list_cost_usd: 0.5, rounds: 1 },
    ...fields,
  });
  return decideUpdate({
    session,
    config: JSON.parse(sampleVersion('agent_1', 1).config) as AgentConfig,
    changes: { budget },
    ...{ ids: { next: () => 'sevt_new' }, now: 0, hasPrice: () => hasPrice },
  });
}

test('A session that its budget has stopped goes on when that is raised or removed', () => {
  for (const budget of [limit('51'), null]) {
    expect(rebudgeted(budget)).toMatchObject({
      changes: { status: 'running', attempt: 1, open_span: 'sevt_new' },
    });
  }
});

test.each<[string, Partial<SessionRow>]>([
  ['whose turn was done', { rounds: 0 }],
  ['that was stopped, because its version was taken back', { stopped_at: '2027-01-15T08:00:00.000000Z' }],
  ['that waits for the result of a call', { open_calls: '[{"id":"sevt_1","kind":"custom"}]' }],
  ['that runs', { status: 'running' }],
])('A session %s is given its new budget, and stays as it is', (_, fields) => {
  const decision = rebudgeted(limit('51'), fields);
  expect(decision).toMatchObject({
    events: [{ type: 'session.updated', budget: limit('51') }],
    changes: { budget: JSON.stringify(limit('51')) },
  });
  expect(decision.changes).not.toHaveProperty('status');
});

test('A budget can be removed, but not changed, when its model has no price any more', () => {
  expect(() => rebudgeted(limit('51'), {}, false)).toThrow(
    expect.objectContaining({ code: 'model_not_budgetable' }),
  );
  expect(rebudgeted(null, {}, false).changes).toMatchObject({ status: 'running' });
});
