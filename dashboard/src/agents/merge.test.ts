import { expect, test } from 'vitest';
import { mergeTexts } from './merge.ts';

const base =
  'You route tickets.\n\nBilling: invoices.\nAuth: log-ins.\nDashboard: charts.\n\nAnswer in JSON.\n';

test('changes in different places are both kept', () => {
  const mine = base.replace('invoices', 'invoices and refunds');
  const theirs = base.replace('Answer in JSON', 'Answer in JSON, and nothing else');
  expect(mergeTexts(base, { mine, theirs })).toEqual({
    kind: 'merged',
    text: theirs.replace('invoices', 'invoices and refunds'),
  });
});

test('lines that were added above do not matter', () => {
  const mine = base.replace('charts', 'charts and tables');
  const theirs = `Be brief.\nBe kind.\n${base}`;
  expect(mergeTexts(base, { mine, theirs })).toEqual({
    kind: 'merged',
    text: theirs.replace('charts', 'charts and tables'),
  });
});

test('two changes of one line are for a person to decide', () => {
  const mine = base.replace('invoices', 'refunds');
  const theirs = base.replace('invoices', 'payments');
  expect(mergeTexts(base, { mine, theirs })).toEqual({ kind: 'conflict' });
});

test.each([
  ['nothing of mine', { mine: base, theirs: 'theirs' }, 'theirs'],
  ['nothing of theirs', { mine: 'mine', theirs: base }, 'mine'],
  ['the same', { mine: 'both', theirs: 'both' }, 'both'],
])('where there is %s, there is nothing to decide', (_, sides, text) => {
  expect(mergeTexts(base, sides)).toEqual({ kind: 'merged', text });
});

test('a text that is another altogether is left to a person', () => {
  const lettered = (letter: string) => Array.from({ length: 10_000 }, (_, n) => `${letter}${n}\n`).join('');
  const [mine, theirs] = [lettered('b'), lettered('c')];
  expect(mergeTexts(lettered('a'), { mine, theirs })).toEqual({ kind: 'conflict' });
});
