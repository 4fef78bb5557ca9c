import { describe, expect, test } from 'vitest';
import type { ClientEventBody, EventDraft } from '../core/events.ts';
import { type SessionStatus, sessionStatuses } from '../core/session.ts';
import { admit, type Situation } from './admission.ts';
import type { OpenCall } from './calls.ts';

const text = [{ type: 'text', text: 'Hello.' }] as const;

/** `m` a message, `i` an interrupt, `s` a system message, `1` and `2` answers to the calls of that name, `a` and `d` words on `3`. */
const bodies: Readonly<Record<string, ClientEventBody>> = {
  m: { type: 'user.message', content: text },
  i: { type: 'user.interrupt' },
  s: { type: 'system.message', content: text },
  '1': { type: 'user.custom_tool_result', custom_tool_use_id: '1' },
  '2': { type: 'user.custom_tool_result', custom_tool_use_id: '2' },
  a: { type: 'user.tool_confirmation', tool_use_id: '3', result: 'allow' },
  d: { type: 'user.tool_confirmation', tool_use_id: '3', result: 'deny', deny_message: 'Not today.' },
};
const letterOf = ({ type, ...rest }: EventDraft): string =>
  Object.keys(bodies).find((letter) => {
    const { id: _id, ...body } = { type, ...rest } as EventDraft;
    return JSON.stringify(bodies[letter]) === JSON.stringify(body);
  }) ?? 'x';
const lettersOf = (events: readonly EventDraft[]): string => events.map(letterOf).join('');
const draftsOf = (letters: string): EventDraft[] =>
  [...letters].map((letter, i) => ({ ...bodies[letter], id: `sevt_${i}` }) as EventDraft);

const custom = (id: string): OpenCall => ({ id, kind: 'custom' });
const asked: OpenCall = { id: '3', kind: 'mcp', state: 'asked', server: 's', name: 't', input: {} };

const admitted = (letters: string, situation: Partial<Situation> = {}) =>
  admit({ status: 'idle', calls: [], spent: false, ...situation }, draftsOf(letters), (body) => ({
    ...body,
    id: 'new',
  }));

describe('Messages and interrupts', () => {
  test.each<[SessionStatus, sent: string, history: string, queue: string, next: string]>([
    ['idle', '', '', '', 'nothing'],
    ['idle', 'm', 'm', '', 'start'],
    ['idle', 'mmm', 'mmm', '', 'start'],
    ['idle', 'ms', 'ms', '', 'start'],
    ['idle', 's', 's', '', 'nothing'],
    ['idle', 'i', 'i', '', 'nothing'],
    ['idle', 'ii', 'ii', '', 'nothing'],
    ['idle', 'im', 'im', '', 'start'],
    ['idle', 'mi', 'm', 'i', 'start'],
    ['idle', 'mim', 'm', 'im', 'start'],
    ['idle', 'iimmimi', 'iimm', 'imi', 'start'],
    ['running', 'm', '', 'm', 'nothing'],
    ['running', 'i', '', 'i', 'nothing'],
    ['running', 'mim', '', 'mim', 'nothing'],
    ['running', 'ms', '', 'ms', 'nothing'],
    ['rescheduling', 'im', '', 'im', 'nothing'],
  ])('when %s, of %j write %j, queue %j and %s', (status, sent, history, queue, next) => {
    const admission = admitted(sent, { status });
    expect(lettersOf(admission.history)).toBe(history);
    expect(lettersOf(admission.queue)).toBe(queue);
    expect(admission.next).toBe(next);
  });

  test.each(sessionStatuses)('are not lost and change no order when %s', (status) => {
    for (const sent of ['', 'm', 'i', 'mi', 'im', 'mim', 'imi', 'mmiim']) {
      const { history, queue } = admitted(sent, { status });
      expect(lettersOf([...history, ...queue])).toBe(sent);
    }
  });
});

