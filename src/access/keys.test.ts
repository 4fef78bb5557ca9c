import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KyselyPlugin } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FreshDatabase, migratedDatabase } from '../../test/postgres.ts';
import { sha256 } from '../core/canonical.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { createAudit } from './audit.ts';
import { type Actor, createKeys, isMadeHere, type Keys, serverActor } from './keys.ts';

const me: Actor = { key_id: 'apikey_me', name: 'me', role: 'admin' };

let store: Store;
let keys: Keys;
const list = { name: 'keys', key: ['string', 'string'], backwards: false } as const;
const page = { list, limit: 100, order: 'asc', cursor: null } as const;

let now: number;

function keysOn(on: Store): Keys {
  const clock = createClock(() => now);
  const ids = createIds(clock, randomBytes);
  const audit = createAudit({ store: on, clock, ids });
  return createKeys({ store: on, clock, ids, audit, randomBytes, own: serverActor });
}

beforeEach(async () => {
  now = 1_800_000_000_000;
  store = await openStore({ kind: 'memory' });
  keys = keysOn(store);
});
afterEach(() => store.close());

test('a new key opens the door for its role', async () => {
  const { key, secret } = await keys.create({ name: 'robot', role: 'editor' }, me);
  expect(secret).toMatch(/^sk-pawl-[1-9A-HJ-NP-Za-km-z]{40}$/);
  expect(isMadeHere(secret)).toBe(true);
  for (const other of ['', 'a-preset-secret-of-mine', 'sk-pawl-short', `${secret}x`]) {
    expect(isMadeHere(other)).toBe(false);
  }
  expect(key).toMatchObject({ name: 'robot', role: 'editor', hint: secret.slice(-4), revoked_at: null });
  expect(await keys.identify(secret)).toEqual({
    kind: 'known',
    actor: { key_id: key.id, name: 'robot', role: 'editor' },
    rate_limit_per_minute: null,
    expires_at: null,
  });
});

test.each(['', ' ', 'sk-pawl-', '\0', 'half \ud83e'])('%j opens nothing', async (text) => {
  await keys.create({ name: 'robot', role: 'admin' }, me);
  expect((await keys.identify(text)).kind).not.toBe('known');
});

test('a secret opens nothing when a letter is added, lost or changed', async () => {
  const { secret } = await keys.create({ name: 'robot', role: 'admin' }, me);
  const wrong = [
    `${secret} `,
    ` ${secret}`,
    secret.slice(1),
    secret.slice(0, -1),
    secret.toUpperCase(),
    sha256(secret),
  ];
  for (const text of wrong) expect((await keys.identify(text)).kind).not.toBe('known');
});

test('what is listed, and what is written to disk, tells no secret', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-keys-'));
  const lasting = await openStore({ kind: 'sqlite', folder });
  const own = keysOn(lasting);
  const { key, secret } = await own.create({ name: 'robot', role: 'admin' }, me);
  await own.ensureAdmin('a-preset-secret-of-mine');
  const listed = await own.list(page);
  expect(listed.data[0]).toEqual(key);
  expect(JSON.stringify(listed)).not.toContain(sha256(secret));
  const row = await lasting.db.selectFrom('api_keys').selectAll().where('id', '=', key.id).executeTakeFirst();
  expect(row).toMatchObject({ hash: sha256(secret), hint: secret.slice(-4) });
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
  await lasting.close();
  files.push(...readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1')));
  rmSync(folder, { recursive: true });
  for (const file of files) {
    expect(file).not.toContain(secret.slice(8, -4));
    expect(file).not.toContain('a-preset-secret');
  }
  expect(files.join('')).toContain(sha256(secret));
});

test('a revoked key opens nothing from then on, and revoking it again changes nothing', async () => {
  const { key, secret } = await keys.create({ name: 'robot', role: 'admin' }, me);
  const other = await keys.create({ name: 'other', role: 'editor' }, me);
  expect((await keys.identify(secret)).kind).toBe('known');
  const revoked = await keys.revoke(key.id, me);
  expect((await keys.identify(secret)).kind).not.toBe('known');
  expect(revoked).toEqual({ ...key, revoked_at: revoked.revoked_at });
  expect(revoked.revoked_at).not.toBeNull();
  expect(await keys.revoke(key.id, me)).toEqual(revoked);
  expect((await keys.list(page)).data).toEqual([revoked, other.key]);
  expect((await keys.identify(other.secret)).kind).toBe('known');
  await expect(keys.revoke('apikey_none', me)).rejects.toMatchObject({ code: 'key_not_found' });
});

test('a key that another process has revoked opens nothing after a second', async () => {
  const { key, secret } = await keys.create({ name: 'robot', role: 'admin' }, me);
  expect((await keys.identify(secret)).kind).toBe('known');
  await keysOn(store).revoke(key.id, me);
  now += 1001;
  expect((await keys.identify(secret)).kind).not.toBe('known');
});

