import { describe, expect, test } from 'vitest';
import { scoredWith } from '../../test/scored.ts';
import type { Score, Scorer } from './score.ts';
import { scoreAll } from './scoring.ts';

const scored = scoredWith({ reply: 'x', target: 'x' });
const running = new AbortController().signal;

function scorer(score: Scorer['score'], given: Partial<Scorer> = {}): Scorer {
  return { name: 'one', hash: 'h', binary: false, score, ...given };
}

async function scoreOf(
  one: Scorer,
  limits = { timeout_ms: 20_000, signal: running },
): Promise<Score | undefined> {
  return (await scoreAll([one], scored, limits))['one'];
}

const never = (): Promise<Score> => new Promise(() => undefined);

test('Every scorer is heard, by its name', async () => {
  const scorers = [
    scorer(() => ({ value: 1, reason: null }), { name: 'a' }),
    scorer(async () => ({ value: 0.25, reason: 'a quarter' }), { name: 'b' }),
  ];
  expect(await scoreAll(scorers, scored, { timeout_ms: 20_000, signal: running })).toEqual({
    a: { value: 1, reason: null },
    b: { value: 0.25, reason: 'a quarter' },
  });
});

describe('A case is unscored, with the reason,', () => {
  test('when a scorer throws, at once or later', async () => {
    const thrown = new Error('no such column\n    at secret.ts');
    const reason = { value: null, reason: 'the scorer threw: no such column' };
    const throwing = scorer(() => {
      throw thrown;
    });
    expect(await scoreOf(throwing)).toEqual(reason);
    expect(await scoreOf(scorer(() => Promise.reject(thrown)))).toEqual(reason);
  });

  test('when what is thrown is no error', async () => {
    const score = await scoreOf(scorer(() => Promise.reject(Object.create(null))));
    expect(score).toEqual({ value: null, reason: 'the scorer threw: something that is not an error' });
  });

  test('when a scorer is not done in time, which it is told', async () => {
    const told: boolean[] = [];
    const slow = scorer((_, signal) => {
      signal.addEventListener('abort', () => told.push(signal.aborted));
      return never();
    });
    expect(await scoreOf(slow, { timeout_ms: 10, signal: running })).toEqual({
      value: null,
      reason: 'the scorer did not answer within 10 ms',
    });
    expect(told).toEqual([true]);
  });

  test('when scoring is stopped, before or meanwhile', async () => {
    const stopped = { value: null, reason: 'the scorer was stopped' };
    const controller = new AbortController();
    const pending = scoreOf(scorer(never), { timeout_ms: 20_000, signal: controller.signal });
    controller.abort();
    expect(await pending).toEqual(stopped);
    const late = scorer(() => ({ value: 1, reason: null }));
    expect(await scoreOf(late, { timeout_ms: 20_000, signal: controller.signal })).toEqual(stopped);
  });

  test.each<[unknown, string]>([
    [{ value: 1.5 }, 'the scorer gave 1.5, which is not from 0 to 1'],
    [{ value: -0.1 }, 'the scorer gave -0.1, which is not from 0 to 1'],
    [{ value: Number.NaN }, 'the scorer gave NaN, which is not from 0 to 1'],
    [{ value: Number.POSITIVE_INFINITY }, 'the scorer gave Infinity, which is not from 0 to 1'],
    [{ value: '0.5' }, 'the scorer gave text, not a number from 0 to 1'],
    [{}, 'the scorer gave nothing, not a number from 0 to 1'],
    [undefined, 'the scorer gave nothing, not a number from 0 to 1'],
    [null, 'the scorer gave null, not a number from 0 to 1'],
    [[1], 'the scorer gave a list, not a number from 0 to 1'],
    [{ value: null }, 'the scorer gave no value and no reason'],
  ])('when it gives %j', async (given, reason) => {
    expect(await scoreOf(scorer(() => given as Score))).toEqual({ value: null, reason });
  });

  test('when a binary scorer gives something between 0 and 1', async () => {
    const half = (): Score => ({ value: 0.5, reason: null });
    const reason = 'the scorer gave 0.5, but it is binary: it may give only 0 and 1';
    expect(await scoreOf(scorer(half, { binary: true }))).toEqual({ value: null, reason });
    expect(await scoreOf(scorer(half))).toEqual({ value: 0.5, reason: null });
  });
});

test('What a scorer cost is kept, also where it leaves the case unscored', async () => {
  expect(await scoreOf(scorer(() => ({ value: 1, reason: null, cost_usd: 0.01 })))).toEqual({
    value: 1,
    reason: null,
    cost_usd: 0.01,
  });
  const unknown = await scoreOf(scorer(() => ({ value: 2, reason: null, cost_usd: null })));
  expect(unknown).toMatchObject({ value: null, cost_usd: null });
});

test('A reason is kept in a form that every database takes', async () => {
  const score = await scoreOf(scorer(() => ({ value: 0, reason: `a\0b\ud800${'x'.repeat(2000)}` })));
  expect(score?.reason).toBe(`a\ufffdb\ufffd${'x'.repeat(996)}`);
});
