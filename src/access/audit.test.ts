import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/postgres.ts';
import type { AuditFact } from '../core/audit-entry.ts';
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

  beforeAll(async () => {
    if (kind === 'postgres') database = await freshDatabase();
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
    const clock = createClock(() => 1_800_000_000_000);
    audit = createAudit({ store, clock, ids: createIds(clock, randomBytes) });
  });
  afterAll(async () => {
    await store.close();
    await database?.drop();
  });

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

  test('somebody who gets around that is found out, and where', async () => {
    const off =
      kind === 'memory'
        ? ['drop trigger audit_entries_refuse_update', 'drop trigger audit_entries_refuse_delete']
        : ['alter table audit_entries disable trigger all'];
    for (const one of off) await sql.raw(one).execute(store.db);
    await sql.raw(`update audit_entries set after = '{"version":9}' where seq = 17`).execute(store.db);
    const changed = { ok: false, entries: 16, broken: { seq: 17, problem: 'its content was changed' } };
    expect(await audit.verify()).toMatchObject(changed);
    await sql.raw('delete from audit_entries where seq >= 17').execute(store.db);
    const { broken } = await audit.verify();
    expect(broken).toEqual({ seq: 17, problem: 'it is missing, and so are all others up to 40' });
  });
});
