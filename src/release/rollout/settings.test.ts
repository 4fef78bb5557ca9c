import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wholeWeight } from '../../core/assignment.ts';
import { readSettings, type SettingsInput } from './settings.ts';

const hold = { min_seconds: 3600, min_sessions: 50, approval: false };
const noHold = { min_seconds: 0, min_sessions: 0, approval: false };

describe('Settings', () => {
  test('that nobody asked for have five steps, failures as guardrail, and three signals', () => {
    expect(readSettings({})).toEqual({
      steps: [...[5, 10, 25, 50].map((weight) => ({ weight, ...hold })), { weight: 100, ...noHold }],
      guardrails: [{ metric: 'failures', margin: 0.05 }],
      signals: [
        { metric: 'refusals', margin: 0.05 },
        { metric: 'latency', margin: 0.25 },
        { metric: 'cost', margin: 0.25 },
      ],
      scorers: [],
      alpha: 0.05,
      look_seconds: 10,
      ...{ patience_seconds: 86_400, on_rollback: 'drain' },
    });
  });

  test('keep what was asked for, and fill in the rest', () => {
    const asked: SettingsInput = {
      steps: [
        { weight: 0.01, min_sessions: 7 },
        { weight: 33.33, approval: true, min_seconds: 0 },
        { weight: 100 },
      ],
      guardrails: [{ metric: 'score:helpful', margin: 0 }, { metric: 'tokens' }],
      signals: [],
      alpha: 0.01,
      ...{ patience_seconds: 0, on_rollback: 'interrupt' },
    };
    expect(readSettings(asked)).toEqual({
      steps: [
        { weight: 0.01, min_seconds: 3600, min_sessions: 7, approval: false },
        { weight: 33.33, min_seconds: 0, min_sessions: 50, approval: true },
        { weight: 100, ...noHold },
      ],
      guardrails: [
        { metric: 'score:helpful', margin: 0 },
        { metric: 'tokens', margin: 0.25 },
      ],
      signals: [],
      scorers: [],
      alpha: 0.01,
      look_seconds: 10,
      ...{ patience_seconds: 0, on_rollback: 'interrupt' },
    });
  });

  test.each(['failures', 'refusals', 'score:helpful'] as const)(
    'take no margin above 1 for %s, because by more than that nothing can be worse',
    (metric) => {
      const withMargin = (margin: number) => readSettings({ guardrails: [{ metric, margin }], signals: [] });
      expect(withMargin(1).guardrails).toEqual([{ metric, margin: 1 }]);
      expect(() => withMargin(1.01)).toThrow(`guardrails.0.margin: must be at most 1 for ${metric}`);
      const signals = [
        { metric: 'latency' as const, margin: 2 },
        { metric, margin: 2 },
      ];
      expect(() => readSettings({ guardrails: [{ metric: 'cost', margin: 2 }], signals })).toThrow(
        `signals.1.margin: must be at most 1 for ${metric}`,
      );
    },
  );

  test('take for granted what is stated as undefined', () => {
    const nothing: SettingsInput = { steps: undefined, guardrails: undefined, signals: undefined };
    expect(readSettings({ ...nothing, alpha: undefined, look_seconds: undefined })).toEqual(readSettings({}));
    const step = { weight: 50, min_seconds: undefined, min_sessions: undefined, approval: undefined };
    expect(readSettings({ steps: [step, { weight: 100, approval: undefined }] }).steps).toEqual([
      { weight: 50, ...hold },
      { weight: 100, ...noHold },
    ]);
  });

  test('have no usual signal that is a guardrail already', () => {
    const { signals } = readSettings({ guardrails: [{ metric: 'cost' }, { metric: 'refusals' }] });
    expect(signals.map(({ metric }) => metric)).toEqual(['latency']);
  });

  test('take any rising weights of two decimals, which are whole parts of 10,000', () => {
    const parts = fc.uniqueArray(fc.integer({ min: 1, max: wholeWeight - 1 }), {
      minLength: 1,
      maxLength: 19,
    });
    fc.assert(
      fc.property(parts, (some) => {
        const weights = some.toSorted((a, b) => a - b).map((one) => one / 100);
        const { steps } = readSettings({ steps: [...weights, 100].map((weight) => ({ weight })) });
        expect(steps.map(({ weight }) => weight)).toEqual([...weights, 100]);
      }),
    );
  });
});

const steps = (...weights: readonly number[]): SettingsInput => ({
  steps: weights.map((weight) => ({ weight })),
});
const scores = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ metric: `score:s${i}` as const }));

describe('Settings are refused', () => {
  test.each<[string, SettingsInput, string]>([
    ['without steps', { steps: [] }, 'steps: must be 2 to 20'],
    ['with a single step', steps(100), 'steps: must be 2 to 20'],
    ['with 21 steps', steps(...Array.from({ length: 20 }, (_, i) => i + 1), 100), 'steps: must be 2 to 20'],
    ['at nothing', steps(0, 100), 'steps.0.weight: must be a percentage'],
    ['below nothing', steps(-5, 100), 'steps.0.weight: must be a percentage'],
    ['above everything', steps(5, 101), 'steps.1.weight: must be a percentage'],
    ['at what is no number', steps(Number.NaN, 100), 'steps.0.weight: must be a percentage'],
    ['with three decimals', steps(0.125, 100), 'steps.0.weight: must be a percentage'],
    ['at a weight that is no part of 10,000', steps(1e-9, 100), 'steps.0.weight: must be a percentage'],
    [
      'at a weight that only rounds to everybody',
      steps(5, 99.999_999_99, 100),
      'steps.1.weight: must be a perc',
    ],
    ['at the same weight twice', steps(5, 5, 100), 'steps.1.weight: must be above 5'],
    ['with weights that fall', steps(10, 5, 100), 'steps.1.weight: must be above 10'],
    ['when something follows 100', steps(5, 100, 100), 'steps.2.weight: must be above 100'],
    ['when they do not end at 100', steps(5, 50), 'steps.1.weight: must be 100 in the last step'],
    ['with scorers that are none', { scorers: 'all' }, 'scorers: '],
    ['without guardrails', { guardrails: [] }, 'guardrails: must name one thing at least'],
    ['with 21 guardrails', { guardrails: scores(21) }, 'guardrails: must be 20 at most'],
    ['with 21 signals', { signals: scores(21) }, 'signals: must be 20 at most'],
    [
      'with a guardrail named twice',
      { guardrails: [...scores(1), { metric: 'cost' }, { metric: 'cost', margin: 1 }] },
      'guardrails.2.metric: cost is named already',
    ],
    [
      'with a signal named twice',
      { signals: [...scores(1), ...scores(1)] },
      'signals.1.metric: score:s0 is named',
    ],
    [
      'with a signal that is a guardrail',
      { signals: [{ metric: 'cost' }, { metric: 'failures' }] },
      'signals.1.metric: failures is a guardrail already',
    ],
  ])('%s', (_how, input, complaint) => {
    expect(() => readSettings(input)).toThrow(complaint);
    expect(() => readSettings(input)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  test.each([{ min_seconds: 1 }, { min_sessions: 1 }, { approval: true }])(
    'when the end is to wait: %j',
    (wait) => {
      const input = { steps: [{ weight: 5 }, { weight: 100, ...wait }] };
      expect(() => readSettings(input)).toThrow('steps.1: at 100 the rollout is over');
    },
  );
});
