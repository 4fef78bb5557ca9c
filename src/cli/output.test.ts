import { WriteStream } from 'node:tty';
import { expect, test } from 'vitest';
import { columns, paintFor } from './output.ts';

/** A terminal as Node sees it, in an environment of the test's own. */
const terminal = (env: Record<string, string>) => ({
  isTTY: true,
  hasColors: () => WriteStream.prototype.getColorDepth.call({} as WriteStream, env) > 1,
});

test('A terminal gets colours', () => {
  expect(paintFor(terminal({ TERM: 'xterm-256color' })).red('no')).toBe('\u001b[31mno\u001b[39m');
});

test('NO_COLOR, a dumb terminal and a pipe get none', () => {
  for (const screen of [
    terminal({ TERM: 'xterm-256color', NO_COLOR: '1' }),
    terminal({ TERM: 'dumb' }),
    {},
  ]) {
    expect(paintFor(screen).red('no')).toBe('no');
  }
});

test('Cells stand in columns and cannot move the cursor', () => {
  expect(
    columns([
      ['a', 'long one', 'x'],
      ['bcd', '\u001b[2Je\u202e\n', ''],
    ]),
  ).toEqual(['a    long one  x', 'bcd  [2Je']);
});
