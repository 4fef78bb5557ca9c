import { expect, test } from 'vitest';
import { placeOf } from './place-of.ts';

test.each([
  [{ type: 'agent', id: 'agent_1' }, '/agents/agent_1'],
  [{ type: 'alias', id: 'agent_1@production' }, '/agents/agent_1/aliases/production'],
  [{ type: 'promotion', id: 'promo_1' }, '/release/promotions/promo_1'],
  [{ type: 'rollout', id: 'roll_1' }, '/release/rollouts/roll_1'],
  [{ type: 'agent', id: '../keys?x' }, '/agents/..%2Fkeys%3Fx'],
])('an entry about %o leads to its page', (subject, page) => {
  expect(placeOf(subject)).toBe(page);
});

test.each([
  { type: 'key', id: 'apikey_1' },
  { type: 'alias', id: 'production' },
])('an entry about %o has no page to lead to', (subject) => {
  expect(placeOf(subject)).toBeNull();
});
