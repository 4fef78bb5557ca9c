import { describe, expect, test } from 'vitest';
import type { FoundFlip, WantedFlip } from '../gate-report.ts';
import { caseLines, flakyOf, flipsOf } from './flips.ts';
import { slicesOf } from './observed.ts';
import { pairRuns } from './pairing.ts';
import { type CaseSpec, cases, metric, runsOf } from './runs.testsuite.ts';

function observe(specs: readonly CaseSpec[]) {
  const { pairs } = pairRuns(runsOf(specs));
  return { pairs, observed: slicesOf(pairs, metric)[0].observed };
}

const lost: CaseSpec = { baseline: [1], candidate: [0] };
const gained: CaseSpec = { baseline: [0], candidate: [1] };
const right: CaseSpec = { baseline: [1], candidate: [1] };

describe('flipsOf', () => {
  test('has the lost before the gained, and those that must pass first', async () => {
    const { observed } = observe([gained, right, lost, { ...lost, must_pass: true }]);
    const { total, shown } = await flipsOf(observed, { metric, find: undefined });
    expect(total).toBe(3);
    expect(shown.map(({ case_id, turned }) => [case_id, turned])).toEqual([
      ['t-04', 'lost'],
      ['t-03', 'lost'],
      ['t-01', 'gained'],
    ]);
    expect(shown[0]).toMatchObject({ input: null, target: null, baseline: { reply: null, reading: null } });
  });

  test('asks for an outcome that stands for the majority, and quotes its reason', async () => {
    const { observed } = observe([{ group: 'g', baseline: [null, 0, 1, 1], candidate: [1, 0.25, 0.25] }]);
    const asked: WantedFlip[] = [];
    const find = (wanted: readonly WantedFlip[]): Promise<null[]> => {
      asked.push(...wanted);
      return Promise.resolve([null]);
    };
    const { shown } = await flipsOf(observed, { metric, find });
    expect(asked).toEqual([{ case_id: 't-01', baseline: 2, candidate: 1 }]);
    expect(shown).toEqual([
      {
        case_id: 't-01',
        group: 'g',
        turned: 'lost',
        must_pass: false,
        input: null,
        target: null,
        baseline: { value: 2 / 3, passes: 2, epochs: 3, reason: null, reading: null, reply: null },
        candidate: { value: 0.5, passes: 1, epochs: 3, reason: 'got 0.25', reading: null, reply: null },
      },
    ]);
  });

  test('quotes what was found, shortened', async () => {
    const { observed } = observe([lost, lost]);
    const found: FoundFlip = {
      input: 'x'.repeat(600),
      target: 'billing',
      baseline: { reply: 'y'.repeat(600), reading: { team: 'billing' } },
      candidate: { reply: 'no JSON', reading: undefined, reason: 'what was kept' },
    };
    const find = () => Promise.resolve([found, { ...found, input: null, baseline: null }]);
    const { shown } = await flipsOf(observed, { metric, find });
    expect(shown[0]?.input).toHaveLength(500);
    expect(shown[0]).toMatchObject({
      target: '"billing"',
      baseline: { reading: '{"team":"billing"}' },
      candidate: { reading: null, reply: 'no JSON', reason: 'what was kept' },
    });
    expect(shown[0]?.baseline.reply).toMatch(/^y{499}…$/);
    expect(shown[1]).toMatchObject({ input: null, baseline: { reply: null, reading: null } });
  });

  test('has none without a metric, and asks for nothing when nothing turned', async () => {
    const { observed } = observe([right]);
    const find = (): Promise<never> => Promise.reject(new Error('Nobody wants to know'));
    expect(await flipsOf(observed, { metric, find })).toEqual({ total: 0, shown: [] });
    expect(await flipsOf(observe([lost]).observed, { metric: null, find })).toEqual({ total: 0, shown: [] });
  });

  test('is cut where very many cases turned', async () => {
    const { total, shown } = await flipsOf(observe(cases(300, lost)).observed, { metric, find: undefined });
    expect([total, shown.length]).toEqual([300, 200]);
  });
});

test('flakyOf names cases that waver on both sides', () => {
  const wavering: CaseSpec = { baseline: [1, 0], candidate: [0, 1] };
  expect(flakyOf(observe([wavering, { ...wavering, candidate: [1, 1] }]).observed)).toEqual({
    total: 1,
    shown: ['t-01'],
  });
});

describe('caseLines', () => {
  const kinds: CaseSpec[] = [
    right,
    lost,
    gained,
    { baseline: [0], candidate: [0] },
    { baseline: [1, 0], candidate: [1, 1] },
    { baseline: [null], candidate: [1] },
  ];

  test('says what became of every case', () => {
    const { pairs, observed } = observe(kinds);
    expect(caseLines(pairs, observed).shown.map(({ outcome }) => outcome)).toEqual([
      'right',
      'lost',
      'gained',
      'wrong',
      'mixed',
      'unscored',
    ]);
  });

  test('keeps those that turned when there are too many', () => {
    const { pairs, observed } = observe([...cases(1_200, right), ...kinds]);
    const { total, shown } = caseLines(pairs, observed);
    expect([total, shown.length]).toEqual([1_206, 1_000]);
    expect(shown.slice(0, 6).map(({ outcome }) => outcome)).toEqual([
      'lost',
      'unscored',
      'gained',
      'wrong',
      'mixed',
      'right',
    ]);
  });
});
