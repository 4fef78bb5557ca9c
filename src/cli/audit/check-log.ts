import { type AuditEntry, type AuditHead, checkEntry, emptyChain } from '../../core/audit-entry.ts';
import type { NotedHead } from './noted-head.ts';

/** What reading a log came to. */
export type LogCheck = {
  /** The end of what is in order: nothing up to it was changed. */
  readonly head: AuditHead;
  /** The first entry that is not in order, and what is wrong with it; null when all are. */
  readonly broken: { readonly seq: number; readonly problem: string } | null;
};

type Options = {
  /** A head that has to be in the log; undefined asks for none. */
  readonly noted: NotedHead | undefined;
  /** Called with the number of entries that are in order, after so many more of them. */
  readonly onProgress: (entries: number) => void;
  /** After how many; absent takes a hundred thousand, which is a few seconds' work. */
  readonly tellEvery?: number;
};

const usuallyTold = 100_000;

/** Reads the lines of a log to their end, or to the first thing that is wrong. Throws what the lines throw. */
export async function checkLog(
  lines: AsyncIterable<string>,
  { noted, onProgress, tellEvery = usuallyTold }: Options,
): Promise<LogCheck> {
  let head = emptyChain;
  for await (const line of lines) {
    const link = checkLine(line, head);
    if (!link.ok) return { head, broken: { seq: link.seq, problem: link.problem } };
    if (link.head.seq === noted?.seq && link.head.hash !== noted.hash) {
      const problem = 'it is another one than was noted: the log was written anew';
      return { head, broken: { seq: noted.seq, problem } };
    }
    head = link.head;
    if (head.seq % tellEvery === 0) onProgress(head.seq);
  }
  if (noted === undefined || head.seq >= noted.seq) return { head, broken: null };
  const problem = `it is missing, and so are all others up to ${noted.seq}, which was noted`;
  return { head, broken: { seq: head.seq + 1, problem } };
}

function checkLine(line: string, head: AuditHead): ReturnType<typeof checkEntry> {
  const seq = head.seq + 1;
  const unreadable = { ok: false, seq, problem: 'its line is no entry of an audit log' } as const;
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return unreadable;
    // A member that is there twice is seen by people and not by the hash.
    if (JSON.stringify(entry) !== line) return { ok: false, seq, problem: 'its text was changed' };
    const link = checkEntry(entry as AuditEntry, head);
    return link.ok || Number.isSafeInteger((entry as AuditEntry).seq) ? link : unreadable;
  } catch {
    // No JSON, or nested so deep that nobody meant well.
    return unreadable;
  }
}
