import type { AuditActor } from '../core/audit-entry.ts';
import { sha256 } from '../core/canonical.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import { type Ids, randomText } from '../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { Role } from '../core/roles.ts';
import { findAuditHead, lockAuditHead } from '../store/audit.ts';
import type { Handle, Store } from '../store/dialect.ts';
import {
  findKey,
  findKeyByHash,
  hasAdminKey,
  insertKey,
  type KeyFilter,
  type KeyRow,
  listKeys,
  lockKey,
  revokeKey,
  setKeyLimit,
} from '../store/keys.ts';
import type { Audit } from './audit.ts';

/** A key without anything secret. */
export type Key = Omit<KeyRow, 'hash' | 'role'> & { readonly role: Role };

/** A key to make; without an end it has none, and without a limit it has that of every key. */
export type NewKey = Pick<Key, 'name' | 'role'> & {
  readonly expires_at?: string | undefined;
  readonly rate_limit_per_minute?: number | null | undefined;
};

/**
 * Who makes a request. `key_id` is null where no key is asked for, and for the server itself. Two keys of one name are
 * one person: what the author must not do cannot be done with a second key either.
 */
export type Actor = AuditActor;

/** The server, where it acts by itself. */
export const serverActor: Actor = { key_id: null, name: 'pawl', role: 'editor' };

/** Whoever may read and write the data folder anyway, and works without a key. */
export const localActor: Actor = { key_id: null, name: 'local', role: 'admin' };

/** Whom a secret belongs to, or why it opens nothing. */
export type Identity =
  | KnownKey
  | { readonly kind: 'unknown' }
  | { readonly kind: 'revoked' | 'expired'; readonly at: string };

/**
 * A key that is let in. `rate_limit_per_minute` is how many requests a minute it may make: 0 for as many as it likes,
 * null for what the server allows every key. `expires_at` is from when on it is let in no more; null for never.
 */
export type KnownKey = {
  readonly kind: 'known';
  readonly actor: Actor;
  readonly rate_limit_per_minute: number | null;
  readonly expires_at: string | null;
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly audit: Audit;
  readonly randomBytes: (size: number) => Uint8Array;
  /** Whom the server's own key stands for. */
  readonly own: Actor;
};

const prefix = 'sk-pawl-';
const secretLength = 40;
const maxKnown = 1000;
const knownForUs = 1_000_000;

