import { describe, expect, test } from 'vitest';
import { liveCheck, rolloutAnswer } from '../../../test/release/rollout-subject.ts';
import type { RolloutResponse } from '../../api/rollouts.ts';
import { createRolloutDisplay } from './rollout-display.ts';

/** What is written when these states are shown one after another. */
function written(
  states: readonly RolloutResponse[],
  screen: { isTTY: boolean; columns?: number; rows?: number },
) {
  const texts: string[] = [];
  const display = createRolloutDisplay(
    { ...screen, write: (text: string) => texts.push(text) },
    { url: undefined },
  );
  for (const state of states) display.show(state);
  const shown = texts.splice(0);
  display.finish();
  return { shown, finished: texts.join('') };
}

const linesOf = (...states: RolloutResponse[]): string[] => written(states, { isTTY: false }).shown;

const waits = (reason: string, last_look_at: string, waits_for: 'time' | 'sessions' = 'sessions') =>
  rolloutAnswer({ decision: { type: 'wait', waits_for, reason }, last_look_at, looks: 1 });

const withStatus = (status: 'open' | 'broken' | 'safe', set: Partial<RolloutResponse> = {}) => {
  const check = liveCheck({
    ...{ status, p: 0.001234, harm: { estimate: 0.28, low: 0.1, high: 0.46 } },
    ...{ canary: { units: 20, mean: 0.3 }, control: { units: 300, mean: 0.02 } },
  });
  return rolloutAnswer({
    ...{ last_look_at: '2026-01-01T00:00:20Z', ...set },
    evidence: { ...rolloutAnswer().evidence, checks: [check] },
  });
};

describe('In a pipe', () => {
  test('there is a line for each change, and none where only numbers have grown', () => {
    const grown = waits('it has 30 of 50', '2026-01-01T00:00:30Z');
    expect(
      linesOf(
        rolloutAnswer(),
        waits('59 s are over', '2026-01-01T00:00:10Z', 'time'),
        waits('it has 12 of 50', '2026-01-01T00:00:20Z'),
        grown,
        {
          ...grown,
          step: 2,
          weight: 50,
          step_since: '2026-01-01T00:00:40Z',
          last_look_at: '2026-01-01T00:00:40Z',
        },
      ),
    ).toEqual([
      '2026-01-01T00:00:00Z  5 %  step 1 of 3  running\n',
      '2026-01-01T00:00:10Z  5 %  step 1 of 3  running, waits for time: 59 s are over\n',
      '2026-01-01T00:00:20Z  5 %  step 1 of 3  running, waits for sessions: it has 12 of 50\n',
      '2026-01-01T00:00:40Z  50 %  step 2 of 3  running, waits for sessions: it has 30 of 50\n',
    ]);
  });

  test('a pause has its reason, on one line whatever is in it', () => {
    const pause = {
      cause: 'person',
      reason: 'Lunch\n\u001b[2J',
      by: 'Dan',
      since: '2026-01-01T00:00:15Z',
    } as const;
    expect(linesOf(rolloutAnswer({ status: 'paused', pause }))).toEqual([
      '2026-01-01T00:00:00Z  5 %  step 1 of 3  paused (person): Lunch [2J\n',
    ]);
  });

  test('what is watched is told when it stands otherwise, before what comes of it', () => {
    const decision = {
      type: 'roll_back',
      metric: 'failures',
      reason: 'failures: the canary is worse',
    } as const;
    const ended_at = '2026-01-01T00:00:20Z';
    const over = { status: 'rolled_back', weight: 0, decision, ended_at } as const;
    expect(
      linesOf(withStatus('open'), withStatus('safe'), withStatus('open'), withStatus('broken', over)),
    ).toEqual([
      '2026-01-01T00:00:20Z  5 %  step 1 of 3  running\n',
      '2026-01-01T00:00:20Z  failures is safe: canary 30 % of 20, control 2 % of 300; worse by 46 points at most\n',
      '2026-01-01T00:00:20Z  failures is open again: canary 30 % of 20, control 2 % of 300\n',
      '2026-01-01T00:00:20Z  failures is broken: canary 30 % of 20, control 2 % of 300; p 0.00123, limit 0.05\n',
      '2026-01-01T00:00:20Z  0 %  step 1 of 3  rolled back: failures: the canary is worse\n',
    ]);
  });

  test('an end by a person is not told with the reason of a look', () => {
    const decision = { type: 'advance', reason: 'the step has everything' } as const;
    const over = { weight: 0, decision, ended_at: '2026-01-01T00:00:21Z' };
    expect(linesOf(rolloutAnswer({ ...over, status: 'aborted' }))).toEqual([
      '2026-01-01T00:00:21Z  0 %  step 1 of 3  aborted\n',
    ]);
  });
});

describe('On a terminal', () => {
  const up = '\u001b[1A';

  test('there is one block, which is drawn over and taken away', () => {
    const { shown, finished } = written([rolloutAnswer(), rolloutAnswer({ step: 2, weight: 50 })], {
      ...{ isTTY: true, columns: 120, rows: 40 },
    });
    const text = shown.join('');
    const [first = '', second = ''] = text.split('Rollout roll_a').slice(1);
    const height = first.split('\n').length - 1;
    expect(first.split(up).length - 1).toBe(height);
    expect(second).toContain('50 % get version 2');
    expect(finished.split(up).length - 1).toBe(second.split('\n').length - 1);
  });

  test('sentences are wrapped, and nothing is wider or higher than the terminal', () => {
    const { shown } = written([waits('it has 12 of 50 sessions of the canary', '2026-01-01T00:00:10Z')], {
      ...{ isTTY: true, columns: 50, rows: 12 },
    });
    const lines = shown.join('').replaceAll('\r\u001b[2K', '').trimEnd().split('\n');
    expect(lines).toHaveLength(11);
    expect(lines.filter((line) => line.length > 49)).toEqual([]);
    expect(lines.join(' ')).toContain('It waits for sessions: it has 12 of 50 sessions of the canary');
  });
});