test('a key that is revoked while somebody is being let in opens nothing from then on', async () => {
  const { key, secret } = await keys.create({ name: 'robot', role: 'admin' }, me);
  const [read, revoked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slowly: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      read.resolve();
      await revoked.promise;
      return result;
    },
  };
  const slow = keysOn({ ...store, db: store.db.withPlugin(slowly) });
  const first = slow.identify(secret);
  await read.promise;
  await slow.revoke(key.id, me);
  revoked.resolve();
  await first;
  expect((await slow.identify(secret)).kind).not.toBe('known');
});

test('the first start makes an admin key and tells its secret once', async () => {
  const secret = await keys.ensureAdmin(null);
  expect(await keys.identify(secret ?? '')).toMatchObject({ actor: { role: 'admin' } });
  expect(await keys.ensureAdmin(null)).toBeNull();
  expect((await keys.list(page)).data).toHaveLength(1);
});

test('an editor, or a revoked admin, does not count as somebody who can get in', async () => {
  await keys.create({ name: 'robot', role: 'editor' }, me);
  const first = await keys.create({ name: 'first', role: 'admin' }, me);
  await keys.revoke(first.key.id, me);
  expect(await keys.ensureAdmin(null)).not.toBeNull();
  expect(await keys.ensureAdmin(null)).toBeNull();
});

test('a preset secret is an admin key, however often the server starts', async () => {
  for (let start = 0; start < 3; start++) expect(await keys.ensureAdmin('a-preset-secret')).toBeNull();
  await Promise.all([keys.ensureAdmin('a-preset-secret'), keys.ensureAdmin('another-preset')]);
  expect((await keys.list(page)).data.map(({ name, role }) => [name, role])).toEqual([
    ['preset', 'admin'],
    ['preset', 'admin'],
  ]);
  expect(await keys.identify('a-preset-secret')).toMatchObject({ actor: { role: 'admin' } });
});

test('a revoked preset stays revoked, and the start then makes a key of its own', async () => {
  await keys.ensureAdmin('a-preset-secret');
  const [preset] = (await keys.list(page)).data;
  await keys.revoke(preset?.id ?? '', me);
  const secret = await keys.ensureAdmin('a-preset-secret');
  expect((await keys.identify('a-preset-secret')).kind).not.toBe('known');
  // Otherwise nobody could get in any more, and nothing would say why.
  expect(await keys.identify(secret ?? '')).toMatchObject({ actor: { role: 'admin' } });
});

describe('The limit of a key', () => {
  const limitOf = async (of: Keys, secret: string) => {
    const identity = await of.identify(secret);
    return identity.kind === 'known' ? identity.rate_limit_per_minute : identity.kind;
  };

  test('is what it was made with, and what it was set to later, at once', async () => {
    const { key, secret } = await keys.create({ name: 'a', role: 'editor', rate_limit_per_minute: 5 }, me);
    expect([key.rate_limit_per_minute, await limitOf(keys, secret)]).toEqual([5, 5]);
    for (const limit of [0, 7, null]) {
      expect(await keys.setLimit(key.id, limit, me)).toEqual({ ...key, rate_limit_per_minute: limit });
      expect(await limitOf(keys, secret)).toBe(limit);
    }
    await expect(keys.setLimit('apikey_none', 1, me)).rejects.toMatchObject({ code: 'key_not_found' });
  });

  test('is known to another process after a second', async () => {
    const { key, secret } = await keys.create({ name: 'a', role: 'editor' }, me);
    const other = keysOn(store);
    expect(await limitOf(other, secret)).toBeNull();
    await keys.setLimit(key.id, 3, me);
    now += 1001;
    expect(await limitOf(other, secret)).toBe(3);
  });

  test('is written down where it changes, and only there', async () => {
    const { key } = await keys.create({ name: 'a', role: 'editor', rate_limit_per_minute: 5 }, me);
    for (const limit of [5, 9, 9, null]) await keys.setLimit(key.id, limit, me);
    const entries = await store.db.selectFrom('audit_entries').selectAll().orderBy('seq').execute();
    const changes = entries.filter(({ action }) => action === 'key.updated');
    expect(changes.map(({ before, after }) => [JSON.parse(before ?? ''), JSON.parse(after ?? '')])).toEqual([
      [{ rate_limit_per_minute: 5 }, { rate_limit_per_minute: 9 }],
      [{ rate_limit_per_minute: 9 }, { rate_limit_per_minute: null }],
    ]);
  });

  test('does not hold the server itself', async () => {
    expect(await limitOf(keys, keys.own_secret)).toBe(0);
  });
});

