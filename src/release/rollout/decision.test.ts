import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PauseCause, RolloutPause } from '../../core/rollout.ts';
import type { CheckResult } from './checks.ts';
import { decideLook, type LookedAt, sampleRatioAlpha } from './decision.ts';
import { noEvidenceYet } from './evidence.ts';
import { readSettings } from './settings.ts';

const second = 1_000_000;
const day = 86_400;
const settings = readSettings({ steps: [{ weight: 5 }, { weight: 25, approval: true }, { weight: 100 }] });

function checkOf(changes: Partial<CheckResult> = {}): CheckResult {
  return {
    ...{ metric: 'failures', margin: 0.05, kind: 'guardrail', status: 'safe', alpha: 0.05, p: 1 },
    harm: { estimate: 0, low: -0.02, high: 0.02 },
    control: { units: 1000, mean: 0.1 },
    canary: { units: 100, mean: 0.1234 },
    ...changes,
  };
}

const broken = checkOf({ status: 'broken', p: 0.00123456 });
const open = checkOf({ status: 'open' });
const worse = checkOf({ ...broken, metric: 'cost', kind: 'signal', margin: 0.25 });

function pauseFor(cause: PauseCause): RolloutPause {
  return { cause, reason: `because of ${cause}`, by: 'ann', since: '2026-01-01T00:00:00Z' };
}

/** A rollout that has all that its first step asks for. */
function seenAs(changes: Partial<LookedAt> = {}): LookedAt {
  return {
    settings,
    step: 0,
    step_since: 0,
    paused_us: 0,
    evidence: {
      ...noEvidenceYet,
      units: { control: 950, canary: 50 },
      sessions: [
        { weight: 500, control: 950, canary: 50 },
        { weight: 2500, control: 150, canary: 50 },
      ],
    },
    checks: [checkOf()],
    pause: null,
    accepted: [],
    last_traffic_at: 3600 * second,
    last_look_at: 3590 * second,
    now: 3600 * second,
    ...changes,
  };
}

const mismatched = (p = sampleRatioAlpha / 2) => {
  const { evidence } = seenAs();
  return { ...evidence, ratio: { ...evidence.ratio, p } };
};
const decide = (changes: Partial<LookedAt> = {}) => decideLook(seenAs(changes));
/** At the last step before the end, where guardrails have to be safe. */
const atEnd = (changes: Partial<LookedAt> = {}) => decide({ step: 1, ...changes });

describe('A look stops everything', () => {
  test('when the sample ratio does not fit, with the numbers', () => {
    expect(decide({ evidence: mismatched() })).toEqual({
      type: 'pause',
      cause: 'sample_ratio',
      metric: null,
      reason:
        '50 of 1000 went to the canary, which does not fit its weight (p 0.0005); nothing can be concluded until the cause is found',
    });
    expect(decide({ evidence: mismatched(sampleRatioAlpha) }).type).toBe('advance');
  });

  test('before it looks at a guardrail that is broken', () => {
    expect(decide({ evidence: mismatched(), checks: [broken] })).toMatchObject({ cause: 'sample_ratio' });
  });

  test('also in a pause for something else', () => {
    const pause = pauseFor('person');
    expect(decide({ evidence: mismatched(), pause })).toMatchObject({ type: 'pause', cause: 'sample_ratio' });
  });

  test('once: from then on it waits for a person, and rolls nothing back', () => {
    expect(decide({ evidence: mismatched(), pause: pauseFor('sample_ratio'), checks: [broken] })).toEqual({
      type: 'wait',
      waits_for: 'person',
      reason: 'it is paused: because of sample_ratio',
    });
  });
});

describe('A broken guardrail', () => {
  test('rolls back, with the numbers', () => {
    expect(decide({ checks: [checkOf(), broken] })).toEqual({
      type: 'roll_back',
      metric: 'failures',
      reason: 'failures: the canary is worse (0.123 for 0.1; p 0.00123, limit 0.05)',
    });
  });

  test('says that a mean is unknown where there is none', () => {
    const canary = { units: 0, mean: null };
    const { reason } = decide({ checks: [checkOf({ ...broken, canary })] });
    expect(reason).toContain('(unknown for 0.1;');
  });

  test.each<PauseCause>(['person', 'signal', 'no_traffic', 'approval', 'inconclusive', 'blocked'])(
    'rolls back in a pause for %s as well',
    (cause) => {
      expect(decide({ pause: pauseFor(cause), checks: [broken] }).type).toBe('roll_back');
    },
  );

  test('comes before all that would pause or wait, and is nothing that one can accept', () => {
    const late = { last_traffic_at: 0, now: 2 * day * second };
    const behind = { now: -1, last_traffic_at: -1 };
    for (const changes of [late, behind, { accepted: ['failures'] }, { step: 1 }]) {
      expect(decide({ ...changes, checks: [worse, open, broken] })).toMatchObject({
        type: 'roll_back',
        metric: 'failures',
      });
    }
  });
});

