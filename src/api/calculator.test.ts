import { afterEach, expect, test, vi } from 'vitest';
import { catalog } from '../stats/catalog.ts';
import { createCalculator } from './calculator.ts';

let calculator = createCalculator();

afterEach(() => {
  vi.useRealTimers();
  calculator.close();
  calculator = createCalculator();
});

/** An input whose calculation is under way long enough for something to happen meanwhile. */
const long = { baseline: Array(4000).fill(1), candidate: Array.from({ length: 4000 }, (_, i) => i / 4000) };

test('A calculation gives in its thread what it gives here', async () => {
  for (const { name, example, compute } of catalog) {
    expect(await calculator.calculate(name, example), name).toEqual(compute(example));
  }
});

test('An input that does not fit is refused in the same words', async () => {
  await expect(calculator.calculate('mean', { values: ['a'] })).rejects.toMatchObject({
    ...{ code: 'invalid_request', message: expect.stringMatching(/^values\.0: /) },
  });
});

test('What goes wrong inside of the thread is no fault of the client', async () => {
  await expect(calculator.calculate('unheard-of', {})).rejects.toThrow('There is no calculation unheard-of');
  await expect(calculator.calculate('unheard-of', {})).rejects.not.toHaveProperty('code');
});

test('Sixteen calculations wait, and the next one is turned away', async () => {
  const waiting = Array.from({ length: 16 }, () => calculator.calculate('mean', { values: [0, 1] }));
  await expect(calculator.calculate('mean', { values: [0, 1] })).rejects.toMatchObject({
    code: 'overloaded',
  });
  expect(await Promise.all(waiting)).toHaveLength(16);
  expect(await calculator.calculate('mean', { values: [0, 1] })).toMatchObject({ mean: 0.5 });
});

test('A calculation that does not end is given up with its thread, and the next one has a new thread', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const endless = calculator.calculate('paired-scores', long);
  const behind = calculator.calculate('mean', { values: [1] });
  vi.advanceTimersByTime(60_000);
  await expect(endless).rejects.toThrow('paired-scores took longer than 60000 ms');
  await expect(behind).rejects.toThrow('paired-scores took longer than 60000 ms');
  expect(await calculator.calculate('mean', { values: [0, 1] })).toMatchObject({ mean: 0.5 });
});

test('A calculator that is closed leaves nobody waiting', async () => {
  const cut = calculator.calculate('paired-scores', long);
  calculator.close();
  await expect(cut).rejects.toMatchObject({ code: 'overloaded', message: 'The server stops; try again' });
});
