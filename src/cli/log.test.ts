import { spawnSync } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { createLog, gatherLines } from './log.ts';

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

test('The time is that of each line, to the millisecond', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const times = [
    1_799_999_999_999, 1_800_000_000_000, 1_800_000_000_007, 1_800_000_001_070, 1_800_000_000_500,
  ];
  const { log, read } = lines('info');
  for (const time of times) {
    vi.setSystemTime(time);
    log.info({}, 'Ticked');
  }
  vi.useRealTimers();
  expect(read()).toMatchObject(times.map((time) => ({ time: new Date(time).toISOString() })));
});

test('A line without fields, or with one that is undefined, is whole', () => {
  const { log, read } = lines('info');
  log.info({}, 'Nothing');
  log.error({ session_id: undefined, err: undefined }, 'Nothing at all');
  const bare = { time: expect.any(String), level: 'info', message: 'Nothing' };
  expect(read()).toEqual([bare, { ...bare, level: 'error', message: 'Nothing at all' }]);
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

test('Lines of one turn of the event loop go out together, in their order', async () => {
  const written: string[] = [];
  const log = createLog(
    'info',
    gatherLines((lines) => written.push(lines)),
  );
  log.info({}, 'a');
  log.info({}, 'b');
  expect(written).toEqual([]);
  await new Promise(setImmediate);
  log.info({}, 'c');
  await new Promise(setImmediate);
  expect(written.map((lines) => lines.match(/(?<="message":")\w/g))).toEqual([['a', 'b'], ['c']]);
});

test('What waits when the process ends goes out first', () => {
  const script = `import { gatherLines } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)};
    const write = gatherLines((lines) => process.stderr.write(lines));
    write('the last line\\n');
    process.exit(3);`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 3, stderr: 'the last line\n' });
});