describe('A pause', () => {
  test.each<PauseCause>(['person', 'signal', 'no_traffic', 'approval', 'inconclusive', 'blocked'])(
    'for %s waits for a person, whatever signals say',
    (cause) => {
      expect(decide({ pause: pauseFor(cause), checks: [checkOf(), worse], now: 9 * day * second })).toEqual({
        type: 'wait',
        waits_for: 'person',
        reason: `it is paused: because of ${cause}`,
      });
    },
  );

  test('comes of a broken signal, unless a person has accepted it', () => {
    const checks = [checkOf(), worse];
    expect(decide({ checks })).toMatchObject({ type: 'pause', cause: 'signal', metric: 'cost' });
    expect(decide({ checks, accepted: ['cost'] }).type).toBe('advance');
    const other = checkOf({ ...worse, metric: 'latency' });
    expect(decide({ checks: [...checks, other], accepted: ['cost'] })).toMatchObject({ metric: 'latency' });
  });

  test('comes of a day without a session of the canary, and of a signal before that', () => {
    const quiet = { last_traffic_at: 0, last_look_at: null, now: day * second };
    expect(decide(quiet)).toEqual({
      type: 'pause',
      cause: 'no_traffic',
      metric: null,
      reason: 'the canary has had no session for a day',
    });
    expect(decide({ ...quiet, now: day * second - 1 }).type).toBe('advance');
    expect(decide({ ...quiet, checks: [worse] })).toMatchObject({ cause: 'signal' });
  });
});

describe('A step', () => {
  test('is over when time and sessions are there, even while guardrails are open', () => {
    const reason = 'the step at 5 % has everything that it needs';
    expect(decide()).toEqual({ type: 'advance', reason });
    expect(decide({ checks: [open] })).toEqual({ type: 'advance', reason });
    expect(decide({ last_look_at: null }).type).toBe('advance');
  });

  test('lasts its time, to the microsecond', () => {
    expect(decide({ last_look_at: null, now: 3600 * second - 1 })).toEqual({
      type: 'wait',
      waits_for: 'time',
      reason: 'the step lasts 3600 s at least; 3599 s are over',
    });
  });

  test('waits while the clock is behind the last look, or behind its own beginning', () => {
    const behind = {
      type: 'wait',
      waits_for: 'time',
      reason: expect.stringContaining('behind the last look'),
    };
    expect(decide({ last_look_at: 3600 * second + 1 })).toEqual(behind);
    expect(decide({ step_since: 3600 * second + 1 })).toEqual(behind);
    expect(decide({ last_look_at: 3600 * second }).type).toBe('advance');
  });

  test('waits for sessions that the canary had at its own weight, and for no others', () => {
    const { evidence } = seenAs();
    const sessions = [
      { weight: 500, control: 5000, canary: 49 },
      { weight: 2500, control: 0, canary: 700 },
    ];
    expect(decide({ evidence: { ...evidence, sessions } })).toEqual({
      type: 'wait',
      waits_for: 'sessions',
      reason: 'the step needs 50 sessions of the canary; it has 49',
    });
    expect(decide({ evidence: { ...evidence, sessions: [] } }).reason).toContain('it has 0');
  });

  test('finds its sessions whatever its weight in percent', () => {
    const { evidence } = seenAs();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9999 }), (weight) => {
        const own = readSettings({ steps: [{ weight: weight / 100 }, { weight: 100 }] });
        const sessions = [{ weight, control: 0, canary: 50 }];
        const { type } = decide({ settings: own, evidence: { ...evidence, sessions } });
        expect(type).toBe('advance');
      }),
    );
  });

  test('with approval waits for it last of all, when everything else is there', () => {
    const approval = {
      type: 'pause',
      cause: 'approval',
      metric: null,
      reason: 'the step at 25 % has everything, and waits for a person to approve it',
    };
    expect(atEnd()).toEqual(approval);
    expect(atEnd({ last_look_at: null, now: 3599 * second })).toMatchObject({ waits_for: 'time' });
    expect(atEnd({ evidence: noEvidenceYet })).toMatchObject({ waits_for: 'sessions' });
    expect(atEnd({ checks: [open] })).toMatchObject({ waits_for: 'evidence' });
  });

  test('is not looked at when it is the last, at which the rollout is over', () => {
    expect(() => decide({ step: 2 })).toThrow('step 2, which is its last');
    expect(() => decide({ step: 3 })).toThrow('step 3, which is its last');
  });
});

