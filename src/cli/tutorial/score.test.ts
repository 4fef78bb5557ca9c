import { expect, test } from 'vitest';
import type { Team } from './prompts.ts';
import { compare, findFlips, type ScoredTicket, scoreAll, tally } from './score.ts';
import type { Ticket } from './tickets.ts';
import { parseAnswer } from './triage.ts';

const ticket = (id: string, team: Team): Ticket => ({ id, team, subject: id, body: id, priority: 'P1' });
const routed = (id: string, team: Team, answer: string): ScoredTicket => ({
  ticket: ticket(id, team),
  answer: { kind: 'routed', team: answer, priority: null },
});
const failed = (id: string, team: Team): ScoredTicket => ({
  ticket: ticket(id, team),
  answer: { kind: 'error', why: 'it broke' },
});

test('Tickets are scored so many at a time, and come back in their order', async () => {
  const tickets = ['a', 'b', 'c', 'd', 'e'].map((id) => ticket(id, 'auth'));
  let running = 0;
  let most = 0;
  let done = 0;
  const scored = await scoreAll({
    tickets,
    concurrency: 2,
    async triage({ id }) {
      most = Math.max(most, ++running);
      for (let i = 0; i < (id === 'a' ? 20 : 2); i++) await Promise.resolve();
      running--;
      return { kind: 'routed', team: id, priority: null };
    },
    onScored: () => done++,
  });
  expect(scored.map(({ ticket: { id } }) => id)).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect({ most, done }).toEqual({ most: 2, done: 5 });
});

test('An error counts neither as right nor as wrong', () => {
  const scored = [routed('a', 'billing', 'billing'), routed('b', 'billing', 'auth'), failed('c', 'billing')];
  expect(tally(scored)).toEqual([{ team: 'billing', correct: 1, scored: 2, errors: 1 }]);
});

test('A team regressed when it lost more tickets than it won', () => {
  const before = [
    routed('a', 'billing', 'billing'),
    routed('b', 'billing', 'billing'),
    routed('c', 'auth', 'billing'),
  ];
  const after = [
    routed('a', 'billing', 'auth'),
    routed('b', 'billing', 'billing'),
    routed('c', 'auth', 'auth'),
  ];
  expect(compare(before, after).map(({ team, regressed }) => [team, regressed])).toEqual([
    ['auth', false],
    ['billing', true],
  ]);
  expect(findFlips(before, after)).toMatchObject([
    { ticket: { id: 'a' }, before: 'billing', after: 'auth', direction: 'worse' },
    { ticket: { id: 'c' }, before: 'billing', after: 'auth', direction: 'better' },
  ]);
});

test('A ticket that failed under one version is no regression', () => {
  const before = [routed('a', 'billing', 'billing')];
  const after = [failed('a', 'billing')];
  expect(compare(before, after)).toMatchObject([
    { regressed: false, after: { correct: 0, scored: 0, errors: 1 } },
  ]);
  expect(findFlips(before, after)).toEqual([]);
});

test.each([
  ['{"team": "auth", "priority": "P1"}', { kind: 'routed', team: 'auth', priority: 'P1' }],
  ['{"team": "sales"}', { kind: 'routed', team: 'sales', priority: null }],
  [
    '```json\n{"team": "auth"}\n```',
    { kind: 'error', why: expect.stringMatching(/^the reply is not JSON: "```json/) },
  ],
  ['', { kind: 'error', why: 'the reply is not JSON: ""' }],
  ['{"priority": "P1"}', { kind: 'error', why: expect.stringContaining('names no team') }],
  ['null', { kind: 'error', why: expect.stringContaining('names no team') }],
])('The reply %j is read for what it is', (reply, answer) => {
  expect(parseAnswer(reply)).toEqual(answer);
});
