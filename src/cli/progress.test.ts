import { expect, test } from 'vitest';
import { showProgress } from './progress.ts';

function recorder(isTTY: boolean): { text: string; isTTY: boolean; write(text: string): void } {
  return {
    text: '',
    isTTY,
    write(text) {
      this.text += text;
    },
  };
}

test('A terminal sees one line that fills up and then disappears', () => {
  const screen = recorder(true);
  const progress = showProgress('Scoring', 2, screen);
  progress.advance();
  expect(screen.text).toMatch(/\rScoring \[#{12}\.{12}\] 1\/2$/);
  progress.advance();
  progress.finish();
  expect(screen.text).not.toContain('\n');
  expect(screen.text).toMatch(/\r +\r$/);
});

test('Elsewhere there are a few plain lines', () => {
  const screen = recorder(false);
  const progress = showProgress('Scoring', 20, screen);
  for (let i = 0; i < 20; i++) progress.advance();
  progress.finish();
  expect(screen.text).toBe('Scoring: 5/20\nScoring: 10/20\nScoring: 15/20\nScoring: 20/20\n');
});
