import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatTime } from '../../core/clock.ts';
import { sessionStatuses } from '../../core/session.ts';
import { decideFate, type Need, type RetentionRule, type SessionFacts } from './decision.ts';

const dayUs = 86_400_000_000;
const now = 1_800_000_000_000_000;
const needs: readonly Need[] = ['eval_run', 'comparison', 'rollout', 'shadow'];
const month: RetentionRule = { days: 30, export: false };

function session(fields: Partial<SessionFacts> & { readonly age_us?: number } = {}): SessionFacts {
  const { age_us = 31 * dayUs, ...rest } = fields;
  return { status: 'idle', updated_at: formatTime(now - age_us), needs: [], ...rest };
}

test.each(['idle', 'terminated'] as const)('A session that is %s goes when its age is reached', (status) => {
  const fate = decideFate(session({ status }), month, now);
  const why = `nothing has happened in it since ${formatTime(now - 31 * dayUs)}`;
  expect(fate).toEqual({ action: 'delete', why });
});

test('The age is reached when more than so many days have passed, to the microsecond', () => {
  expect(decideFate(session({ age_us: 30 * dayUs }), month, now)).toEqual({ action: 'keep', why: 'young' });
  expect(decideFate(session({ age_us: 30 * dayUs + 1 }), month, now).action).toBe('delete');
});

test.each(['running', 'rescheduling'] as const)('A session that is %s stays, however old', (status) => {
  expect(decideFate(session({ status }), month, now)).toEqual({ action: 'keep', why: 'busy' });
});

test.each(needs)('A session that is needed for %s stays, however old', (need) => {
  expect(decideFate(session({ needs: [need] }), month, now)).toEqual({ action: 'keep', why: need });
});

test('A rule without days keeps everything, and one of more days than time has keeps what is young', () => {
  const ever = { days: null, export: true };
  expect(decideFate(session(), ever, now)).toEqual({ action: 'keep', why: 'for_ever' });
  expect(decideFate(session(), { days: 36_500, export: false }, now)).toMatchObject({ why: 'young' });
});

test('What is deleted is at rest, older than the rule says, and needed by nothing', () => {
  const facts = fc.record({
    status: fc.constantFrom(...sessionStatuses),
    age_us: fc.integer({ min: 0, max: 60 * dayUs }),
    needs: fc.subarray([...needs]),
  });
  const days = fc.option(fc.integer({ min: 1, max: 60 }));
  fc.assert(
    fc.property(facts, days, ({ age_us, ...fields }, limit) => {
      const { action } = decideFate(session({ age_us, ...fields }), { days: limit, export: false }, now);
      const rests = fields.status === 'idle' || fields.status === 'terminated';
      const isOld = limit !== null && age_us > limit * dayUs;
      expect(action === 'delete').toBe(rests && isOld && fields.needs.length === 0);
    }),
  );
});
