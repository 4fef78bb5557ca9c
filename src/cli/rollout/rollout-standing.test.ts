import { describe, expect, test } from 'vitest';
import { liveCheck, rolloutAnswer } from '../../../test/release/rollout-subject.ts';
import type { RolloutEventResponse, RolloutResponse } from '../../api/rollouts.ts';
import type { pauseCauses } from '../../core/rollout.ts';
import { rolloutStanding } from './rollout-standing.ts';

const open = { url: undefined, ending: null };

const paused = (cause: (typeof pauseCauses)[number]): RolloutResponse =>
  rolloutAnswer({
    status: 'paused',
    pause: { cause, reason: 'because', by: 'Dan', since: '2026-01-01T00:01:00Z' },
  });

const looked = { looks: 1, last_look_at: '2026-01-01T00:00:10Z' };
const waiting = {
  ...looked,
  decision: { type: 'wait', waits_for: 'sessions', reason: 'it has 12 of 50' },
} as const;

/** What ended it, as its last event says. */
const ending = (event: RolloutEventResponse['event'], reason: string | null): RolloutEventResponse => ({
  ...{ type: 'rollout_event', seq: 4, event, reason, data: {}, at: '2026-01-01T01:00:00Z' },
  actor: { key_id: 'apikey_dan', name: 'Dan', role: 'releaser' },
});

