import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clopperPearson, jeffreys, type Proportion, wilson, zeroFailureBound } from './proportion.ts';

const of = (successes: number, trials: number): Proportion => ({ successes, trials });
const methods = [
  ['wilson', wilson],
  ['clopperPearson', clopperPearson],
  ['jeffreys', jeffreys],
] as const;

describe('The intervals for 13 in 16 (Ligarden 2010) are those of the R package contingencytables:', () => {
  test.each([
    ['Wilson', wilson, 0.5699, 0.9341],
    ['Clopper–Pearson', clopperPearson, 0.5435, 0.9595],
    ['Jeffreys', jeffreys, 0.5792, 0.9442],
  ])('%s', (_name, method, low, high) => {
    const interval = method(of(13, 16), 0.95);
    expect(interval?.low).toBeCloseTo(low, 4);
    expect(interval?.high).toBeCloseTo(high, 4);
  });
});

test("Wilson's interval for 19 in 38 has the 15 digits that are published for it", () => {
  const interval = wilson(of(19, 38), 0.95);
  expect(interval?.low).toBeCloseTo(0.348499283643951, 15);
  expect(interval?.high).toBeCloseTo(0.651500716356049, 15);
});

test("Clopper and Pearson's interval for 682 in 925 is the one in R's documentation of binom.test", () => {
  const interval = clopperPearson(of(682, 925), 0.95);
  expect(interval?.low).toBeCloseTo(0.7076683, 7);
  expect(interval?.high).toBeCloseTo(0.7654066, 7);
});

describe('Intervals at the ends and for few trials are those of scipy 1.17:', () => {
  test.each([
    [0, 1, [0, 0.7934506856227626], [0, 0.975], [0.0003855809807559011, 0.8532536836904248]],
    [1, 1, [0.20654931437723745, 1], [0.025, 1], [0.14674631630957513, 0.9996144190192441]],
    [0, 20, [0, 0.16112515805281935], [0, 0.16843347098308548], [2.4246478459242733e-5, 0.11663898290487539]],
    [20, 20, [0.8388748419471808, 1], [0.8315665290169145, 1], [0.8833610170951246, 0.9999757535215408]],
    [
      1,
      2,
      [0.09453120573423074, 0.9054687942657693],
      [0.01257911709367899, 0.987420882906321],
      [0.06083027592009732, 0.9391697240799026],
    ],
    [
      250,
      533,
      [0.4270496430437989, 0.5114796947005461],
      [0.4260122282640268, 0.5124190966557418],
      [0.4269402441845838, 0.5114812466931029],
    ],
  ])('%d in %d', (successes, trials, ...expected) => {
    methods.forEach(([, method], i) => {
      const interval = method(of(successes, trials), 0.95);
      expect(interval?.low).toBeCloseTo(expected[i]?.[0] ?? NaN, 12);
      expect(interval?.high).toBeCloseTo(expected[i]?.[1] ?? NaN, 12);
    });
  });
});

describe.each(methods)('The interval by %s', (_name, method) => {
  const proportion = fc
    .tuple(fc.nat(200), fc.nat(200))
    .map(([successes, failures]) => of(successes, successes + failures));
  const level = fc.double({ min: 0.5, max: 0.999, noNaN: true });

  test('turns around with success and failure', () => {
    fc.assert(
      fc.property(proportion, level, ({ successes, trials }, asked) => {
        const interval = method(of(successes, trials), asked);
        const turned = method(of(trials - successes, trials), asked);
        expect(turned?.low ?? 0).toBeCloseTo(1 - (interval?.high ?? 1), 12);
        expect(turned?.high ?? 0).toBeCloseTo(1 - (interval?.low ?? 1), 12);
      }),
    );
  });

  test('lies between 0 and 1, grows with its level, and rises with every success', () => {
    fc.assert(
      fc.property(proportion, level, level, ({ successes, trials }, first, second) => {
        const narrow = method(of(successes, trials), Math.min(first, second));
        const wide = method(of(successes, trials), Math.max(first, second));
        const higher = method(of(successes + 1, trials + 1), Math.min(first, second));
        if (narrow === null || wide === null || higher === null) return;
        expect(wide.low).toBeGreaterThanOrEqual(0);
        expect(wide.high).toBeLessThanOrEqual(1);
        expect(wide.low).toBeLessThanOrEqual(narrow.low + 1e-12);
        expect(wide.high).toBeGreaterThanOrEqual(narrow.high - 1e-12);
        expect(higher.low).toBeGreaterThanOrEqual(narrow.low - 1e-12);
      }),
    );
  });

  test('does not exist without trials, and wants counts and a level', () => {
    expect(method(of(0, 0), 0.95)).toBeNull();
    expect(() => method(of(2, 1), 0.95)).toThrow(
      'successes: must be a whole number of at least 0 and of at most 1',
    );
    expect(() => method(of(0, -1), 0.95)).toThrow('trials: ');
    expect(() => method(of(1, 2), 95)).toThrow('level: ');
  });
});

describe('No failure in n trials', () => {
  test('bounds the failure rate at about 3/n', () => {
    expect(zeroFailureBound(10, 0.95)).toBeCloseTo(1 - 0.05 ** (1 / 10), 14);
    expect(zeroFailureBound(1000, 0.95)).toBeCloseTo(3 / 1000, 4);
    expect(zeroFailureBound(1, 0.95)).toBeCloseTo(0.95, 14);
  });

  test('bounds as the one-sided Clopper–Pearson limit does', () => {
    expect(zeroFailureBound(37, 0.95)).toBeCloseTo(clopperPearson(of(0, 37), 0.9)?.high ?? 0, 13);
  });

  test('says nothing without trials', () => {
    expect(zeroFailureBound(0, 0.95)).toBeNull();
    expect(() => zeroFailureBound(-1, 0.95)).toThrow('trials: ');
    expect(() => zeroFailureBound(5, 1)).toThrow('confidence: must be a finite number above 0 and below 1');
  });
});
