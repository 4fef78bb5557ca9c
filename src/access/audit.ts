import {
  type AuditEntry,
  type AuditFact,
  type AuditHead,
  chainEntry,
  checkEntry,
  emptyChain,
} from '../core/audit-entry.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import type { Json } from '../core/evaluation.ts';
import type { Ids } from '../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import {
  type AuditRow,
  findAuditHead,
  insertAuditEntry,
  listAudit,
  lockAuditHead,
  readAudit,
} from '../store/audit.ts';
import type { Handle, Store } from '../store/dialect.ts';

/** What reading the whole log came to. */
export type AuditCheck = {
  readonly ok: boolean;
  /** Entries that were read and are in order. */
  readonly entries: number;
  /** The last of those: kept elsewhere, its hash shows later that nothing up to it was rewritten. */
  readonly head: AuditHead;
  /** The first thing that is wrong; null when nothing is. */
  readonly broken: { readonly seq: number; readonly problem: string } | null;
};

type Deps = { readonly store: Store; readonly clock: Clock; readonly ids: Ids };

const readTogether = 1000;

/**
 * The audit log: who changed what, when and why, each entry bound to the one before by a hash. An entry is written in
 * the transaction of its change, so that neither is ever there without the other.
 */
export function createAudit({ store, clock, ids }: Deps) {
  async function append(tx: Handle, fact: AuditFact): Promise<AuditEntry> {
    const head = await lockAuditHead(tx, store.dialect);
    const place = { id: ids.next('audit_entry'), now: formatTime(clock.now()), head };
    const entry = chainEntry(fact, place);
    await insertAuditEntry(tx, rowOf(entry));
    return entry;
  }

  /** Entries from the first on, in order, as many as there are when each part of them is read. */
  async function* read(): AsyncGenerator<AuditEntry> {
    for (let after = 0; ; ) {
      const rows = await readAudit(store.db, after, readTogether);
      for (const row of rows) yield entryOf(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < readTogether) return;
      after = last.seq;
    }
  }

  return {
    append,
    read,

    /** Writes down an attempt that was refused, in a transaction of its own. */
    async refuse(fact: Omit<AuditFact, 'outcome' | 'before' | 'after'>): Promise<void> {
      await store.write((tx) => append(tx, { ...fact, outcome: 'refused', before: null, after: null }));
    },

    /** Entries by number. */
    async list(
      filter: { readonly subject_id?: string | undefined },
      request: PageRequest,
    ): Promise<Page<AuditEntry>> {
      const page = pageOf(await listAudit(store.db, filter, request), request, (row) => [row.seq]);
      return { data: page.data.map(entryOf), next_page: page.next_page };
    },

    /** Reads the whole log and says whether it is as it was written. */
    async verify(): Promise<AuditCheck> {
      const written = await findAuditHead(store.db);
      let head = emptyChain;
      for await (const entry of read()) {
        const link = checkEntry(entry, head);
        if (!link.ok) return { ok: false, entries: head.seq, head, broken: link };
        head = link.head;
      }
      if (head.seq >= written.seq) return { ok: true, entries: head.seq, head, broken: null };
      const problem = `it is missing, and so are all others up to ${written.seq}`;
      return { ok: false, entries: head.seq, head, broken: { seq: head.seq + 1, problem } };
    },
  };
}

export type Audit = ReturnType<typeof createAudit>;

function rowOf({ actor, subject, before, after, ...rest }: AuditEntry): AuditRow {
  return {
    ...rest,
    actor: JSON.stringify(actor),
    subject_type: subject.type,
    subject_id: subject.id,
    before: JSON.stringify(before),
    after: JSON.stringify(after),
  };
}

function entryOf({ actor, subject_type, subject_id, before, after, ...rest }: AuditRow): AuditEntry {
  return {
    ...rest,
    actor: JSON.parse(actor) as AuditEntry['actor'],
    subject: { type: subject_type, id: subject_id },
    before: JSON.parse(before) as Json,
    after: JSON.parse(after) as Json,
  };
}
