import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Store } from '../dialect.ts';
import { openSeeded } from '../evals.testsuite.ts';
import { insertEvents } from '../events.ts';
import { sampleEvent, seedSession } from '../store.testsuite.ts';
import { type Row, readRows } from './rows.ts';
import { readTables } from './tables.ts';

/** A table, part by part. */
async function* partsOf({ db, dialect }: Store, name: string): AsyncGenerator<Row[]> {
  const table = (await readTables(db, dialect)).find((one) => one.name === name);
  if (table === undefined) throw new Error('There is such a table');
  yield* readRows(db, table);
}

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  const opened = openSeeded(kind);

  test('a table is read in parts that are small, however large what comes next is', async () => {
    const { store } = opened;
    await seedSession(store, 'sesn_1');
    const data = 'o'.repeat(100_000);
    const small = Array.from({ length: 1100 }, (_, i) => sampleEvent('sesn_1', i + 1));
    const large = Array.from({ length: 30 }, (_, i) => sampleEvent('sesn_1', 1101 + i, { data }));
    await store.write((tx) => insertEvents(tx, [...small, ...large]));
    let rows = 0;
    for await (const part of partsOf(store, 'events')) {
      rows += part.length;
      expect(JSON.stringify(part).length).toBeLessThan(600_000);
    }
    expect(rows).toBe(1130);
  });
});

describe('On SQLite alone', () => {
  const opened = openSeeded('SQLite');

  test('a column that holds what another database could not keep stops the reading by name', async () => {
    const { store } = opened;
    await seedSession(store, 'sesn_2');
    await store.write((tx) => sql`update sessions set title = 'a' || char(0) || 'b'`.execute(tx));
    const reading = partsOf(store, 'sessions').next();
    await expect(reading).rejects.toThrow(/^sessions\.title holds what cannot be carried/);
  });
});
