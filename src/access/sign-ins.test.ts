import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
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
import { type Actor, createKeys, serverActor } from './keys.ts';
import { createSignIns, type HeldKey } from './sign-ins.ts';

const me: Actor = { key_id: 'apikey_me', name: 'me', role: 'admin' };
const hourMs = 3_600_000;
/** Each test has days of its own: what the log of a database has seen is past for all that come after. */
let start = Date.parse('2027-01-15T08:00:00Z');
let now = start;

/** What one process has. */
function roomOn(store: Store) {
  const clock = createClock(() => now);
  const audit = createAudit({ store, clock, ids: createIds(clock, randomBytes) });
  const parts = { store, clock, audit, ids: createIds(clock, randomBytes), randomBytes };
  const keys = createKeys({ ...parts, own: serverActor });
  return { keys, signIns: createSignIns({ ...parts, keys }) };
}

type Room = ReturnType<typeof roomOn>;

async function newKey({ keys }: Room, expires_at?: string): Promise<HeldKey> {
  const { key } = await keys.create({ name: 'ann', role: 'editor', expires_at }, me);
  return { actor: { key_id: key.id, name: key.name, role: key.role }, expires_at: key.expires_at };
}

const actionsOn = async (store: Store, { actor }: HeldKey) => {
  const entries = store.db.selectFrom('audit_entries').selectAll().where('subject_id', '=', actor.key_id);
  return (await entries.orderBy('seq').execute()).map(({ action, outcome }) => `${action} ${outcome}`);
};

/** Waits with what it has read until it is told to go on. */
function slowly(store: Store) {
  const [read, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      read.resolve();
      await goOn.promise;
      return result;
    },
  };
  return { store: { ...store, db: store.db.withPlugin(plugin) }, read: read.promise, goOn: goOn.resolve };
}

function behaves(open: () => Promise<Store>): void {
  let store: Store;
  let room: Room;

  beforeEach(async () => {
    start += 48 * hourMs;
    now = start;
    store = await open();
    room = roomOn(store);
  });
  afterEach(() => store.close());

  test('a sign-in is who its key is, for 12 hours', async () => {
    const key = await newKey(room);
    const { token, expires_at } = await room.signIns.begin(key);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(Date.parse(expires_at)).toBe(start + 12 * hourMs);
    const known = { kind: 'known', actor: key.actor, rate_limit_per_minute: null, expires_at };
    expect(await room.signIns.identify(token)).toEqual(known);
    now = start + 12 * hourMs - 10;
    expect(await room.signIns.identify(token)).toEqual(known);
    expect(await room.signIns.isWelcome(token)).toBe(true);
    now = start + 12 * hourMs + 10;
    expect(await room.signIns.isWelcome(token)).toBe(false);
    expect(await room.signIns.identify(token)).toEqual({ kind: 'unknown' });
    // Nor does it count again when the clock is set back.
    now = start;
    expect(await roomOn(store).signIns.identify(token)).toEqual({ kind: 'unknown' });
  });

  test('one of a key with an end is not longer than that', async () => {
    const end = new Date(start + hourMs).toISOString().replace('Z', '000Z');
    const { token, expires_at } = await room.signIns.begin(await newKey(room, end));
    expect(expires_at).toBe(end);
    now = Date.parse(end) + 1;
    expect(await room.signIns.identify(token)).toEqual({ kind: 'unknown' });
  });

  test('only the hash of a token is kept, and the log has neither', async () => {
    const key = await newKey(room);
    const { token } = await room.signIns.begin(key);
    await room.signIns.end(token);
    const again = await room.signIns.begin(key);
    const rows = await store.db.selectFrom('sign_ins').selectAll().execute();
    const mine = rows.filter(({ key_id }) => key_id === key.actor.key_id);
    expect(mine.map(({ hash }) => hash)).toEqual([sha256(again.token)]);
    const log = JSON.stringify(await store.db.selectFrom('audit_entries').selectAll().execute());
    for (const one of [token, again.token]) {
      expect(log).not.toContain(one);
      expect(log).not.toContain(sha256(one));
      expect(JSON.stringify(rows)).not.toContain(one);
    }
    expect(await actionsOn(store, key)).toEqual([
      'key.created done',
      'sign_in.created done',
      'sign_in.ended done',
      'sign_in.created done',
    ]);
  });

  test('any other text is nobody', async () => {
    const { token } = await room.signIns.begin(await newKey(room));
    const near = [token.slice(1), `${token}a`, token.toLowerCase(), sha256(token)];
    for (const text of ['', 'x', '\0', 'a'.repeat(43), 'a'.repeat(100_000), ...near]) {
      expect(await room.signIns.identify(text)).toEqual({ kind: 'unknown' });
    }
  });

  test('what is signed out opens nothing from then on, here at once and elsewhere after a second', async () => {
    const key = await newKey(room);
    const [first, second] = [await room.signIns.begin(key), await room.signIns.begin(key)];
    const other = roomOn(store);
    for (const { signIns } of [room, other]) {
      expect(await signIns.identify(first.token)).toMatchObject({ kind: 'known' });
    }
    await Promise.all([room.signIns.end(first.token), room.signIns.end(first.token)]);
    expect(await room.signIns.identify(first.token)).toEqual({ kind: 'unknown' });
    expect(await other.signIns.isWelcome(first.token)).toBe(false);
    now += 1001;
    expect(await other.signIns.identify(first.token)).toEqual({ kind: 'unknown' });
    expect(await room.signIns.identify(second.token)).toMatchObject({ kind: 'known' });
    const ends = (await actionsOn(store, key)).filter((action) => action.startsWith('sign_in.ended'));
    expect(ends).toHaveLength(1);
  });

  test('what is signed out while somebody is being let in opens nothing from then on', async () => {
    const key = await newKey(room);
    const { token } = await room.signIns.begin(key);
    const slow = slowly(store);
    const { signIns } = roomOn(slow.store);
    const first = signIns.identify(token);
    await slow.read;
    await signIns.end(token);
    slow.goOn();
    await first;
    expect(await signIns.identify(token)).toEqual({ kind: 'unknown' });
  });

  test('a revoked key ends its sign-ins: here at once, elsewhere after a second', async () => {
    const key = await newKey(room);
    const { token } = await room.signIns.begin(key);
    const other = roomOn(store);
    expect(await room.signIns.identify(token)).toMatchObject({ kind: 'known' });
    expect(await other.signIns.identify(token)).toMatchObject({ kind: 'known' });
    await room.keys.revoke(key.actor.key_id, me);
    expect(await room.signIns.identify(token)).toMatchObject({ kind: 'revoked' });
    expect(await other.signIns.isWelcome(token)).toBe(false);
    now += 1001;
    expect(await other.signIns.identify(token)).toMatchObject({ kind: 'revoked' });
    // Somebody goes on trying it: that is written down as for the key itself.
    expect(await actionsOn(store, key)).toContain('key.used refused');
  });

  test('a limit that a key is given holds for its sign-ins', async () => {
    const key = await newKey(room);
    const { token } = await room.signIns.begin(key);
    await room.signIns.identify(token);
    await room.keys.setLimit(key.actor.key_id, 7, me);
    expect(await room.signIns.identify(token)).toMatchObject({ rate_limit_per_minute: 7 });
  });

  test('what is over is forgotten when others sign in', async () => {
    const key = await newKey(room);
    await room.signIns.begin(key);
    now += 6 * hourMs;
    await room.signIns.begin(key);
    now += 7 * hourMs;
    await room.signIns.begin(key);
    const rows = store.db.selectFrom('sign_ins').select('hash').where('key_id', '=', key.actor.key_id);
    expect(await rows.execute()).toHaveLength(2);
  });

  test('a key is looked up in the database once a second, however often somebody asks', async () => {
    const { token } = await room.signIns.begin(await newKey(room));
    let queries = 0;
    const counting: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        queries++;
        return result;
      },
    };
    const { signIns } = roomOn({ ...store, db: store.db.withPlugin(counting) });
    await signIns.identify(token);
    const first = queries;
    for (let n = 0; n < 20; n++) await signIns.identify(token);
    expect(first).toBeGreaterThan(0);
    expect(queries).toBe(first);
  });
}

