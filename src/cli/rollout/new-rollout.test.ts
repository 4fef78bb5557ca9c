import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshFolder } from '../../../test/pawl-process.ts';
import { newRollout, type RolloutPlan } from './new-rollout.ts';
import { oneMoreMetric } from './rollout-options.ts';

const plan = (set: Partial<RolloutPlan> = {}): object =>
  newRollout('promo_a', { steps: [5, 50, 100], signals: true, ...set });

describe('A new rollout', () => {
  test('leaves to the server what nobody has said', () => {
    const step = { min_seconds: undefined, min_sessions: undefined, approval: false };
    expect(plan()).toEqual({
      promotion_id: 'promo_a',
      steps: [{ weight: 5, ...step }, { weight: 50, ...step }, { weight: 100 }],
    });
  });

  test('has what every step waits for, but the last, and the approvals where they are asked for', () => {
    expect(plan({ stepSeconds: 60, stepSessions: 0, approval: [50] })).toMatchObject({
      steps: [
        { weight: 5, min_seconds: 60, min_sessions: 0, approval: false },
        { weight: 50, min_seconds: 60, min_sessions: 0, approval: true },
        { weight: 100 },
      ],
    });
    for (const weight of [10, 100]) {
      expect(() => plan({ approval: [weight] })).toThrow(`--approval ${weight}: must be a step before 100`);
    }
  });

  test('watches what it is told to, or nothing', () => {
    const guardrail = oneMoreMetric('score:helpful=0.02', oneMoreMetric('failures'));
    expect(plan({ guardrail, signal: [{ metric: 'cost' }] })).toMatchObject({
      guardrails: [{ metric: 'failures' }, { metric: 'score:helpful', margin: 0.02 }],
      signals: [{ metric: 'cost' }],
    });
    expect(plan({ signals: false })).toMatchObject({ signals: [] });
  });

  test('has the scorers of a file, YAML or JSON', () => {
    const scorers = [{ name: 'kind', sample: 0.5, scorer: { type: 'regex', pattern: 'please' } }];
    const json = join(freshFolder(), 'scorers.json');
    writeFileSync(json, JSON.stringify(scorers));
    expect(plan({ scorers: json })).toMatchObject({ scorers });
    const yaml = join(freshFolder(), 'scorers.yaml');
    writeFileSync(yaml, '- name: kind\n  sample: 0.5\n  scorer: {type: regex, pattern: please}\n');
    expect(plan({ scorers: yaml })).toMatchObject({ scorers });
    writeFileSync(yaml, '- name: [kind\n');
    expect(() => plan({ scorers: yaml })).toThrow(/scorers\.yaml, line \d+, column \d+/);
    expect(() => plan({ scorers: join(json, 'nothing') })).toThrow(/cannot be read/);
  });
});

describe('Something to be watched', () => {
  test.each(['', '=0.02', 'cost=', 'cost=x', 'cost=-1', 'cost=1=2'])('is not %j', (text) => {
    expect(() => oneMoreMetric(text)).toThrow(/It has to be/);
  });
});
