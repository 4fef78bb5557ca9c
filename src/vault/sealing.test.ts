import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSealing, type Sealed } from './sealing.ts';

const newKey = (): string => randomBytes(32).toString('base64');
const key = newKey();
const sealing = createSealing({ key, previous_key: null, randomBytes });

function sealed(text: string, bound: readonly string[], by = sealing): Sealed {
  const made = by.seal(text, bound);
  if (made === null) throw new Error('There is a key');
  return made;
}

test('Whatever is encrypted comes out again, and is not to be seen in between', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 8 }), fc.array(fc.string()), (text, bound) => {
      const made = sealed(text, bound);
      expect(sealing.open(made, bound)).toEqual({ ok: true, text });
      expect(made.sealed).not.toContain(text);
      expect(made.sealed).not.toContain(Buffer.from(text).toString('base64').slice(0, 10));
    }),
  );
});

test('The same text never looks the same twice', () => {
  expect(sealed('token', ['a']).sealed).not.toBe(sealed('token', ['a']).sealed);
});

test('It opens for what it was written for, and for nothing that looks like it', () => {
  const made = sealed('token', ['vcrd_1', 'vlt_1']);
  for (const bound of [
    ['vcrd_2', 'vlt_1'],
    ['vcrd_1'],
    ['vcrd_1vlt_1'],
    ['vcrd_1,vlt_1'],
    ['vlt_1', 'vcrd_1'],
    [],
  ]) {
    expect(sealing.open(made, bound)).toEqual({ ok: false, why: 'broken' });
  }
});

test('A bit that was changed anywhere is noticed', () => {
  const { sealed: text, key_id } = sealed('token', []);
  const body = Buffer.from(text.slice(3), 'base64');
  for (let i = 0; i < body.length; i++) {
    const changed = Buffer.from(body);
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(sealing.open({ sealed: `v1.${changed.toString('base64')}`, key_id }, [])).toMatchObject({
      ok: false,
    });
  }
  for (const cut of ['', 'v1.', text.slice(0, 12), text.slice(0, -4)]) {
    expect(sealing.open({ sealed: cut, key_id }, [])).toEqual({ ok: false, why: 'broken' });
  }
});

describe('Keys', () => {
  test('of another server open nothing, and say that it is the key', () => {
    const other = createSealing({ key: newKey(), previous_key: null, randomBytes });
    expect(other.open(sealed('token', []), [])).toEqual({ ok: false, why: 'other_key' });
  });

  test('that were in use before open what they wrote, and write nothing more', () => {
    const made = sealed('token', []);
    const next = createSealing({ key: newKey(), previous_key: key, randomBytes });
    expect(next.open(made, [])).toEqual({ ok: true, text: 'token' });
    expect(sealed('token', [], next).key_id).toBe(next.key_id);
    expect(next.key_id).not.toBe(made.key_id);
    expect(next.previous_key_id).toBe(made.key_id);
  });

  test('are needed, and their names do not tell them', () => {
    const none = createSealing({ key: null, previous_key: null, randomBytes });
    expect(none.seal('token', [])).toBeNull();
    expect(none.open(sealed('token', []), [])).toEqual({ ok: false, why: 'other_key' });
    const bytes = Buffer.from(key, 'base64');
    expect(bytes.toString('hex')).not.toContain(sealing.key_id);
  });
});
