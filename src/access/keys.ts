import { sha256 } from '../core/canonical.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import { type Ids, randomText } from '../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { Store } from '../store/dialect.ts';
import {
  findKey,
  findKeyByHash,
  hasAdminKey,
  insertKey,
  type KeyRow,
  listKeys,
  revokeKey,
} from '../store/keys.ts';

/** What a key may do: an editor everything but managing keys, an admin that as well. */
export const roles = ['admin', 'editor'] as const;
export type Role = (typeof roles)[number];

/** A key without anything secret. */
export type Key = Omit<KeyRow, 'hash' | 'role'> & { readonly role: Role };

/** Who makes a request. `key_id` is null where no key is asked for, and for the server itself. */
export type Actor = { readonly key_id: string | null; readonly role: Role };

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly randomBytes: (size: number) => Uint8Array;
};

const prefix = 'sk-pawl-';
const secretLength = 40;
const maxKnown = 1000;
const knownForUs = 1_000_000;

/** API keys: only their hashes are kept, which is enough for texts that nobody can guess. */
export function createKeys({ store, clock, ids, randomBytes }: Deps) {
  function newRow(name: string, role: Role, secret: string): KeyRow {
    return {
      id: ids.next('key'),
      name,
      role,
      hash: sha256(secret),
      hint: secret.slice(-4),
      created_at: formatTime(clock.now()),
      revoked_at: null,
    };
  }

  // A key is looked up with every request. A second may pass before another process's revocation is seen here;
  // one of this process is seen at once.
  const known = new Map<string, { actor: Actor; until: number }>();
  let revocations = 0;
  const ownSecret = prefix + randomText(randomBytes, secretLength);
  const ownHash = sha256(ownSecret);

  function remember(hash: string, actor: Actor): Actor {
    if (known.size >= maxKnown) known.clear();
    known.set(hash, { actor, until: clock.now() + knownForUs });
    return actor;
  }

  async function create(name: string, role: Role): Promise<{ key: Key; secret: string }> {
    const secret = prefix + randomText(randomBytes, secretLength);
    const row = newRow(name, role, secret);
    await store.write((tx) => insertKey(tx, row));
    return { key: withoutSecrets(row), secret };
  }

  return {
    /** Makes a key. Its secret is given here and never again. */
    create,

    /** With this the server calls itself, as an editor. It is kept nowhere and is worth nothing after this process. */
    own_secret: ownSecret,

    /** Who a secret belongs to; null when nobody, or no more. */
    async identify(secret: string): Promise<Actor | null> {
      const hash = sha256(secret);
      if (hash === ownHash) return { key_id: null, role: 'editor' };
      const kept = known.get(hash);
      if (kept !== undefined && kept.until > clock.now()) return kept.actor;
      const before = revocations;
      const row = await findKeyByHash(store.db, hash);
      if (row === null || row.revoked_at !== null) return null;
      const actor = { key_id: row.id, role: row.role as Role };
      // What was read before a revocation must not be believed after it.
      return before === revocations ? remember(hash, actor) : this.identify(secret);
    },

    /** Whether whoever was let in as this actor still would be. */
    async isWelcome({ key_id }: Actor): Promise<boolean> {
      const row = key_id === null ? null : await findKey(store.db, key_id);
      return key_id === null || row?.revoked_at === null;
    },

    /**
     * Sees to it that somebody can get in. A preset secret becomes an admin key; without one, the first start
     * makes a key and gives its secret, to be shown once. Null when there is nothing to show.
     */
    async ensureAdmin(preset: string | null): Promise<string | null> {
      if (preset !== null) {
        const row = newRow('preset', 'admin', preset);
        await store.write(async (tx) => {
          if ((await findKeyByHash(tx, row.hash)) === null) await insertKey(tx, row);
        });
      }
      if (await hasAdminKey(store.db)) return null;
      return (await create('first admin', 'admin')).secret;
    },

    /** Revokes a key at once (streams that it opened end with their next ping); again, it changes nothing. @throws PawlError `key_not_found` */
    async revoke(id: string): Promise<Key> {
      const row = await store.write(async (tx) => {
        await revokeKey(tx, id, formatTime(clock.now()));
        return findKey(tx, id);
      });
      if (row === null) throw new PawlError('key_not_found', `API key ${id} does not exist`);
      revocations++;
      known.delete(row.hash);
      return withoutSecrets(row);
    },

    /** Keys by creation time, revoked ones included. */
    async list(request: PageRequest): Promise<Page<Key>> {
      const page = pageOf(await listKeys(store.db, request), request, (row) => [row.created_at, row.id]);
      return { data: page.data.map(withoutSecrets), next_page: page.next_page };
    },
  };
}

export type Keys = ReturnType<typeof createKeys>;

function withoutSecrets({ hash: _hash, role, ...row }: KeyRow): Key {
  return { ...row, role: role as Role };
}
