import { sha256 } from '../core/canonical.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import type { Role } from '../core/roles.ts';
import type { Store } from '../store/dialect.ts';
import {
  deleteEndedSignIns,
  deleteSignIn,
  findSignIn,
  insertSignIn,
  type KeyedSignIn,
} from '../store/sign-ins.ts';
import type { Audit } from './audit.ts';
import type { Actor, Identity, Keys } from './keys.ts';

/** What a browser is given instead of the key. */
export type SignIn = {
  /** Worth as much as the key, until the end. It is kept nowhere. */
  readonly token: string;
  /** RFC 3339. */
  readonly expires_at: string;
};

/** A key that somebody holds: the server's own has no id. Without an end, `expires_at` is null. */
export type HeldKey = {
  readonly actor: Actor & { readonly key_id: string };
  readonly expires_at: string | null;
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly keys: Keys;
  readonly randomBytes: (size: number) => Uint8Array;
};

/** A working day with its breaks: what was left open in a browser is worth nothing the next morning. */
const lifeUs = 12 * 3_600_000_000;
const tokenBytes = 32;
/** What a token looks like: 32 bytes in base64url. */
const tokenForm = /^[\w-]{43}$/;
const maxKnown = 1000;
const knownForUs = 1_000_000;
/** How many that are over are forgotten with each new one: more than one, so that they become fewer. */
const mostForgotten = 100;

/**
 * Who has signed in with a key: a row for each, found by the hash of a random token. What it may do is decided by
 * the key, each time: a sign-in ends with it, and has its role and limit.
 */
export function createSignIns({ store, clock, audit, keys, randomBytes }: Deps) {
  // As with keys: what another process has ended may count here for a second more, and what this one has does not.
  const known = new Map<string, { signIn: KeyedSignIn; until: number }>();
  let changes = 0;

  /** The sign-in of a token; null when there is none, or not any more. */
  async function find(hash: string): Promise<KeyedSignIn | null> {
    const kept = known.get(hash);
    if (kept !== undefined && kept.until > clock.now()) return kept.signIn;
    const before = changes;
    const signIn = await findSignIn(store.db, hash);
    if (signIn === null) return null;
    if (await keys.isPast(signIn.expires_at)) {
      // Once its time is over, it stays so, even if the clock is set back.
      await store.write((tx) => deleteSignIn(tx, hash));
      return null;
    }
    // What was read before a change must not be believed after it.
    if (before !== changes) return find(hash);
    if (known.size >= maxKnown) known.clear();
    const until = clock.now() + knownForUs;
    // Past its end, it is looked up again.
    if (signIn.expires_at > formatTime(until)) known.set(hash, { signIn, until });
    return signIn;
  }

  return {
    /** Signs somebody in with their key, for 12 hours and not longer than the key is good for. */
    async begin({ actor, expires_at: end }: HeldKey): Promise<SignIn> {
      const token = Buffer.from(randomBytes(tokenBytes)).toString('base64url');
      const now = clock.now();
      const created_at = formatTime(now);
      const usual = formatTime(now + lifeUs);
      const expires_at = end !== null && end < usual ? end : usual;
      await store.write(async (tx) => {
        await deleteEndedSignIns(tx, created_at, mostForgotten);
        await insertSignIn(tx, { hash: sha256(token), key_id: actor.key_id, created_at, expires_at });
        await audit.append(tx, {
          ...{ action: 'sign_in.created', outcome: 'done', actor, reason: null },
          ...{ subject: { type: 'api_key', id: actor.key_id }, before: null, after: { expires_at } },
        });
      });
      return { token, expires_at };
    },

    /** Whose sign-in it is, as their key would say it, or why nobody's. `expires_at` is the end of the sign-in. */
    async identify(token: string): Promise<Identity> {
      const signIn = tokenForm.test(token) ? await find(sha256(token)) : null;
      if (signIn === null) return { kind: 'unknown' };
      const identity = await keys.identifyHash(signIn.key_hash);
      return identity.kind === 'known' ? { ...identity, expires_at: signIn.expires_at } : identity;
    },

    /** Whether whoever was let in with this token still would be. */
    async isWelcome(token: string): Promise<boolean> {
      const signIn = await findSignIn(store.db, sha256(token));
      if (signIn === null || (await keys.isPast(signIn.expires_at))) return false;
      return keys.isWelcome(actorOf(signIn));
    },

    /** Signs somebody out: at once in this process, after a second in the others. One that is over already stays so. */
    async end(token: string): Promise<void> {
      const hash = sha256(token);
      await store.write(async (tx) => {
        const signIn = await findSignIn(tx, hash);
        if (signIn === null || !(await deleteSignIn(tx, hash))) return;
        const { key_id, expires_at } = signIn;
        await audit.append(tx, {
          ...{ action: 'sign_in.ended', outcome: 'done', actor: actorOf(signIn), reason: null },
          ...{ subject: { type: 'api_key', id: key_id }, before: { expires_at }, after: null },
        });
      });
      changes++;
      known.delete(hash);
    },
  };
}

export type SignIns = ReturnType<typeof createSignIns>;

function actorOf({ key_id, name, role }: KeyedSignIn) {
  return { key_id, name, role: role as Role };
}
