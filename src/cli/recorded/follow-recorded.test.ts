import { expect, test } from 'vitest';
import { comparison } from '../../../test/eval-subjects.ts';
import { startedText } from './follow-recorded.ts';

test('What is begun says which versions, how many sessions, and what was left out and why', () => {
  const window = {
    alias: 'production',
    from: '2026-01-01T00:00:00Z',
    to: '2026-01-08T00:00:00Z',
    limit: 200,
  };
  const backtest = comparison({
    origin: {
      ...{ type: 'backtest', ...window, taken: 1, expected_from: null },
      left_out: { several_messages: 12, failed: 1 },
    },
  });
  expect(startedText(backtest)).toEqual([
    'Version 2 of agent_a, against what version 1 answered: 1 session. This is comparison cmp_a.',
    'Left out: 12 several messages, 1 failed.',
  ]);
  const shadow = comparison({
    origin: { type: 'shadow', shadow_id: 'shdw_a', taken: 3, left_out: {}, expected_from: null },
  });
  expect(startedText(shadow)).toEqual([
    'Version 2 of agent_a, against what version 1 answered: 3 turns. This is comparison cmp_a.',
  ]);
});
