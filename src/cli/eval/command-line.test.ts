import { expect, test } from 'vitest';
import { commandLine } from './command-line.ts';

test('A command is told with what it needs to find the same server', () => {
  expect(commandLine('watch', 'erun_a', {})).toBe('`pawl eval watch erun_a`');
  expect(commandLine('show', 'erun_a', { url: 'http://127.0.0.1:1', endpoint: 'https://a.test' })).toBe(
    '`pawl eval show erun_a --url http://127.0.0.1:1`',
  );
});

test('Only going on needs the endpoint and the file, which is quoted where a shell would read it otherwise', () => {
  expect(commandLine('resume', 'erun_a', { endpoint: 'https://a.test', file: "my ev'als.yaml" })).toBe(
    "`pawl eval resume erun_a --endpoint https://a.test --file 'my ev'\\''als.yaml'`",
  );
});
