import { expect, test } from 'vitest';
import type { EventDraft } from '../core/events.ts';
import type { Ending } from './ending.ts';
import { turnOutcome } from './turn-outcome.ts';

const idle = (type: string, spent = false): EventDraft[] => {
  const about = { session_thread_id: 'sthr_1', agent_name: 'a', stop_details: null };
  const session = { type: 'session.status_idle', stop_reason: { type: spent ? 'budget_reached' : type } };
  return [
    { id: 'sevt_1', type: 'session.thread_status_idle', ...about, stop_reason: { type } },
    { id: 'sevt_2', ...session, stop_details: null },
  ] as EventDraft[];
};
const replied = { kind: 'replied' } as Ending;

test.each([
  ['end_turn', replied, 'reply'],
  ['end_turn', { kind: 'interrupted', said: null } as Ending, 'interrupted'],
  ['end_turn', null, 'interrupted'],
  ['refusal', replied, 'refusal'],
  ['retries_exhausted', null, 'error'],
  ['requires_action', null, 'requires_action'],
  ['budget_reached', null, 'budget_reached'],
] as const)('A turn that rests for %s after %j was %s', (reason, ending, outcome) => {
  expect(turnOutcome(idle(reason), ending)).toBe(outcome);
});

test('a turn whose reply has used up the budget has replied', () => {
  expect(turnOutcome(idle('end_turn', true), replied)).toBe('reply');
});

test('a turn that goes on has come to nothing yet', () => {
  expect(turnOutcome([], null)).toBeNull();
});
