import { describe, expect, test } from 'vitest';
import { directionOf, type PinChange, type PinnedAt, pinChanges } from './pin-changes.ts';
import type { Pin, PinMap } from './pins.ts';

const pin = (version: number, agent = 'agent_1'): Pin => ({ agent, version, eval: null, note: null });
const pins = (fields: Readonly<Record<string, Pin>>): PinMap => new Map(Object.entries(fields));

test('Pins that are there come in their order, and those that are gone after them', () => {
  const base = pins({ gone: pin(1), same: pin(2), up: pin(3), other: pin(4) });
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
