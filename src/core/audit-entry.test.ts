import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AuditEntry, type AuditFact, chainEntry, checkEntry, emptyChain } from './audit-entry.ts';
import type { Json } from './evaluation.ts';

const fact: AuditFact = {
  ...{ action: 'alias.set', outcome: 'done', actor: { key_id: null, name: 'ann', role: 'releaser' } },
  subject: { type: 'alias', id: 'agent_a@production' },
  ...{ reason: 'because', before: { version: 1 }, after: { version: 2 } },
};

function chainOf(times: readonly string[]): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (const now of times) {
    const last = entries.at(-1);
    entries.push(chainEntry(fact, { id: `aud_${entries.length}`, now, head: last ?? emptyChain }));
  }
  return entries;
}

/** The place of the first entry that is not in order; null when all are. */
function brokenAt(entries: readonly AuditEntry[]): number | null {
  let head = emptyChain;
  for (const entry of entries) {
    const link = checkEntry(entry, head);
    if (!link.ok) return link.seq;
    head = link.head;
  }
  return null;
}

const four = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', '2026-01-01T00:00:03Z'];

describe('A chain of audit entries', () => {
  test('is in order as it was written', () => {
    const chain = chainOf(four);
    expect(chain.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(chain[0]?.previous_hash).toBeNull();
    expect(chain[3]?.previous_hash).toBe(chain[2]?.hash);
    expect(brokenAt(chain)).toBeNull();
  });

  test.each(Object.keys(chainOf(four)[2] ?? {}))(
    'shows that somebody changed the %s of an entry',
    (field) => {
      const chain = chainOf(four);
      const third = { ...chain[2], [field]: field === 'seq' ? 7 : 'something else' } as AuditEntry;
      expect(brokenAt(chain.with(2, third))).toBe(3);
    },
  );

  test('shows that somebody changed an entry and its hash', () => {
    const chain = chainOf(four);
    const [first, second] = chain;
    if (first === undefined || second === undefined) throw new Error('The chain is short');
    const place = { id: second.id, now: second.at, head: first };
    const forged = chainEntry({ ...fact, reason: 'another' }, place);
    expect(brokenAt(chain.with(1, forged))).toBe(3);
  });

  test('shows that an entry is missing, doubled, or stands in another place', () => {
    const [a, b, c, d] = chainOf(four) as [AuditEntry, AuditEntry, AuditEntry, AuditEntry];
    expect(brokenAt([a, c, d])).toBe(2);
    expect(brokenAt([a, b, b, c])).toBe(3);
    expect(brokenAt([a, c, b, d])).toBe(2);
    expect(brokenAt([b, c, d])).toBe(1);
  });

  test('is in order after its texts were kept as UTF-8 without NUL, whatever callers had sent', () => {
    const kept = (text: string): string => Buffer.from(text).toString().replaceAll('\0', '');
    const binary = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(binary, binary, fc.jsonValue({ stringUnit: 'binary' }), (reason, id, after) => {
        const told = { ...fact, reason, subject: { type: 'alias', id }, after: after as Json };
        const entry = chainEntry(told, { id: 'aud_0', now: '2026-01-01T00:00:00Z', head: emptyChain });
        const subject = { type: 'alias', id: kept(entry.subject.id) };
        const read = { ...entry, reason: kept(entry.reason ?? ''), subject };
        expect(checkEntry(read, emptyChain).ok).toBe(true);
        expect(JSON.stringify(read)).not.toMatch(/\\ud[89a-f]|\\u0000/);
      }),
      { examples: [['half \ud83e', '\0', { '\udc00': ['\0\ud83e'] }]] },
    );
  });

  test('goes on where the clock is set back', () => {
    const chain = chainOf(['2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z', '2026-01-03T00:00:00Z']);
    expect(chain.map(({ at }) => at.slice(0, 10))).toEqual(['2026-01-02', '2026-01-02', '2026-01-03']);
    expect(brokenAt(chain)).toBeNull();
  });
});
