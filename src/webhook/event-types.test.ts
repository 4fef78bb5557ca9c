import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectFailures } from '../outbound/connect-failure.ts';
import { eventTypes } from './event-types.ts';
import { disabledReasons } from './webhook.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/reference/webhooks.md'), 'utf8');

/** The rows of the table that has this head, cell by cell. */
function rowsUnder(head: string): string[][] {
  const rows = page.split(`| ${head} |`)[1]?.split('\n\n')[0]?.split('\n').slice(2) ?? [];
  return rows.map((row) => row.slice(2, -2).split(' | '));
}

test('The reference has every type of event with its meaning, and no other', () => {
  const types = Object.entries(eventTypes).map(([type, meaning]) => [`\`${type}\``, meaning]);
  expect(rowsUnder('type | what happened')).toEqual(types);
});

test('The reference has every error of a delivery and every reason of the server, and no other', () => {
  const named = (head: string) => rowsUnder(head).map(([name]) => name);
  expect(named('error | what it means')).toEqual(connectFailures.map((error) => `\`${error}\``));
  expect(named('reason | when')).toEqual(disabledReasons.map((reason) => `\`${reason}\``));
});
