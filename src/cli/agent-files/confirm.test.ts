import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { confirm } from './confirm.ts';

function ask(answer: string | null, { isTTY = true, signal = new AbortController().signal } = {}) {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stderr = new PassThrough();
  if (answer === null) stdin.end();
  else stdin.write(answer);
  return { stderr, answered: confirm('Apply this?', { screen: { stdin, stderr }, signal }) };
}

test.each([
  ['y\n', true],
  [' Yes \n', true],
  ['n\n', false],
  ['\n', false],
  ['yesterday\n', false],
  [null, false],
])('The answer %j means %s', async (answer, meaning) => {
  const { stderr, answered } = ask(answer);
  expect(await answered).toBe(meaning);
  expect(String(stderr.read())).toContain('Apply this? [y/N] ');
});

test('Where there is no terminal, the user is told of --yes', async () => {
  await expect(ask('y\n', { isTTY: false }).answered).rejects.toThrow('--yes says yes');
});

test('A question ends when the command is stopped', async () => {
  const stopped = new AbortController();
  const { answered } = ask('', stopped);
  stopped.abort(new Error('stopped'));
  await expect(answered).rejects.toThrow();
});