/** API keys: only their hashes are kept, which is enough for texts that nobody can guess. */
export function createKeys({ store, clock, ids, audit, randomBytes, own }: Deps) {
  function newRow(fields: Pick<KeyRow, 'name' | 'role'> & Partial<KeyRow>, secret: string): KeyRow {
    return {
      id: ids.next('key'),
      expires_at: null,
      rate_limit_per_minute: null,
      ...fields,
      hash: sha256(secret),
      hint: secret.slice(-4),
      created_at: formatTime(clock.now()),
      revoked_at: null,
    };
  }

  // A key is looked up with every request. A second may pass before another process's revocation is seen here;
  // one of this process is seen at once.
  const known = new Map<string, { key: KnownKey; until: number }>();
  let changes = 0;
  const ownSecret = prefix + randomText(randomBytes, secretLength);
  const ownHash = sha256(ownSecret);
  const ownKey: KnownKey = { kind: 'known', actor: own, rate_limit_per_minute: 0, expires_at: null };

  function remember(row: KeyRow): KnownKey {
    const { hash, expires_at, rate_limit_per_minute } = row;
    const key = { kind: 'known', actor: actorOf(row), rate_limit_per_minute, expires_at } as const;
    if (known.size >= maxKnown) known.clear();
    const until = clock.now() + knownForUs;
    // Past its end, it is looked up again.
    if (expires_at === null || expires_at > formatTime(until)) known.set(hash, { key, until });
    return key;
  }

  /** What was believed of a key is looked up again, also by whoever is looking it up at the moment. */
  function forget({ hash }: KeyRow): void {
    changes++;
    known.delete(hash);
  }

  async function insert(tx: Handle, row: KeyRow, by: Actor): Promise<void> {
    await insertKey(tx, row);
    // Everybody reads the log, so that it tells nothing that helps to know the secret.
    const { id, name, role, expires_at, rate_limit_per_minute } = row;
    const fact = { action: 'key.created', outcome: 'done', actor: by, reason: null, before: null } as const;
    const after = { name, role, expires_at, rate_limit_per_minute };
    await audit.append(tx, { ...fact, subject: { type: 'api_key', id }, after });
  }

  /** Ends a key and writes it down, unless that was done before. */
  async function end(tx: Handle, id: string, how: { by: Actor; at: string; action: string }): Promise<void> {
    if (!(await revokeKey(tx, id, how.at))) return;
    await audit.append(tx, {
      ...{ action: how.action, outcome: 'done', actor: how.by, reason: null },
      subject: { type: 'api_key', id },
      ...{ before: { revoked_at: null }, after: { revoked_at: how.at } },
    });
  }

  async function create(fields: NewKey, by: Actor): Promise<{ key: Key; secret: string }> {
    const secret = prefix + randomText(randomBytes, secretLength);
    const { name, role, expires_at = null, rate_limit_per_minute = null } = fields;
    const row = newRow({ name, role, expires_at, rate_limit_per_minute }, secret);
    await store.write((tx) => insert(tx, row, by));
    return { key: withoutSecrets(row), secret };
  }

  /** A key that is no good any more; somebody who tries it is written down. */
  async function refuse(row: KeyRow, kind: 'revoked' | 'expired', at: string): Promise<Identity> {
    const attempt = { action: 'key.used', actor: actorOf(row), subject: { type: 'api_key', id: row.id } };
    await audit.refuse({ ...attempt, reason: `the key is ${kind}` });
    return { kind, at };
  }

  /** Whether a time has come; what the audit log has seen has come, even if the clock has been set back since. */
  async function isPast(time: string): Promise<boolean> {
    if (time <= formatTime(clock.now())) return true;
    const { at } = await findAuditHead(store.db);
    return at !== null && time <= at;
  }

  /** Once a key's time is over, it stays so, even if the clock is set back. */
  async function expire(row: KeyRow, at: string): Promise<Identity> {
    await store.write((tx) => end(tx, row.id, { by: serverActor, at, action: 'key.expired' }));
    return refuse(row, 'expired', at);
  }

  async function identifyHash(hash: string): Promise<Identity> {
    if (hash === ownHash) return ownKey;
    const kept = known.get(hash);
    if (kept !== undefined && kept.until > clock.now()) return kept.key;
    const before = changes;
    const row = await findKeyByHash(store.db, hash);
    if (row === null) return { kind: 'unknown' };
    const { expires_at, revoked_at } = row;
    if (revoked_at !== null)
      return refuse(row, revoked_at === expires_at ? 'expired' : 'revoked', revoked_at);
    if (expires_at !== null && (await isPast(expires_at))) return expire(row, expires_at);
    // What was read before a change must not be believed after it.
    if (before !== changes) return identifyHash(hash);
    return remember(row);
  }

  return {
    /** Makes a key. Its secret is given here and never again. */
    create,

    /** With this the server calls itself. It is kept nowhere and is worth nothing after this process. */
    own_secret: ownSecret,

    /** Who a secret belongs to, or why nobody. */
    identify: (secret: string): Promise<Identity> => identifyHash(sha256(secret)),

    /** The same for whoever has shown the secret before, and of whom its hash was kept. */
    identifyHash,

    isPast,

    /** Whether whoever was let in as this actor still would be. */
    async isWelcome({ key_id }: Actor): Promise<boolean> {
      if (key_id === null) return true;
      const row = await findKey(store.db, key_id);
      if (row === null || row.revoked_at !== null) return false;
      return row.expires_at === null || !(await isPast(row.expires_at));
    },

    /**
     * Sees to it that somebody can get in. A preset secret becomes an admin key; without one, the first start
     * makes a key and gives its secret, to be shown once. Null when there is nothing to show.
     */
    async ensureAdmin(preset: string | null): Promise<string | null> {
      const presetRow = preset === null ? null : newRow({ name: 'preset', role: 'admin' }, preset);
      const secret = prefix + randomText(randomBytes, secretLength);
      const isNew = await store.write(async (tx) => {
        // Processes that start together take turns here, so that the second one sees what the first has made.
        await lockAuditHead(tx, store.dialect);
        if (presetRow !== null && (await findKeyByHash(tx, presetRow.hash)) === null)
          await insert(tx, presetRow, serverActor);
        if (await hasAdminKey(tx, formatTime(clock.now()))) return false;
        await insert(tx, newRow({ name: 'first admin', role: 'admin' }, secret), serverActor);
        return true;
      });
      return isNew ? secret : null;
    },

    /** Revokes a key at once (streams that it opened end with their next ping); again, it changes nothing. @throws PawlError `key_not_found` */
    async revoke(id: string, by: Actor): Promise<Key> {
      const row = await store.write(async (tx) => {
        await end(tx, id, { by, at: formatTime(clock.now()), action: 'key.revoked' });
        return findKey(tx, id);
      });
      if (row === null) throw noKey(id);
      forget(row);
      return withoutSecrets(row);
    },

    /**
     * Sets how many requests a minute a key may make: at once for this process, after a second for the others.
     * @throws PawlError `key_not_found`
     */
    async setLimit(id: string, rate_limit_per_minute: number | null, by: Actor): Promise<Key> {
      const row = await store.write(async (tx) => {
        const before = await lockKey(tx, store.dialect, id);
        if (before === null) throw noKey(id);
        if (before.rate_limit_per_minute === rate_limit_per_minute) return before;
        await setKeyLimit(tx, id, rate_limit_per_minute);
        await audit.append(tx, {
          ...{ action: 'key.updated', outcome: 'done', actor: by, reason: null },
          subject: { type: 'api_key', id },
          before: { rate_limit_per_minute: before.rate_limit_per_minute },
          after: { rate_limit_per_minute },
        });
        return { ...before, rate_limit_per_minute };
      });
      forget(row);
      return withoutSecrets(row);
    },

    /** Keys by creation time, revoked ones included. */
    async list(request: PageRequest, filter: KeyFilter = {}): Promise<Page<Key>> {
      const rows = await listKeys(store.db, request, filter);
      const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
      return { data: page.data.map(withoutSecrets), next_page: page.next_page };
    },
  };
}

export type Keys = ReturnType<typeof createKeys>;

/** Whether a secret is like those that are made here. Those are not found by trying, at whatever speed; others may be. */
export function isMadeHere(secret: string): boolean {
  return secret.startsWith(prefix) && secret.length === prefix.length + secretLength;
}

function noKey(id: string): PawlError {
  return new PawlError('key_not_found', `API key ${id} does not exist`);
}

function actorOf(row: KeyRow): Actor {
  return { key_id: row.id, name: row.name, role: row.role as Role };
}

function withoutSecrets({ hash: _hash, role, ...row }: KeyRow): Key {
  return { ...row, role: role as Role };
}
