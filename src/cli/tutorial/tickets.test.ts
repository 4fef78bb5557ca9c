import { expect, test } from 'vitest';
import { bundledTickets, parseTickets, readTickets } from './tickets.ts';

const good = { id: 't-1', subject: 'A', body: 'B', team: 'auth', priority: 'P1' };
const lines = (...values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join('\n');

test('Twenty tickets come along, five for each team', () => {
  const tickets = readTickets(bundledTickets);
  const perTeam = new Map<string, number>();
  for (const { team } of tickets) perTeam.set(team, (perTeam.get(team) ?? 0) + 1);
  expect([...perTeam.values()]).toEqual([5, 5, 5, 5]);
});

test('Empty lines, a byte order mark and fields of somebody else do no harm', () => {
  expect(parseTickets(`\uFEFF${lines({ ...good, extra: 1 })}\r\n\n`, 'f')).toEqual([good]);
});

test.each([
  ['not json', 'this is not JSON'],
  ['[1]', 'this is JSON, but not an object'],
  [lines({ ...good, id: 't-2', subject: ' ' }), 'subject has to be a text'],
  [lines({ ...good, id: 't-2', body: 7 }), 'body has to be a text'],
  [lines({ ...good, id: 't-2', team: 'sales' }), 'team has to be one of billing, auth'],
  [lines({ ...good, id: 't-2', priority: undefined }), 'priority has to be one of P1'],
  [lines(good), 'the id t-1 is already on line 1'],
])('The line %s is complained about by its number', (line, complaint) => {
  expect(() => parseTickets(`${lines(good)}\n\n${line}\n`, 'my.jsonl')).toThrow(
    `my.jsonl, line 3: ${complaint}`,
  );
});

test('A file without tickets, or one that is not there, is complained about', () => {
  expect(() => parseTickets('\n', 'my.jsonl')).toThrow('my.jsonl holds no tickets');
  expect(() => readTickets('nowhere.jsonl')).toThrow('nowhere.jsonl cannot be read: ENOENT');
});
