import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AuditEntry, type AuditHead, chainEntry, emptyChain } from '../../core/audit-entry.ts';
import { checkLog } from './check-log.ts';
import { logLines } from './log-lines.ts';
import { headText, notedHead } from './noted-head.ts';

/** The lines of a log of so many entries, as a server exports them. */
function linesOf(count: number, reason = 'Because'): string[] {
  const lines: string[] = [];
  let head: AuditHead = emptyChain;
  for (let seq = 1; seq <= count; seq++) {
    const actor = { key_id: `apikey_${seq % 3}`, name: 'Größe', role: 'editor' } as const;
    const subject = { type: 'alias', id: 'agent_a@production' };
    const fact = { action: 'alias.set', outcome: 'done', actor, subject, reason } as const;
    const values = { before: { version: seq - 1 }, after: { version: seq } };
    const place = { id: `aud_${seq}`, now: '2026-01-01T00:00:00.000000Z', head };
    const entry = chainEntry({ ...fact, ...values }, place);
    lines.push(JSON.stringify(entry));
    head = entry;
  }
  return lines;
}

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

const check = (lines: readonly string[], noted?: string) =>
  checkLog(each(lines), {
    noted: noted === undefined ? undefined : notedHead(noted),
    onProgress: () => {},
  });

/** The head of a log after so many entries. */
function headAt(lines: readonly string[], seq: number): string {
  const { hash } = JSON.parse(lines[seq - 1] ?? '') as AuditEntry;
  return headText({ seq, hash });
}

describe('A log', () => {
  test('is in order as it was written, and gives its head', async () => {
    const lines = linesOf(5);
    const { head, broken } = await check(lines);
    expect(broken).toBeNull();
    expect(headText({ seq: head.seq, hash: head.hash ?? '' })).toBe(headAt(lines, 5));
    expect(await check([])).toEqual({ head: emptyChain, broken: null });
  });

  test('shows a character that was changed anywhere, at the entry where it is', async () => {
    const lines = linesOf(4);
    const place = fc.integer({ min: 0, max: lines.length - 1 });
    const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    await fc.assert(
      fc.asyncProperty(place, share, fc.string({ maxLength: 3 }), async (i, at, put) => {
        const line = lines[i] ?? '';
        const offset = Math.floor(at * line.length);
        const changed = `${line.slice(0, offset)}${put}${line.slice(offset + 1)}`;
        fc.pre(changed !== line);
        const { broken } = await check(lines.with(i, changed));
        expect(broken?.seq).toBe(i + 1);
      }),
    );
  });

  test.each([
    ['taken out', (lines: string[]) => lines.toSpliced(1, 1), 'it is missing; entry 3 stands in its place'],
    ['put twice', (lines: string[]) => lines.toSpliced(1, 0, lines[0] ?? ''), 'it is missing; entry 1'],
    ['no JSON', (lines: string[]) => lines.with(1, '{"seq":2'), 'its line is no entry'],
    ['no object', (lines: string[]) => lines.with(1, 'null'), 'its line is no entry'],
    ['a list', (lines: string[]) => lines.with(1, '[2]'), 'its line is no entry'],
    ['empty', (lines: string[]) => lines.with(1, ''), 'its line is no entry'],
    ['without a number', (lines: string[]) => lines.with(1, '{"seq":"\\u001b"}'), 'its line is no entry'],
    ['nested without end', (lines: string[]) => lines.with(1, '['.repeat(1e6)), 'its line is no entry'],
    [
      'of two minds',
      (lines: string[]) => lines.with(1, (lines[1] ?? '').replace('{', '{"reason":"Another",')),
      'its text was changed',
    ],
  ])('shows an entry that is %s', async (_what, change, problem) => {
    const { broken } = await check(change(linesOf(4)));
    expect(broken).toMatchObject({ seq: 2, problem: expect.stringContaining(problem) });
  });

  test('that was cut short or written anew is known by a head that was noted', async () => {
    const lines = linesOf(5);
    const noted = headAt(lines, 4);
    expect((await check(lines, noted)).broken).toBeNull();
    expect((await check(lines.slice(0, 3), noted)).broken).toEqual({
      seq: 4,
      problem: 'it is missing, and so are all others up to 4, which was noted',
    });
    const anew = await check(linesOf(5, 'Another'), noted);
    expect(anew.broken).toMatchObject({ seq: 4, problem: expect.stringContaining('written anew') });
    expect(anew.head.seq).toBe(3);
  });

  test('that is long tells how far it has been read', async () => {
    const told: number[] = [];
    const lines = linesOf(3);
    // Only numbers that are told matter, so that a short log will do.
    await checkLog(each(lines), {
      noted: undefined,
      onProgress: (entries) => told.push(entries),
      tellEvery: 2,
    });
    expect(told).toEqual([2]);
  });
});

async function collected(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe('Lines', () => {
  test('are the same, however the bytes are cut', async () => {
    const text = `${linesOf(3).join('\n')}\n`;
    const bytes = new TextEncoder().encode(text);
    const size = fc.integer({ min: 1, max: bytes.length });
    await fc.assert(
      fc.asyncProperty(size, async (length) => {
        const pieces = async function* () {
          for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
        };
        expect(await collected(logLines(pieces()))).toEqual(linesOf(3));
      }),
    );
  });

  test('are there when the last has no line end, and when one is empty', async () => {
    const pieces = async function* () {
      yield new TextEncoder().encode('a\n\nb');
    };
    expect(await collected(logLines(pieces()))).toEqual(['a', '', 'b']);
  });

  test('of no end are not kept', async () => {
    const piece = new Uint8Array(4 * 1024 * 1024).fill(0x61);
    const endless = async function* () {
      for (;;) yield piece;
    };
    await expect(collected(logLines(endless()))).rejects.toThrow('too long');
  });
});

test.each(['', '0:', '12', `0:${'a'.repeat(64)}`, `1:${'A'.repeat(64)}`, `1:${'a'.repeat(63)}`])(
  'A head is not written as %j',
  (text) => {
    expect(() => notedHead(text)).toThrow('It has to be a number, a colon and a hash');
  },
);
