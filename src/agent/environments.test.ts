import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tellsNobody } from '../../test/tells-nobody.ts';
import { createAudit } from '../access/audit.ts';
import type { Actor } from '../access/keys.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import type { ListShape, PageRequest } from '../core/page.ts';
import { insertAgent } from '../store/agents.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { deleteSession, insertSession } from '../store/sessions.ts';
import { sampleAgent, sampleSession } from '../store/store.testsuite.ts';
import { createEnvironments, type Environments } from './environments.ts';

const me: Actor = { key_id: 'apikey_me', name: 'me', role: 'editor' };

let store: Store;
let environments: Environments;
const clock = createClock(() => 1_800_000_000_000);
const list: ListShape = { name: 'environments', key: ['string', 'string'], backwards: false };
const page: PageRequest = { list, limit: 100, order: 'asc', cursor: null };

beforeAll(async () => {
  store = await openStore({ kind: 'memory' });
  const ids = createIds(clock, randomBytes);
  environments = createEnvironments({
    ...{ store, clock, ids, audit: createAudit({ store, clock, ids }), notify: tellsNobody },
  });
});
afterAll(() => store.close());

test('a new environment can be read at once, with all defaults filled in', async () => {
  const made = await environments.create({ name: 'workshop', metadata: { floor: '2' } }, me);
  expect(made).toMatchObject({
    settings: { name: 'workshop', description: null, metadata: { floor: '2' } },
    archived_at: null,
    updated_at: made.created_at,
  });
  expect(made.settings.config.networking).toEqual({ type: 'unrestricted' });
  expect(await environments.retrieve(made.id)).toEqual(made);
});

test('an update changes what it names, and its time', async () => {
  const made = await environments.create({ name: 'workshop' }, me);
  const updated = await environments.update(made.id, { description: 'warm' }, me);
  expect(updated).toEqual({
    ...made,
    settings: { ...made.settings, description: 'warm' },
    updated_at: updated.updated_at,
  });
  expect(updated.updated_at > made.updated_at).toBe(true);
  expect(await environments.retrieve(made.id)).toEqual(updated);
});

test('an update that changes nothing leaves the time alone', async () => {
  const made = await environments.create({ name: 'workshop', metadata: { b: '1', 7: '2' } }, me);
  for (const nothing of [{}, { name: 'workshop' }, { config: {} }, { metadata: { 7: '2', c: null } }]) {
    expect(await environments.update(made.id, nothing, me)).toEqual(made);
  }
  expect(await environments.retrieve(made.id)).toEqual(made);
});

test('what the rules refuse changes nothing', async () => {
  const made = await environments.create({ name: 'workshop' }, me);
  const closed = { networking: { type: 'limited' as const }, packages: { npm: ['left-pad'] } };
  const refused = { code: 'invalid_request' };
  await expect(environments.create({ name: 'x', config: closed }, me)).rejects.toMatchObject(refused);
  await expect(environments.update(made.id, { name: 'y', config: closed }, me)).rejects.toMatchObject(
    refused,
  );
  expect(await environments.retrieve(made.id)).toEqual(made);
});

test('an archived environment can be read but not changed, and archiving again changes nothing', async () => {
  const made = await environments.create({ name: 'workshop' }, me);
  const archived = await environments.archive(made.id, me);
  expect(archived).toEqual({ ...made, archived_at: archived.updated_at, updated_at: archived.updated_at });
  expect(await environments.archive(made.id, me)).toEqual(archived);
  const change = environments.update(made.id, { name: 'workshop' }, me);
  await expect(change).rejects.toMatchObject({ code: 'environment_archived' });
  expect(await environments.retrieve(made.id)).toEqual(archived);
});

test('an environment is deleted once no session refers to it, an archived one as well', async () => {
  const made = await environments.create({ name: 'workshop' }, me);
  const session = sampleSession('sesn_1', { environment_id: made.id, archived_at: made.created_at });
  await store.write(async (tx) => {
    await insertAgent(tx, sampleAgent(session.agent_id));
    await insertSession(tx, session);
  });
  await environments.archive(made.id, me);
  await expect(environments.remove(made.id, me)).rejects.toMatchObject({ code: 'environment_in_use' });
  await store.write((tx) => deleteSession(tx, session.id));
  await environments.remove(made.id, me);
  await expect(environments.retrieve(made.id)).rejects.toMatchObject({ code: 'environment_not_found' });
});

test('what is not there is said to be missing', async () => {
  const missing = { code: 'environment_not_found' };
  await expect(environments.retrieve('env_none')).rejects.toMatchObject(missing);
  await expect(environments.update('env_none', {}, me)).rejects.toMatchObject(missing);
  await expect(environments.archive('env_none', me)).rejects.toMatchObject(missing);
  await expect(environments.remove('env_none', me)).rejects.toMatchObject(missing);
});

test('a list leaves archived ones out unless it is asked for them', async () => {
  const [live, archived] = [
    await environments.create({ name: 'a' }, me),
    await environments.create({ name: 'b' }, me),
  ];
  const gone = await environments.archive(archived.id, me);
  const listed = async (include_archived: boolean) =>
    (await environments.list({ include_archived }, page)).data.slice(include_archived ? -2 : -1);
  expect(await listed(false)).toEqual([live]);
  expect(await listed(true)).toEqual([live, gone]);
});

test('changes made at once are all kept', async () => {
  const made = await environments.create({ name: 'workshop' }, me);
  const keys = Array.from({ length: 16 }, (_, i) => `key ${i}`);
  await Promise.all(keys.map((key) => environments.update(made.id, { metadata: { [key]: 'x' } }, me)));
  expect(Object.keys((await environments.retrieve(made.id)).settings.metadata)).toHaveLength(16);
});