describe('A key with an end', () => {
  const end = '2027-01-15T09:00:00.000000Z';
  const [before, after] = ['2027-01-15T08:59:59Z', '2027-01-15T09:00:01Z'].map((text) => Date.parse(text));

  async function expiring() {
    now = before ?? 0;
    return keys.create({ name: 'guest', role: 'editor', expires_at: end }, me);
  }

  test('opens the door until then', async () => {
    const { key, secret } = await expiring();
    expect(key.expires_at).toBe(end);
    expect((await keys.identify(secret)).kind).toBe('known');
    now = after ?? 0;
    expect(await keys.identify(secret)).toEqual({ kind: 'expired', at: end });
  });

  test('stays closed when the clock is set back', async () => {
    const { secret } = await expiring();
    now = after ?? 0;
    await keys.identify(secret);
    now = before ?? 0;
    // Another process, whose clock has not seen the later time.
    expect(await keysOn(store).identify(secret)).toEqual({ kind: 'expired', at: end });
  });

  test('stays closed as well when nobody has tried it in between, as long as something was written down', async () => {
    const { secret } = await expiring();
    now = after ?? 0;
    await keys.create({ name: 'other', role: 'editor' }, me);
    now = before ?? 0;
    expect(await keysOn(store).identify(secret)).toEqual({ kind: 'expired', at: end });
  });

  test('is no admin who can get in, once it is over', async () => {
    now = before ?? 0;
    await keys.create({ name: 'first', role: 'admin', expires_at: end }, me);
    now = after ?? 0;
    expect(await keysOn(store).ensureAdmin(null)).not.toBeNull();
  });
});

test('making, revoking, and trying a revoked key is written down, the last of them once', async () => {
  const { key, secret } = await keys.create({ name: 'robot', role: 'editor' }, me);
  await keys.revoke(key.id, me);
  await keys.revoke(key.id, me);
  for (let n = 0; n < 3; n++) await keys.identify(secret);
  const entries = await store.db.selectFrom('audit_entries').selectAll().orderBy('seq').execute();
  expect(entries.map(({ action, outcome }) => [action, outcome])).toEqual([
    ['key.created', 'done'],
    ['key.revoked', 'done'],
    ['key.used', 'refused'],
  ]);
  expect(JSON.stringify(entries)).not.toContain(secret);
  // Everybody may read the log, but nobody needs a part of the secret.
  const after = { name: 'robot', role: 'editor', expires_at: null, rate_limit_per_minute: null };
  expect(JSON.parse(entries[0]?.after ?? '')).toEqual(after);
});

describe('On PostgreSQL', () => {
  let database: FreshDatabase;
  let shared: Store;
  beforeAll(async () => {
    database = await migratedDatabase();
    shared = await openStore({ kind: 'postgres', url: database.url });
  });
  afterAll(async () => {
    await shared.close();
    await database.drop();
  });

  test.each([['a-preset-secret'], [null]])(
    'processes that start together (preset %s) make one key, and one of them tells what it made',
    async (preset) => {
      const empty = await migratedDatabase();
      const stores = await Promise.all(
        Array.from({ length: 6 }, () => openStore({ kind: 'postgres', url: empty.url })),
      );
      const told = await Promise.all(stores.map((one) => keysOn(one).ensureAdmin(preset)));
      expect(told.filter((secret) => secret !== null)).toHaveLength(preset === null ? 1 : 0);
      expect((await keysOn(stores[0] ?? shared).list(page)).data).toHaveLength(1);
      await Promise.all(stores.map((one) => one.close()));
      await empty.drop();
    },
  );

  const actionsOn = async (id: string): Promise<string[]> => {
    const entries = shared.db.selectFrom('audit_entries').select('action').where('subject_id', '=', id);
    return (await entries.where('outcome', '=', 'done').orderBy('seq').execute()).map(({ action }) => action);
  };

  test('a key that many revoke at once is revoked once, and all are told the same', async () => {
    const many = keysOn(shared);
    const { key } = await many.create({ name: 'robot', role: 'editor' }, me);
    const told = await Promise.all(Array.from({ length: 8 }, () => many.revoke(key.id, me)));
    expect(await actionsOn(key.id)).toEqual(['key.created', 'key.revoked']);
    expect(new Set(told.map(({ revoked_at }) => revoked_at)).size).toBe(1);
  });

  test('a limit that many set at once is written down as one change after the other', async () => {
    const many = keysOn(shared);
    const { key } = await many.create({ name: 'robot', role: 'editor' }, me);
    await Promise.all(Array.from({ length: 8 }, (_, n) => many.setLimit(key.id, n, me)));
    const entries = shared.db.selectFrom('audit_entries').selectAll().where('subject_id', '=', key.id);
    const changes = await entries.where('action', '=', 'key.updated').orderBy('seq').execute();
    const [befores, afters] = [changes.map(({ before }) => before), changes.map(({ after }) => after)];
    expect(befores.slice(1)).toEqual(afters.slice(0, -1));
    expect(new Set(afters).size).toBe(8);
  });

  test('a key that many try when its time is over ends once', async () => {
    const many = keysOn(shared);
    const end = '2027-01-15T09:00:00.000000Z';
    const { key, secret } = await many.create({ name: 'guest', role: 'editor', expires_at: end }, me);
    now = Date.parse(end) + 1;
    await Promise.all(Array.from({ length: 8 }, () => many.identify(secret)));
    expect(await actionsOn(key.id)).toEqual(['key.created', 'key.expired']);
  });
});