/** The verbs of the commands that are told. */
const verbsOf = (rollout: RolloutResponse): string[] =>
  rolloutStanding(rollout, open).next.flatMap(
    (line) => / {2}`pawl (?:rollout )?(.*?) \w+_a/.exec(line)?.[1] ?? [],
  );

test('A rollout says who gets what, since when, and what it waits for', () => {
  const { head, checks, next } = rolloutStanding(rolloutAnswer(waiting), open);
  expect(head).toEqual([
    'Rollout roll_a, production of agent_a from version 1 to version 2, is running.',
    '5 % get version 2 and the others version 1 since 2026-01-01T00:00:00Z: step 1 of 3 (5, 50, 100 %).',
    'It waits for sessions: it has 12 of 50',
  ]);
  expect(checks).toEqual([
    'WATCHED   KIND       STATUS  CANARY       CONTROL      WORSE BY  AT MOST  ALLOWED',
    'failures  guardrail  open    unknown (0)  unknown (0)  unknown   unknown  5 points',
  ]);
  expect(next.slice(0, 2)).toEqual(['How it goes on', '  `pawl rollout watch roll_a`     follows it']);
  expect(next).toContain('  `pawl rollout advance roll_a`   goes on to 50 %, without waiting');
});

test('What a look has found of an earlier step, or of a pause that is over, is not told', () => {
  const at = { next_look_at: '2026-01-01T00:05:10Z' };
  const next = 'It is looked at again at 2026-01-01T00:05:10Z.';
  const grown = rolloutAnswer({ ...waiting, ...at, step: 2, step_since: '2026-01-01T00:05:00Z' });
  expect(rolloutStanding(grown, open).head[2]).toBe(next);
  const decision = { type: 'wait', waits_for: 'person', reason: 'it is paused' } as const;
  expect(rolloutStanding(rolloutAnswer({ ...looked, ...at, decision }), open).head[2]).toBe(next);
  expect(rolloutStanding(rolloutAnswer(at), open).head[2]).toBe(next);
});

test('Each thing that is watched is told in its own unit', () => {
  const arms = (canary: number, control: number) => ({
    canary: { units: 20, mean: canary },
    control: { units: 300, mean: control },
  });
  const harm = { estimate: 0.1, low: -0.02, high: 0.204 };
  const evidence = {
    ...rolloutAnswer().evidence,
    checks: [
      liveCheck({ ...arms(0.3, 0.02), status: 'broken', harm }),
      liveCheck({ metric: 'score:kind', ...arms(0.81234, 0.9), status: 'safe', harm }),
      liveCheck({ metric: 'latency', kind: 'signal', margin: 0.25, ...arms(2.345, 2), harm }),
      liveCheck({ metric: 'cost', kind: 'signal', margin: 0.25, ...arms(0.00421, 0.004), harm }),
      liveCheck({ metric: 'tokens', kind: 'signal', margin: 0.25, ...arms(812.4, 700), harm }),
    ],
  };
  const { checks } = rolloutStanding(rolloutAnswer({ evidence }), open);
  expect(checks.slice(1).map((line) => line.split(/ {2,}/))).toEqual([
    ['failures', 'guardrail', 'BROKEN', '30 % (20)', '2 % (300)', '10 points', '20.4 points', '5 points'],
    ['score:kind', 'guardrail', 'safe', '0.812 (20)', '0.9 (300)', '10 points', '20.4 points', '5 points'],
    ['latency', 'signal', 'open', '2.35 s (20)', '2 s (300)', '10 %', '20.4 %', '25 %'],
    ['cost', 'signal', 'open', '$0.0042 (20)', '$0.0040 (300)', '10 %', '20.4 %', '25 %'],
    ['tokens', 'signal', 'open', '812 (20)', '700 (300)', '10 %', '20.4 %', '25 %'],
  ]);
});

describe('What to type next', () => {
  test.each<[(typeof pauseCauses)[number], string[]]>([
    ['person', ['resume', 'advance', 'abort', 'rollback']],
    ['signal', ['resume', 'advance', 'abort', 'rollback']],
    ['sample_ratio', ['abort', 'rollback']],
    ['no_traffic', ['resume', 'advance', 'abort', 'rollback']],
    ['approval', ['advance', 'abort', 'rollback']],
    ['inconclusive', ['resume', 'advance', 'abort', 'rollback']],
    ['blocked', ['promotion show', 'resume', 'abort', 'rollback']],
  ])('in a pause for %s is what the server would take', (cause, verbs) => {
    expect(verbsOf(paused(cause))).toEqual(verbs);
  });

  test('in a pause goes with who paused it, since when and why', () => {
    expect(rolloutStanding(paused('signal'), open).head[2]).toBe(
      'It waits for a person since 2026-01-01T00:01:00Z, paused by Dan (signal): because',
    );
  });

  test.each<[RolloutResponse['status'], string[]]>([
    ['running', ['watch', 'pause', 'advance', 'abort', 'rollback']],
    ['completed', ['rollback']],
    ['rolled_back', ['alias release', 'retry']],
    ['aborted', ['retry']],
  ])('of one that is %s is what the server would take', (status, verbs) => {
    expect(verbsOf(rolloutAnswer({ status }))).toEqual(verbs);
  });

  test('in the last step before the end moves the alias, and is told to the same server', () => {
    const { next } = rolloutStanding(rolloutAnswer({ step: 2, weight: 50 }), {
      ...open,
      url: 'http://a.test',
    });
    expect(next.join('\n')).toMatch(
      /`pawl rollout advance roll_a --url http:\/\/a\.test` +moves production to version 2, without waiting/,
    );
  });
});

describe('A rollout that is over', () => {
  const over = { ended_at: '2026-01-01T01:00:00Z', next_look_at: null, weight: 0 };

  test('says who gets what now, and who ended it, whatever that person has written', () => {
    const rolledBack = rolloutAnswer({ ...over, status: 'rolled_back' });
    const { head } = rolloutStanding(rolledBack, {
      ...open,
      ending: ending('rolled_back', 'Invoices\u001b[2J\ngo astray'),
    });
    expect(head).toEqual([
      'Rollout roll_a, production of agent_a from version 1 to version 2, is rolled back.',
      'From 2026-01-01T01:00:00Z on, the next session of everybody gets version 1.',
      'Ended by Dan: Invoices [2J go astray',
    ]);
  });

  test('gives everybody the candidate when it is completed', () => {
    const done = rolloutAnswer({ ...over, status: 'completed', weight: 100, step: 3, alias: 'staging' });
    const { head, next } = rolloutStanding(done, { ...open, ending: ending('completed', null) });
    expect(head.slice(1)).toEqual([
      'From 2026-01-01T01:00:00Z on, the next session of everybody gets version 2.',
      'Ended by Dan',
    ]);
    expect(next[1]).toBe('  `pawl rollback agent_a --alias staging`  gives everybody version 1 again');
  });
});
