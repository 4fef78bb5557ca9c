import { describe, expect, test } from 'vitest';
import { directionOf, type PinChange, type PinnedAt, pinChanges } from './pin-changes.ts';
import type { Pin, PinMap } from './pins.ts';

const pin = (version: number, agent = 'agent_1'): Pin => ({ agent, version, eval: null, note: null });
const pins = (fields: Readonly<Record<string, Pin>>): PinMap => new Map(Object.entries(fields));

test('Pins that are there come in their order, and those that are gone after them', () => {
  const base = pins({ gone: pin(1, 'agent_3'), same: pin(2), up: pin(3), other: pin(4) });
  const now = pins({ other: pin(4, 'agent_2'), up: pin(5), new: pin(1), same: { ...pin(2), note: 'x' } });
  expect(pinChanges(base, now).map(({ name, kind }) => [name, kind])).toEqual([
    ...[
      ['other', 'moved'],
      ['up', 'repinned'],
      ['new', 'added'],
      ['same', 'unchanged'],
    ],
    ['gone', 'removed'],
  ]);
});

describe('A new name', () => {
  const change = (base: PinMap, now: PinMap) => pinChanges(base, now)[0];

  test('for the agent of the one pin that is gone is that pin, whatever its version', () => {
    const base = pins({ t: pin(1), other: pin(1, 'agent_2'), stays: pin(7) });
    for (const version of [1, 2]) {
      const changes = pinChanges(base, pins({ u: pin(version), stays: pin(7) }));
      expect(changes).toEqual([
        { kind: 'renamed', name: 'u', was: 't', from: pin(1), to: pin(version) },
        { kind: 'unchanged', name: 'stays', from: pin(7), to: pin(7) },
        { kind: 'removed', name: 't', from: pin(1), to: null },
        { kind: 'removed', name: 'other', from: pin(1, 'agent_2'), to: null },
      ]);
    }
  });

  test('is new where pins of its agent stay, and where none or several of it are gone', () => {
    const to = pin(2);
    expect(change(pins({ t: pin(1) }), pins({ u: to, t: pin(1) }))).toMatchObject({
      kind: 'added',
      one_of: [],
    });
    expect(change(pins({ t: pin(1, 'agent_2') }), pins({ u: to }))).toMatchObject({
      kind: 'added',
      one_of: [],
    });
    expect(change(pins({ s: pin(1), t: pin(1) }), pins({ u: to }))).toEqual({
      ...{ kind: 'added', name: 'u', from: null, to, one_of: ['s', 't'] },
    });
  });

  test('goes back with its version, and forward with it, under either name', () => {
    const at = (commit: string, one: PinMap): PinnedAt => ({ commit, date: '2026-11-22', pins: one });
    const rename = (was: string, from: Pin, name: string, to: Pin) =>
      ({ kind: 'renamed', name, was, from, to }) as const;
    const entries = [at('second', pins({ u: pin(2) })), at('first', pins({ t: pin(1) }))];
    const direction = (change: Parameters<typeof directionOf>[0]) =>
      directionOf(change, { entries, missing: null });
    expect(direction(rename('u', pin(2), 't', pin(1)))).toEqual({ kind: 'back', to: entries[1] });
    expect(direction(rename('u', pin(2), 'v', pin(3)))).toEqual({ kind: 'forward' });
    const stepBack = {
      entries: [at('new', pins({ u: pin(2) })), at('old', pins({ u: pin(1) }))],
      missing: null,
    };
    expect(directionOf(rename('u', pin(2), 't', pin(1)), stepBack)).toMatchObject({ to: { commit: 'old' } });
    const before = { entries: entries.slice(1), missing: null };
    expect(directionOf(rename('t', pin(1), 'u', pin(2)), before)).toEqual({ kind: 'forward' });
  });
});

describe('A change goes back', () => {
  /** The history of one pin, the newest first; the first is what is pinned now. */
  const history = (...versions: readonly (Pin | null)[]): PinnedAt[] =>
    versions.map((one, i) => ({
      ...{ commit: `commit-${i}`, date: '2026-11-22' },
      pins: one === null ? null : pins({ a: one }),
    }));
  const change = (from: Pin, to: Pin): PinChange & { from: Pin; to: Pin } => ({
    ...{ kind: from.agent === to.agent ? 'repinned' : 'moved', name: 'a', from, to },
  });
  const backIn = (entries: readonly PinnedAt[], from: Pin, to: Pin): string | null => {
    const direction = directionOf(change(from, to), { entries, missing: null });
    return direction.kind === 'back' ? direction.to.commit : null;
  };
  const back = (to: Pin, ...versions: readonly (Pin | null)[]): string | null =>
    backIn(history(...versions), versions[0] ?? to, to);

  test('to what was pinned before, and says where that stood last', () => {
    expect(back(pin(2), pin(3), pin(2), pin(1), pin(2))).toBe('commit-1');
    expect(back(pin(1), pin(3), pin(2), pin(1))).toBe('commit-2');
  });

  test('over commits in which nothing could be read', () => {
    expect(back(pin(2), pin(3), null, pin(2), null)).toBe('commit-2');
  });

  test('to another agent as well', () => {
    expect(back(pin(9), pin(1, 'agent_2'), pin(9))).toBe('commit-1');
  });

  test('not to what was never pinned, or only for another agent or name', () => {
    expect(back(pin(4), pin(3), pin(2))).toBeNull();
    expect(back(pin(2, 'agent_2'), pin(3), pin(2))).toBeNull();
    const elsewhere = history(pin(3), pin(2)).map((one) => ({ ...one, pins: pins({ b: pin(2) }) }));
    expect(backIn(elsewhere, pin(3), pin(2))).toBeNull();
  });

  test('not to a version that was rolled back, for it came after what is pinned now', () => {
    expect(back(pin(3), pin(2), pin(3), pin(2), pin(1))).toBeNull();
  });

  test('never where no history is known', () => {
    expect(backIn([], pin(3), pin(2))).toBeNull();
  });

  test('not for certain where the oldest commits are missing, for they decide', () => {
    const [from, to] = [pin(1), pin(2)];
    const whole = history(pin(1), pin(2), pin(1));
    expect(backIn(whole, from, to)).toBeNull();
    // Without its oldest commit, the same history says the opposite.
    expect(backIn(whole.slice(0, 2), from, to)).toBe('commit-1');
    const cut = { entries: whole.slice(0, 2), missing: 'git was told to forget' };
    expect(directionOf(change(from, to), cut)).toEqual({ kind: 'unknown', missing: cut.missing });
  });
});
