import { expect, test } from 'vitest';
import { createLog } from './log.ts';

function lines(level: Parameters<typeof createLog>[0]): {
  log: ReturnType<typeof createLog>;
  read(): unknown[];
} {
  let text = '';
  const log = createLog(level, (line) => {
    text += line;
  });
  return { log, read: () => text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)])) };
}

test('A line holds the time, the level, the message and the fields', () => {
  const { log, read } = lines('info');
  log.info({ session_id: 'sesn_1' }, 'Taken up');
  expect(read()).toEqual([
    { time: expect.stringMatching(/Z$/), level: 'info', message: 'Taken up', session_id: 'sesn_1' },
  ]);
});

test('What is below the level is left out', () => {
  const { log, read } = lines('error');
  log.warn({}, 'a');
  log.error({}, 'b');
  expect(read()).toMatchObject([{ message: 'b' }]);
  const silent = lines('silent');
  silent.log.error({}, 'c');
  expect(silent.read()).toEqual([]);
});

test('Of an error only name, message, code and stack are written', () => {
  const { log, read } = lines('info');
  const error = Object.assign(new TypeError('broken'), {
    code: 'E_BROKEN',
    headers: { 'x-api-key': 'secret' },
  });
  log.error({ err: error }, 'Oh');
  expect(read()).toMatchObject([{ err: { name: 'TypeError', message: 'broken', code: 'E_BROKEN' } }]);
  expect(JSON.stringify(read())).not.toContain('secret');
});
