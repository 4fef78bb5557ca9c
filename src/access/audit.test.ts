import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FreshDatabase, migratedDatabase } from '../../test/postgres.ts';
import { type AuditEntry, type AuditFact, chainEntry } from '../core/audit-entry.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { type Audit, createAudit } from './audit.ts';

const fact: AuditFact = {
  ...{ action: 'alias.set', outcome: 'done', actor: { key_id: null, name: 'ann', role: 'releaser' } },
  ...{
    subject: { type: 'alias', id: 'agent_a@production' },
    reason: null,
    before: null,
    after: { version: 2 },
  },
};

describe.each(['memory', 'postgres'] as const)('The audit log on %s', (kind) => {
  let database: FreshDatabase | null = null;
  let store: Store;
  let audit: Audit;
  /** Milliseconds since 1970. */
  let now = 1_800_000_000_000;
  let isFull = false;
  const logged: unknown[] = [];

  beforeAll(async () => {
    if (kind === 'postgres') database = await migratedDatabase();
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
    const clock = createClock(() => now);
    const error = (...line: unknown[]): void => void logged.push(line);
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error };
    const write: Store['write'] = async (work) => {
      if (isFull) throw new Error('The disk is full');
      return store.write(work);
    };
    audit = createAudit({ store: { ...store, write }, clock, ids: createIds(clock, randomBytes), log });
  });
  afterAll(async () => {
    await store.close();
    await database?.drop();
  });

  async function entries(): Promise<AuditEntry[]> {
    const found: AuditEntry[] = [];
    for await (const entry of audit.read()) found.push(entry);
    return found;
  }

  test('a log without entries is in order', async () => {
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 0, broken: null });
  });

  test('entries written at once stand one after the other, without gaps', async () => {
    await Promise.all(Array.from({ length: 40 }, () => store.write((tx) => audit.append(tx, fact))));
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 40, broken: null });
  });

  test('an entry goes with its change: where that is undone, nothing is written', async () => {
    const before = await audit.verify();
    const undone = store.write(async (tx) => {
      await audit.append(tx, fact);
      throw new Error('The change failed');
    });
    await expect(undone).rejects.toThrow('The change failed');
    expect(await audit.verify()).toEqual(before);
  });

  test('the database refuses to change or delete an entry', async () => {
    for (const change of [
      "update audit_entries set reason = 'x'",
      'delete from audit_entries where seq = 2',
    ]) {
      await expect(sql.raw(change).execute(store.db)).rejects.toThrow('audit_entries rows are never changed');
    }
  });

  test('text that no database can keep is replaced before it is hashed', async () => {
    const half = { ...fact, reason: 'half \ud83e\0', subject: { type: 'alias', id: '\udc00' } };
    await store.write((tx) => audit.append(tx, { ...half, after: { '\0': '\ud83e' } }));
    expect((await entries()).at(-1)).toMatchObject({
      ...{ reason: 'half \ufffd\ufffd', subject: { id: '\ufffd' }, after: { '\ufffd': '\ufffd' } },
    });
    expect(await audit.verify()).toMatchObject({ ok: true });
  });

  test('those who have it checked at once share one reading of it, and the next begins anew', async () => {
    const [one, another] = await Promise.all([audit.verify(), audit.verify()]);
    expect(another).toBe(one);
    await store.write((tx) => audit.append(tx, fact));
    expect((await audit.verify()).entries).toBe(one.entries + 1);
  });

  test('while it is read, others have their turn', async () => {
    await store.write(async (tx) => {
      for (let n = 0; n < 500; n++) await audit.append(tx, fact);
    });
    for (const read of [() => audit.verify(), entries]) {
      let isOver = false;
      const reading = read().finally(() => {
        isOver = true;
      });
      let turns = 0;
      for (; !isOver && turns < 100_000; turns++) await turn();
      await reading;
      expect(turns).toBeGreaterThan(4);
    }
  });

  describe('an attempt that was refused', () => {
    type Attempt = Parameters<Audit['refuse']>[0];
    const attempt: Attempt = {
      ...{ action: 'alias.promoted', reason: 'not yet' },
      actor: { key_id: 'apikey_1', name: 'ann', role: 'editor' },
      subject: { type: 'alias', id: 'agent_a@production' },
    };

    async function written(...attempts: Attempt[]): Promise<AuditEntry[]> {
      const before = (await audit.verify()).entries;
      for (const one of attempts) await audit.refuse(one);
      return (await entries()).slice(before);
    }

    test('is written down once an hour', async () => {
      expect(await written(attempt, attempt)).toMatchObject([{ ...attempt, outcome: 'refused' }]);
      now += 3_599_000;
      expect(await written(attempt)).toEqual([]);
      now += 2000;
      expect(await written(attempt, attempt)).toHaveLength(1);
    });

    test('is another one when anything about it is', async () => {
      const others = [
        { ...attempt, actor: { ...attempt.actor, key_id: 'apikey_2' } },
        { ...attempt, action: 'alias.set' },
        { ...attempt, subject: { type: 'alias', id: 'agent_b@production' } },
        { ...attempt, reason: 'not now' },
      ];
      expect(await written(attempt, ...others, ...others)).toMatchObject(others);
    });

    test('is one of at most 100 an hour, of one person and action', async () => {
      now += 3_601_000;
      const many = Array.from({ length: 120 }, (_, n) => ({ ...attempt, reason: `version ${n}` }));
      expect(await written(...many)).toHaveLength(100);
      expect(await written({ ...attempt, action: 'alias.set' })).toHaveLength(1);
      now += 3_601_000;
      expect(await written(...many.slice(-20))).toHaveLength(20);
    });

    test('is reported, and no error, when it cannot be written down', async () => {
      isFull = true;
      await audit.refuse({ ...attempt, reason: 'the disk' });
      isFull = false;
      expect(logged).toEqual([
        [expect.objectContaining({ action: 'alias.promoted' }), 'A refusal could not be written down'],
      ]);
    });
  });

  test('somebody who gets around that is found out, and where', async () => {
    const all = await entries();
    const off =
      kind === 'memory'
        ? ['drop trigger audit_entries_refuse_update', 'drop trigger audit_entries_refuse_delete']
        : ['alter table audit_entries disable trigger all'];
    for (const one of off) await sql.raw(one).execute(store.db);
    const [before, last] = all.slice(-2) as [AuditEntry, AuditEntry];
    const { hash: _hash, ...open } = last;
    const forged = chainEntry({ ...open, reason: 'forged' }, { id: last.id, now: last.at, head: before });
    // Its hash is right, and the chain as well.
    await sql`update audit_entries set reason = 'forged', hash = ${forged.hash} where seq = ${last.seq}`.execute(
      store.db,
    );
    expect((await audit.verify()).broken).toEqual({
      ...{ seq: last.seq, problem: 'it is not the entry that the log ended with' },
    });
    await sql.raw(`update audit_entries set after = '{"version":9}' where seq = 17`).execute(store.db);
    const changed = { ok: false, entries: 16, broken: { seq: 17, problem: 'its content was changed' } };
    expect(await audit.verify()).toMatchObject(changed);
    await sql.raw('delete from audit_entries where seq >= 17').execute(store.db);
    const { broken } = await audit.verify();
    expect(broken).toEqual({ seq: 17, problem: `it is missing, and so are all others up to ${last.seq}` });
  });
});