describe('Before the end', () => {
  const plain = readSettings({ steps: [{ weight: 50 }, { weight: 100 }], patience_seconds: 7200 });
  const { evidence } = seenAs();
  const sessions = [{ weight: 5000, control: 500, canary: 500 }];
  const last = (changes: Partial<LookedAt> = {}) =>
    decide({ settings: plain, evidence: { ...evidence, sessions }, ...changes });
  const lacking =
    'it is not shown yet that the candidate is no worse in failures (margin 0.05), score:good (margin 0.1)';
  const checks = [open, checkOf(), checkOf({ metric: 'score:good', margin: 0.1, status: 'open' })];
  const lasting = (seconds: number) => ({ checks, now: seconds * second, last_traffic_at: seconds * second });

  test('every guardrail has to be safe, and signals do not', () => {
    expect(last({ checks: [checkOf(), checkOf({ kind: 'signal', status: 'open' })] }).type).toBe('advance');
    expect(last({ checks })).toEqual({ type: 'wait', waits_for: 'evidence', reason: lacking });
  });

  test('it is inconclusive when patience is at an end, and not before', () => {
    expect(last({ ...lasting(7200), now: 7200 * second - 1 })).toMatchObject({ waits_for: 'evidence' });
    expect(last(lasting(7200))).toEqual({
      type: 'pause',
      cause: 'inconclusive',
      metric: null,
      reason: `${lacking} after 7200 s; a person has to decide`,
    });
    expect(last({ ...lasting(7200), checks: [checkOf()] }).type).toBe('advance');
  });

  test('a pause costs no patience', () => {
    const paused = { ...lasting(2 * day), paused_us: (2 * day - 7200) * second };
    expect(last(paused)).toMatchObject({ type: 'pause', cause: 'inconclusive' });
    expect(last({ ...paused, paused_us: paused.paused_us + 1 })).toMatchObject({ waits_for: 'evidence' });
  });

  test('a pause counts for the time that a step lasts', () => {
    expect(decide({ paused_us: 3600 * second }).type).toBe('advance');
  });

  test('whoever has accepted that waits on, until there is evidence or harm', () => {
    const accepted = ['inconclusive'];
    expect(last({ ...lasting(72_000), accepted })).toMatchObject({ type: 'wait', waits_for: 'evidence' });
    expect(last({ ...lasting(72_000), accepted, checks: [checkOf()] }).type).toBe('advance');
    expect(last({ ...lasting(72_000), accepted, checks: [broken] }).type).toBe('roll_back');
  });
});

test('The candidate never gets more while anything speaks against it', () => {
  const status = fc.constantFrom('broken', 'safe', 'open') as fc.Arbitrary<CheckResult['status']>;
  const drawn = fc.record({
    step: fc.constantFrom(0, 1),
    evidence: fc.constantFrom(seenAs().evidence, mismatched(), noEvidenceYet),
    checks: fc.tuple(
      status.map((one) => checkOf({ status: one })),
      status.map((one) => checkOf({ metric: 'cost', kind: 'signal', status: one })),
    ),
    pause: fc.constantFrom(null, pauseFor('person'), pauseFor('sample_ratio')),
    accepted: fc.subarray(['cost', 'failures', 'inconclusive']),
    last_look_at: fc.constantFrom(null, 0, 3590 * second, 4000 * second),
    now: fc.constantFrom(0, 3599 * second, 3600 * second, 2 * day * second),
    settings: fc.constant(
      readSettings({ steps: [{ weight: 5 }, { weight: 25 }, { weight: 100 }], patience_seconds: 0 }),
    ),
  });
  let advanced = 0;
  fc.assert(
    fc.property(drawn, (changes) => {
      const seen = seenAs(changes);
      const { type } = decideLook(seen);
      if (type !== 'advance') return;
      advanced += 1;
      const [guardrail, signal] = changes.checks;
      expect(seen.pause).toBeNull();
      expect(seen.evidence).toEqual(seenAs().evidence);
      expect(seen.now).toBe(3600 * second);
      expect(seen.last_look_at ?? 0).toBeLessThanOrEqual(seen.now);
      expect(guardrail.status).not.toBe('broken');
      if (seen.step === 1) expect(guardrail.status).toBe('safe');
      if (signal.status === 'broken') expect(seen.accepted).toContain('cost');
    }),
    { numRuns: 2000 },
  );
  expect(advanced).toBeGreaterThan(0);
});
