import { expect, test } from 'vitest';
import { evalRun, runCounts } from '../../../test/eval-subjects.ts';
import { createLiveDisplay } from './live-display.ts';

function screen(isTTY: boolean, columns?: number) {
  return {
    ...(columns === undefined ? {} : { columns }),
    isTTY,
    text: '',
    write(text: string) {
      this.text += text;
    },
  };
}

/** What a terminal shows after all that was written to it: only the commands that the display uses are known. */
function shown(text: string): string[] {
  const lines = [''];
  let row = 0;
  for (const [part] of text.replaceAll('\u001b', '⎋').matchAll(/⎋\[1A|\r⎋\[2K|\n|[^⎋\r\n]+/g)) {
    if (part === '⎋[1A') row--;
    else if (part === '\n') lines[++row] ??= '';
    else lines[row] = part.startsWith('\r') ? '' : lines[row] + part;
  }
  return lines;
}

const at = (done: number, version = 2) =>
  evalRun({ id: `erun_${version}`, agent_version: version, counts: runCounts({ done }) });

test('A terminal has one line for each run, which is drawn over and taken away', () => {
  const terminal = screen(true);
  let now = 0;
  const display = createLiveDisplay({ screen: terminal, now: () => now });
  display.show([at(0, 1), at(0)]);
  now = 10_000;
  display.show([at(30, 1), at(6)]);
  expect(shown(terminal.text)).toEqual([
    'v1 [##########..........] 30/60  10 s  about 10 s left',
    'v2 [##..................] 6/60  10 s  about 1 min 30 s left',
    '',
  ]);
  display.finish();
  expect(shown(terminal.text)).toEqual(['', '', '']);
});

test('A terminal is drawn on at most ten times a second, and once more as time passes', () => {
  const terminal = screen(true);
  let now = 0;
  const display = createLiveDisplay({ screen: terminal, now: () => now });
  display.show([at(0)]);
  const drawn = terminal.text;
  now = 99;
  display.show([at(1)]);
  expect(terminal.text).toBe(drawn);
  now = 1000;
  display.tick();
  expect(shown(terminal.text)[0]).toBe('v2 [....................] 1/60  1 s');
});

test('The clock of a run that is over stands still', () => {
  const terminal = screen(true);
  let now = 0;
  const display = createLiveDisplay({ screen: terminal, now: () => now });
  display.show([at(0)]);
  now = 5000;
  display.show([evalRun({ id: 'erun_2', status: 'completed', counts: runCounts({ done: 60 }) })]);
  now = 60_000;
  display.tick();
  expect(shown(terminal.text)[0]).toContain('60/60  5 s');
});

test('A line keeps within the terminal, and holds nothing that moves the cursor', () => {
  const terminal = screen(true, 30);
  const scores = { 'a\u001b[2J': { sum: 1, count: 1, unscored: 0 } };
  const display = createLiveDisplay({ screen: terminal, now: () => 0 });
  display.show([evalRun({ counts: runCounts({ done: 1, scores }) })]);
  expect(shown(terminal.text)[0]?.length).toBeLessThanOrEqual(29);
  expect(terminal.text).not.toContain('\u001b[2J');
});

test('A terminal that does not know its width has lines all the same', () => {
  const terminal = screen(true, 0);
  createLiveDisplay({ screen: terminal, now: () => 0 }).show([at(1)]);
  expect(shown(terminal.text)[0]).toContain('1/60');
});

test('Elsewhere there is a line at each quarter of a run', () => {
  const log = screen(false);
  const display = createLiveDisplay({ screen: log, now: () => 0 });
  for (let done = 0; done <= 60; done++) display.show([at(done)]);
  display.tick();
  display.finish();
  expect(log.text).toBe(
    'Version 2: 15 of 60\nVersion 2: 30 of 60\nVersion 2: 45 of 60\nVersion 2: 60 of 60\n',
  );
});
