import { describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/postgres.ts';
import { openStore } from './open.ts';
import { probeDatabase } from './probe.ts';
import { countPendingDeliveries } from './webhooks.ts';

describe.each(['memory', 'postgres'] as const)('A database on %s', (kind) => {
  test('is known to be of use until it is not, and has nothing waiting', async () => {
    const database = kind === 'postgres' ? await freshDatabase() : null;
    const store = await openStore(
      database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url },
    );
    await probeDatabase(store);
    expect(await countPendingDeliveries(store.db)).toBe(0);
    await store.close();
    await expect(probeDatabase(store)).rejects.toThrow();
    await database?.drop();
  });
});
