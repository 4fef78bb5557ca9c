import { setImmediate as turn } from 'node:timers/promises';
import {
  type AuditEntry,
  type AuditFact,
  type AuditHead,
  chainEntry,
  checkEntry,
  emptyChain,
} from '../core/audit-entry.ts';
import { contentHash } from '../core/canonical.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import type { Json } from '../core/evaluation.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import { examinedPage, type Page, type PageRequest, pageOf } from '../core/page.ts';
import {
  type AuditFilter,
  type AuditRow,
  findAuditHead,
  insertAuditEntry,
  listAudit,
  lockAuditHead,
  readAudit,
} from '../store/audit.ts';
import type { Handle, Store } from '../store/dialect.ts';
import { createSeldom } from './seldom.ts';

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

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Is told of refusals that could not be written down; absent when nobody reads it. */
  readonly log?: Log;
};

/** Few enough that nobody waits for long while they are hashed. */
const readTogether = 100;
/** How many different attempts at one action are written down an hour, for each person. */
const mostRefusals = 100;

/**
 * The audit log: who changed what, when and why, each entry bound to the one before by a hash. An entry is written in
 * the transaction of its change, so that neither is ever there without the other.
 */
export function createAudit({ store, clock, ids, log }: Deps) {
  const isNews = createSeldom(clock, 1);
  const isBearable = createSeldom(clock, mostRefusals);
  let checking: Promise<AuditCheck> | null = null;

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
      // SQLite answers at once, so that nobody else would have a turn before the end of the log.
      await turn();
    }
  }

  async function check(): Promise<AuditCheck> {
    const written = await findAuditHead(store.db);
    let head = emptyChain;
    for await (const entry of read()) {
      const link = checkEntry(entry, head);
      if (!link.ok) return brokenAfter(head, link.problem);
      if (entry.seq === written.seq && entry.hash !== written.hash) {
        return brokenAfter(head, 'it is not the entry that the log ended with');
      }
      head = link.head;
    }
    if (head.seq >= written.seq) return { ok: true, entries: head.seq, head, broken: null };
    return brokenAfter(head, `it is missing, and so are all others up to ${written.seq}`);
  }

  return {
    append,
    read,

    /**
     * Writes down an attempt that was refused, in a transaction of its own: the same one once an hour. When that
     * fails, it is reported, and no error: whoever tried is to be told why they were refused.
     */
    async refuse(fact: Omit<AuditFact, 'outcome' | 'before' | 'after'>): Promise<void> {
      const { action, actor, subject, reason } = fact;
      const who = [actor.key_id, actor.name, action];
      if (!isNews(contentHash([who, subject, reason])) || !isBearable(contentHash(who))) return;
      try {
        await store.write((tx) => append(tx, { ...fact, outcome: 'refused', before: null, after: null }));
      } catch (error) {
        log?.error({ action, key_id: actor.key_id, err: error }, 'A refusal could not be written down');
      }
    },

    /** Entries by number. */
    async list(filter: AuditFilter, request: PageRequest): Promise<Page<AuditEntry>> {
      const { rows, edge } = await listAudit(store.db, store.dialect, { filter, request });
      const page = pageOf(rows, request, (row) => [row.seq]);
      const found = { edge: edge === null ? null : [edge], found: rows.length };
      const { data, next_page } = examinedPage(page, request, found);
      return { data: data.map(entryOf), next_page };
    },

    /** Reads the whole log and says whether it is as it was written. Who asks while it is read shares the answer. */
    verify(): Promise<AuditCheck> {
      checking ??= check().finally(() => {
        checking = null;
      });
      return checking;
    },
  };
}

export type Audit = ReturnType<typeof createAudit>;

function brokenAfter(head: AuditHead, problem: string): AuditCheck {
  return { ok: false, entries: head.seq, head, broken: { seq: head.seq + 1, problem } };
}

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