describe('A session that waits for answers to its calls', () => {
  const calls = [custom('1'), custom('2')];

  test.each<[sent: string, history: string, queue: string, left: string, next: string]>([
    ['1', '1', '', '2', 'ask_again'],
    ['2', '2', '', '1', 'ask_again'],
    ['21', '21', '', '', 'continue'],
    ['21s', '21s', '', '', 'continue'],
    ['1m', '1', 'm', '2', 'ask_again'],
    ['m', '', 'm', '12', 'nothing'],
    ['m1', '1', 'm', '2', 'ask_again'],
    ['i', '', 'i', '12', 'interrupt'],
    ['im', '', 'im', '12', 'interrupt'],
    ['1i', '1', 'i', '2', 'interrupt'],
    ['12mi', '12', 'mi', '', 'interrupt'],
  ])('of %j writes %j, queues %j, still waits for %j and does %s', (sent, history, queue, left, next) => {
    const admission = admitted(sent, { calls });
    expect(lettersOf(admission.history)).toBe(history);
    expect(lettersOf(admission.queue)).toBe(queue);
    expect(admission.calls.map(({ id }) => id).join('')).toBe(left);
    expect(admission.next).toBe(next);
  });

  test.each(['11', 'a', 'i1', '1i1'])('refuses %j, because no call waits for it', (sent) => {
    expect(() => admitted(sent, { calls })).toThrow(/^(custom_tool_use_id|tool_use_id): /);
  });

  test('takes answers while it runs as well, without a word on what happens next', () => {
    expect(admitted('1', { calls, status: 'running' })).toMatchObject({
      calls: [custom('2')],
      next: 'nothing',
    });
  });

  test('lets a call run once it is allowed, and not before the others are decided', () => {
    expect(admitted('a', { calls: [asked, custom('1')] })).toMatchObject({
      calls: [{ id: '3', state: 'allowed' }, { id: '1' }],
      next: 'ask_again',
    });
    expect(admitted('1a', { calls: [asked, custom('1')] })).toMatchObject({
      calls: [{ id: '3', state: 'allowed' }],
      next: 'continue',
    });
  });

  test('answers a call that is denied with the reason, right behind the word', () => {
    const { history, calls: left } = admitted('d', { calls: [asked] });
    expect(history).toMatchObject([
      { type: 'user.tool_confirmation' },
      { type: 'agent.mcp_tool_result', mcp_tool_use_id: '3', is_error: true },
    ]);
    expect(JSON.stringify(history[1])).toContain('Not today.');
    expect(left).toEqual([]);
  });

  test('decides on a call once', () => {
    expect(() => admitted('aa', { calls: [asked] })).toThrow(/^tool_use_id: 3 /);
    expect(() => admitted('ad', { calls: [asked] })).toThrow(/^tool_use_id: 3 /);
  });
});

describe('A system message', () => {
  test.each([
    ['sm', {}, /^events\.0: .*must be the last/],
    ['mss', {}, /^events\.1: .*must be the last/],
    ['is', {}, /^events\.1: .*must follow/],
    ['s', { status: 'running' }, /^events\.0: .*must follow/],
    ['s', { calls: [custom('1')] }, /^events\.0: .*can only follow an answer/],
    ['ms', { calls: [custom('1')] }, /^events\.1: .*can only follow an answer/],
  ] as const)('in %j is refused where it belongs to nothing (%#)', (sent, situation, message) => {
    expect(() => admitted(sent, situation)).toThrow(message);
  });
});

describe('A session whose budget is used up', () => {
  test('takes no messages, and interrupts without a trace', () => {
    expect(() => admitted('m', { spent: true })).toThrow(expect.objectContaining({ code: 'budget_reached' }));
    expect(admitted('i', { spent: true })).toMatchObject({ history: [], queue: [], next: 'nothing' });
  });

  test('takes answers to its calls', () => {
    expect(admitted('1', { spent: true, calls: [custom('1')] })).toMatchObject({
      calls: [],
      next: 'continue',
    });
  });
});
