import { expect, test } from 'vitest';
import type { ShadowResponse } from '../../api/shadows.ts';
import { standing } from './shadows.ts';

const side = {
  turns: 12,
  failed_turns: 1,
  refused_turns: 2,
  mean_latency_ms: 1234.5,
  mean_input_tokens: 80.2,
};

test('A shadow is shown with what became of its sessions, and both sides', () => {
  const shadow: ShadowResponse = {
    ...{ type: 'shadow', id: 'shdw_a', agent_id: 'agent_a', alias: 'production', eval_id: null },
    ...{ baseline_version: 1, candidate_version: 2, sample: 0.25, max_sessions: 200 },
    ...{ status: 'stopped', ended_reason: 'alice stopped it' },
    started_by: { key_id: null, name: 'alice', role: 'editor' },
    ...{ created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', ended_at: null },
    sessions: {
      ...{ sampled: 12, copied: 10, waiting: 1, skipped: 1, failed: 0 },
      reasons: { 'the session was deleted': 1 },
    },
    production: { ...side, mean_output_tokens: 7 },
    candidate: { ...side, mean_latency_ms: null, mean_input_tokens: null, mean_output_tokens: null },
  };
  expect(standing(shadow).split('\n')).toEqual([
    'shdw_a is stopped: alice stopped it.',
    'Version 2 answers copies of 25 % of the sessions of production, which stands for version 1.',
    '10 sessions copied of at most 200; 1 waiting, 1 skipped, 0 failed.',
    '1 × the session was deleted',
    '',
    'SIDE       TURNS  FAILED  REFUSED  LATENCY  TOKENS IN  TOKENS OUT',
    'users      12     1       2        1.23 s   80         7',
    'candidate  12     1       2        -        -          -',
  ]);
});
