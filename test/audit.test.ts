import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditCheckResponse, AuditEntryResponse } from '../src/api/audit.ts';
import { all, ask, refusal } from './evals/eval-story.ts';
import { startPawl, type TestPawl } from './pawl.ts';
import { type FreshDatabase, migratedDatabase } from './postgres.ts';
import { makeSetting } from './story.ts';

/*
 * The goal: whatever callers send, and however often, an attempt that is refused is in the audit log once, and the log
 * stays in order. The method: promotions that are refused, over HTTP, on both databases.
 */

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let pawl: TestPawl;
  let agentId: string;

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    pawl = await startPawl(database === null ? {} : { database_url: database.url });
    const { agent } = await makeSetting(pawl.client);
    agentId = agent.id;
    await pawl.client.beta.agents.update(agentId, { version: 1, system: 'Be brief.' });
    await ask(pawl, `/agents/${agentId}/aliases/production`, { version: 1, from: null });
  });
  afterAll(async () => {
    await pawl.server.close();
    await database?.drop();
  });

  const askFor = (fields: object) =>
    refusal(pawl, '/promotions', { agent_id: agentId, version: 2, ...fields });

  async function refused(): Promise<(string | null)[]> {
    const entries = await all<AuditEntryResponse>(pawl, '/audit?limit=100&order=asc');
    return entries.filter(({ outcome }) => outcome === 'refused').map(({ reason }) => reason);
  }

  test('a name that is cut through a character does not break the chain', async () => {
    const { code } = await askFor({ eval: `${'a'.repeat(99)}😀` });
    expect(code).toBe('eval_not_found');
    expect(await refused()).toEqual([`eval ${'a'.repeat(99)}\ufffd does not exist`]);
    expect(await ask<AuditCheckResponse>(pawl, '/audit/verify')).toMatchObject({ ok: true, broken: null });
  });

  test('what is refused again and again is written down once, and another attempt as well', async () => {
    const before = await refused();
    for (let n = 0; n < 3; n++) await askFor({ version: 9 });
    await askFor({ version: 8 });
    const after = await refused();
    expect(after.slice(before.length)).toEqual([
      expect.stringContaining('version 9'),
      expect.stringContaining('version 8'),
    ]);
  });
});
