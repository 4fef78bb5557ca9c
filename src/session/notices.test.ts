import { expect, test } from 'vitest';
import type { EventDraft, StopReason } from '../core/events.ts';
import type { SessionRow } from '../store/sessions.ts';
import { sampleSession } from '../store/store.testsuite.ts';
import { noticesOf } from './notices.ts';

const time = '2026-11-22T12:00:00.000000Z';
const session = sampleSession('sesn_1');
const thread = { session_thread_id: 'sthr_1', agent_name: 'triage' };

function told(events: readonly EventDraft[], changes: Partial<SessionRow> = {}, before = session): unknown[] {
  const notices = noticesOf(before, { events, changes, at: time });
  expect(notices.every(({ at, data }) => at === time && data.id === 'sesn_1')).toBe(true);
  return notices.map(({ type, data }) => [type, ...Object.values(data).slice(1)]);
}

const idle = (type: StopReason['type']): EventDraft => ({
  ...{ type: 'session.status_idle', id: 'e', stop_details: null },
  stop_reason: type === 'requires_action' ? { type, event_ids: ['e0'] } : { type },
});

test('A turn is told by its start and its end, under the names that webhooks have for them', () => {
  const start: EventDraft[] = [
    { type: 'user.message', id: 'e', content: [] },
    { type: 'session.status_running', id: 'e' },
    { type: 'session.thread_status_running', id: 'e', ...thread },
    { type: 'span.model_request_start', id: 'e' },
  ];
  expect(told(start)).toEqual([['session.status_run_started']]);
  const stop = { stop_reason: { type: 'end_turn' }, stop_details: null } as const;
  const end: EventDraft[] = [
    { type: 'agent.message', id: 'e', content: [] },
    { type: 'session.thread_status_idle', id: 'e', ...thread, ...stop },
    idle('end_turn'),
  ];
  expect(told(end)).toEqual([['session.thread_idled', 'sthr_1'], ['session.status_idled']]);
});

test('Only a budget that is used up is a notice besides the one of being idle', () => {
  for (const type of ['end_turn', 'retries_exhausted', 'refusal', 'requires_action'] as const) {
    expect(told([idle(type)])).toEqual([['session.status_idled']]);
  }
  expect(told([idle('budget_reached')])).toEqual([['session.budget_reached'], ['session.status_idled']]);
});

test('A pause between retries is one notice, and not one more for its thread', () => {
  const pause: EventDraft[] = [
    { type: 'session.thread_status_rescheduled', id: 'e', ...thread },
    { type: 'session.status_rescheduled', id: 'e' },
  ];
  expect(told(pause)).toEqual([['session.status_rescheduled']]);
});

test('An archived session tells of its end and of being archived, once', () => {
  const end: EventDraft[] = [
    { type: 'session.thread_status_terminated', id: 'e', ...thread },
    { type: 'session.status_terminated', id: 'e' },
  ];
  expect(told(end, { archived_at: time })).toEqual([
    ['session.thread_terminated', 'sthr_1'],
    ['session.status_terminated'],
    ['session.archived'],
  ]);
  expect(told([], { archived_at: time }, { ...session, archived_at: time })).toEqual([]);
});

test('A change of a session is told without what has changed', () => {
  expect(told([{ type: 'session.updated', id: 'e', title: 'A secret title' }])).toEqual([
    ['session.updated'],
  ]);
});
