import { expect, test } from 'vitest';
import type { PauseCause, RolloutStatus } from '../../../../src/core/rollout.ts';
import type { Me } from '../../shell/me.ts';
import { type RolloutDeed, whyNot } from './why-not.ts';

const dan: Me = { key_id: 'apikey_1', name: 'Dan', role: 'releaser', how: 'sign_in', expires_at: null };

function rollout(status: RolloutStatus, cause?: PauseCause) {
  const since = '2026-11-23T12:00:00Z';
  return {
    status,
    pause: cause === undefined ? null : { cause, reason: 'so', by: 'pawl', since },
    ended_at: status === 'running' || status === 'paused' ? null : since,
  };
}

test.each([
  ['running', undefined, ['pause', 'advance', 'abort']],
  ['paused', 'signal', ['resume', 'advance', 'abort']],
  ['paused', 'approval', ['advance', 'abort']],
  ['paused', 'sample_ratio', ['abort']],
  ['rolled_back', undefined, ['retry']],
  ['aborted', undefined, ['retry']],
  ['completed', undefined, []],
] as const)('what a releaser may do with one that is %s (%s)', (status, cause, may) => {
  const deeds: RolloutDeed[] = ['pause', 'resume', 'advance', 'abort', 'retry'];
  expect(deeds.filter((deed) => whyNot(deed, rollout(status, cause), dan) === null)).toEqual([...may]);
});

test('a reviewer may do nothing of it, and is told why', () => {
  expect(whyNot('pause', rollout('running'), { ...dan, role: 'reviewer' })).toBe(
    'Your role is reviewer; this needs a releaser',
  );
});
