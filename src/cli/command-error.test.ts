import { expect, test } from 'vitest';
import { CommandError, sentenceOf } from './command-error.ts';

test('What a server or a name says in a sentence does nothing to a terminal, and keeps its lines', () => {
  const said = 'agent \u001b]0;mine\u0007 is\u009b2J\r gone\n  \u202eline 2';
  expect(sentenceOf(new CommandError(said))).toBe('agent  ]0;mine  is 2J  gone\n  line 2.');
});
