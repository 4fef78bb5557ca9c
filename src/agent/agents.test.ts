import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FreshDatabase, migratedDatabase } from '../../test/postgres.ts';
import { tellsNobody } from '../../test/tells-nobody.ts';
import { createAudit } from '../access/audit.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import type { ListShape, PageRequest } from '../core/page.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { type Agents, type Authorship, createAgents } from './agents.ts';
import { createVersions } from './versions.ts';

let database: FreshDatabase | null = null;
const clock = createClock(() => 1_800_000_000_000);
const mine: Authorship = { by: { key_id: 'apikey_me', name: 'me', role: 'editor' }, message: 'why not' };
const model = { id: 'offline-1', effort: null };
const list: ListShape = { name: 'agents', key: ['string', 'string'], backwards: false };
const firstPage: PageRequest = { list, limit: 100, order: 'desc', cursor: null };

function agentsOn(store: Store, serves = (id: string) => id.startsWith('offline')): Agents {
  const ids = createIds(clock, randomBytes);
  const audit = createAudit({ store, clock, ids });
  return createAgents({
    store,
    clock,
    ids,
    audit,
    versions: createVersions(store),
    notify: tellsNobody,
    serves,
  });
}

describe.each(['memory', 'postgres'] as const)('Agents on %s', (kind) => {
  let store: Store;
  let agents: Agents;

  beforeAll(async () => {
    if (kind === 'postgres') database = await migratedDatabase();
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
    agents = agentsOn(store);
  });
  afterAll(async () => {
    await store.close();
    await database?.drop();
  });

  const create = (fields: { system?: string; name?: string } = {}) =>
    agents.create({ name: 'Porter', model, ...fields }, mine);
  const versionNumbers = async (id: string) =>
    (await agents.listVersions(id, firstPage)).data.map(({ version }) => version.version);

  test('a new agent is version 1 and can be read at once', async () => {
    const made = await create({ system: 'Carry.' });
    expect(made.row).toMatchObject({ latest_version: 1, archived_at: null, updated_at: made.row.created_at });
    expect(made.version).toMatchObject({ agent_id: made.row.id, version: 1, config: { system: 'Carry.' } });
    expect(await agents.retrieve({ id: made.row.id, alias: null })).toEqual(made);
    expect(await agents.retrieve({ id: made.row.id, alias: null }, 1)).toEqual(made);
  });

  test('an update makes the next version and leaves the one before as it was', async () => {
    const made = await create({ system: 'one' });
    const updated = await agents.update(made.row.id, { basedOn: 1, changes: { system: 'two' }, ...mine });
    expect(updated.version).toMatchObject({ version: 2, config: { name: 'Porter', system: 'two' } });
    expect(updated.row.updated_at).toBe(updated.version.created_at);
    expect(updated.row.updated_at > made.row.updated_at).toBe(true);
    expect(await agents.retrieve({ id: made.row.id, alias: null })).toEqual(updated);
    expect((await agents.retrieve({ id: made.row.id, alias: null }, 1)).version).toEqual(made.version);
  });

  test('names change the hash of a version but not the hash of what it does', async () => {
    const made = await create();
    const renamed = await agents.update(made.row.id, {
      basedOn: 1,
      changes: { name: 'Usher', metadata: { a: '1' } },
      ...mine,
    });
    const changed = await agents.update(made.row.id, { basedOn: 2, changes: { system: 'new' }, ...mine });
    expect(renamed.version.config_hash).not.toBe(made.version.config_hash);
    expect(renamed.version.effective_hash).toBe(made.version.effective_hash);
    expect(changed.version.effective_hash).not.toBe(made.version.effective_hash);
  });

  test('an update that changes nothing makes no version', async () => {
    const made = await create({ system: 'same' });
    const nothings = [
      {},
      { name: 'Porter' },
      { system: 'same', model },
      { model: { id: 'offline-1', effort: 'high' as const } },
      { description: '', metadata: {} },
      { metadata: { gone: null } },
    ];
    for (const nothing of nothings)
      expect(await agents.update(made.row.id, { basedOn: 1, changes: nothing, ...mine })).toEqual(made);
    expect(await versionNumbers(made.row.id)).toEqual([1]);
  });

  test('going back to an earlier config is a new version', async () => {
    const made = await create({ system: 'one' });
    await agents.update(made.row.id, { basedOn: 1, changes: { system: 'two' }, ...mine });
    const back = await agents.update(made.row.id, { basedOn: 2, changes: { system: 'one' }, ...mine });
    expect(back.version.version).toBe(3);
    expect(back.version.config_hash).toBe(made.version.config_hash);
  });

  test('a stale version is refused before anything else is looked at', async () => {
    const made = await create({ system: 'one' });
    await agents.update(made.row.id, { basedOn: 1, changes: { system: 'two' }, ...mine });
    const conflict = { code: 'version_conflict', message: expect.stringContaining('is at version 2, not 1') };
    // Not even what would change nothing, or could not be done at all, gets past it.
    const tries = [{ system: 'two' }, { model: { id: 'unknown', effort: null } }, { metadata: { '': 'x' } }];
    for (const changes of tries) {
      await expect(
        agents.update(made.row.id, { basedOn: 1, changes: changes, ...mine }),
      ).rejects.toMatchObject(conflict);
    }
    await expect(agents.update(made.row.id, { basedOn: 3, changes: {}, ...mine })).rejects.toMatchObject({
      code: 'version_conflict',
    });
    expect(await versionNumbers(made.row.id)).toEqual([2, 1]);
  });

  test('a model that nobody serves is refused, unless the agent has it already', async () => {
    const unknown = { id: 'unknown', effort: null };
    const refused = { code: 'model_not_served', message: expect.stringContaining('unknown') };
    await expect(agents.create({ name: 'P', model: unknown }, mine)).rejects.toMatchObject(refused);
    const made = await create();
    await expect(
      agents.update(made.row.id, { basedOn: 1, changes: { model: unknown }, ...mine }),
    ).rejects.toMatchObject(refused);
    const later = agentsOn(store, () => false);
    const updated = await later.update(made.row.id, {
      basedOn: 1,
      changes: { model, system: 'still served or not' },
      ...mine,
    });
    expect(updated.version.version).toBe(2);
  });

  test('an archived agent can be read but not changed, and archiving again changes nothing', async () => {
    const made = await create();
    const archived = await agents.archive(made.row.id, mine.by);
    expect(archived.row.archived_at).toBe(archived.row.updated_at);
    expect(archived.version).toEqual(made.version);
    expect(await agents.archive(made.row.id, mine.by)).toEqual(archived);
    expect(await agents.retrieve({ id: made.row.id, alias: null })).toEqual(archived);
    for (const basedOn of [1, 2, undefined]) {
      const change = agents.update(made.row.id, { basedOn: basedOn, changes: { system: 'x' }, ...mine });
      await expect(change).rejects.toMatchObject({ code: 'agent_archived' });
    }
    expect(await versionNumbers(made.row.id)).toEqual([1]);
  });

  test('what is not there is said to be missing', async () => {
    const missing = { code: 'agent_not_found' };
    await expect(agents.retrieve({ id: 'agent_none', alias: null })).rejects.toMatchObject(missing);
    await expect(agents.update('agent_none', { basedOn: 1, changes: {}, ...mine })).rejects.toMatchObject(
      missing,
    );
    await expect(agents.archive('agent_none', mine.by)).rejects.toMatchObject(missing);
    await expect(agents.listVersions('agent_none', firstPage)).rejects.toMatchObject(missing);
    const { row } = await create();
    for (const number of [0, 2, 3_000_000_000]) {
      const reading = agents.retrieve({ id: row.id, alias: null }, number);
      await expect(reading).rejects.toMatchObject({ code: 'version_not_found' });
    }
  });

  test('lists page through agents and versions', async () => {
    const made = await create();
    await agents.update(made.row.id, { basedOn: 1, changes: { system: 'two' }, ...mine });
    const filter = { include_archived: true, created_at: { gte: made.row.created_at } };
    const page = await agents.list(filter, { ...firstPage, limit: 1 });
    expect(page).toEqual({
      data: [await agents.retrieve({ id: made.row.id, alias: null })],
      next_page: null,
    });
    const versions = await agents.listVersions(made.row.id, { ...firstPage, limit: 1 });
    expect(versions.data.map(({ version }) => version.version)).toEqual([2]);
    expect(versions.next_page).not.toBeNull();
  });

  test('of 10 updates from the same version one wins and the others learn of the conflict', async () => {
    const { row } = await create();
    const tries = Array.from({ length: 10 }, (_, i) =>
      agents.update(row.id, { basedOn: 1, changes: { system: `try ${i}` }, ...mine }),
    );
    const outcomes = await Promise.allSettled(tries);
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason);
    expect(lost).toHaveLength(9);
    for (const reason of lost) expect(reason).toMatchObject({ code: 'version_conflict' });
    const winner = outcomes.findIndex((outcome) => outcome.status === 'fulfilled');
    expect((await agents.retrieve({ id: row.id, alias: null })).version).toMatchObject({
      version: 2,
      config: { system: `try ${winner}` },
    });
  });

  test('50 updates at once without a version give versions 2 to 51, each with its own config', async () => {
    const { row } = await create();
    const tries = Array.from({ length: 50 }, (_, i) =>
      agents.update(row.id, { basedOn: undefined, changes: { system: `try ${i}` }, ...mine }),
    );
    const made = await Promise.all(tries);
    expect(made.map(({ version }) => version.version).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 2),
    );
    for (const [i, { version }] of made.entries()) {
      const { version: kept } = await agents.retrieve({ id: row.id, alias: null }, version.version);
      expect(kept.config.system).toBe(`try ${i}`);
    }
    expect((await agents.retrieve({ id: row.id, alias: null })).row.latest_version).toBe(51);
  });
});