describe('On SQLite', () => {
  behaves(() => openStore({ kind: 'memory' }));

  test('a sign-in outlives the process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pawl-sign-ins-'));
    const before = await openStore({ kind: 'sqlite', folder });
    const { token } = await roomOn(before).signIns.begin(await newKey(roomOn(before)));
    await before.close();
    const after = await openStore({ kind: 'sqlite', folder });
    expect(await roomOn(after).signIns.identify(token)).toMatchObject({ kind: 'known' });
    await after.close();
    rmSync(folder, { recursive: true });
  });
});

describe('On PostgreSQL', () => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await migratedDatabase();
  });
  afterAll(() => database.drop());

  behaves(() => openStore({ kind: 'postgres', url: database.url }));

  test('a sign-in counts at every process, and so does its end', async () => {
    const url = database.url;
    const [one, other] = await Promise.all([
      openStore({ kind: 'postgres', url }),
      openStore({ kind: 'postgres', url }),
    ]);
    const [here, there] = [roomOn(one), roomOn(other)];
    const { token } = await here.signIns.begin(await newKey(here));
    expect(await there.signIns.identify(token)).toMatchObject({ kind: 'known' });
    await there.signIns.end(token);
    now += 1001;
    expect(await here.signIns.identify(token)).toEqual({ kind: 'unknown' });
    await Promise.all([one.close(), other.close()]);
  });

  test('many sign in and out at once', async () => {
    const store = await openStore({ kind: 'postgres', url: database.url });
    const room = roomOn(store);
    const key = await newKey(room);
    const begun = await Promise.all(Array.from({ length: 12 }, () => room.signIns.begin(key)));
    await Promise.all(begun.map(({ token }) => room.signIns.end(token)));
    const actions = await actionsOn(store, key);
    expect(actions.filter((action) => action === 'sign_in.ended done')).toHaveLength(12);
    await store.close();
  });
});
