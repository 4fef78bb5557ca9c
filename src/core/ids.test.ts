import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createIds, type IdKind, idPrefixes, isId, primaryThreadId, randomText } from './ids.ts';

const kinds = Object.keys(idPrefixes) as IdKind[];
const zeros = (size: number): Uint8Array => new Uint8Array(size);
const at = (us: number) => ({ now: () => us });

describe('An id', () => {
  test.each(kinds)('of kind %s has its prefix and 24 characters', (kind) => {
    const id = createIds(at(1_800_000_000_000_000), zeros).next(kind);
    expect(id).toMatch(new RegExp(`^${idPrefixes[kind]}_[1-9A-HJ-NP-Za-km-z]{24}$`));
    expect(isId(kind, id)).toBe(true);
    for (const other of kinds.filter((one) => one !== kind)) expect(isId(other, id)).toBe(false);
  });

  test('sorts as text by the time at which it was made, whatever the chance', () => {
    const moment = fc.integer({ min: 0, max: 7e15 });
    fc.assert(
      fc.property(moment, moment, fc.nat(255), fc.nat(255), (a, b, one, other) => {
        fc.pre(a < b);
        const made = (us: number, byte: number) =>
          createIds(at(us), (size) => zeros(size).fill(byte)).next('event');
        expect(made(a, one) < made(b, other)).toBe(true);
      }),
    );
  });

  test('is unlike another one of the same moment', () => {
    let byte = 0;
    const ids = createIds(at(1), (size) => zeros(size).fill(byte++ % 58));
    expect(new Set(Array.from({ length: 58 }, () => ids.next('session'))).size).toBe(58);
  });
});

test('randomText has the length asked for, every letter of the alphabet and no others', () => {
  const text = randomText((size) => Uint8Array.from({ length: size }, (_, i) => i), 256);
  expect(text).toHaveLength(256);
  expect(new Set(text).size).toBe(58);
  expect(text).not.toMatch(/[0OIl]/);
  expect(randomText(zeros, 0)).toBe('');
});

describe('isId', () => {
  test.each([
    ['agent_1', true],
    [`agent_${'z'.repeat(64)}`, true],
    [`agent_${'z'.repeat(65)}`, false],
    ['agent_', false],
    ['agent', false],
    ['', false],
    ['env_1', false],
    ['Agent_1', false],
    ['agent_1\n', false],
    ['agent_\0', false],
    ['agent_1@production', false],
    ['agent_ä', false],
    [' agent_1', false],
  ])('of %j is %s', (text, expected) => {
    expect(isId('agent', text)).toBe(expected);
  });
});

test('the primary thread of a session has the session’s own letters', () => {
  expect(primaryThreadId('sesn_abc')).toBe('sthr_abc');
});
