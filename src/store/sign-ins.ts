import type { Selectable } from 'kysely';
import type { SignInTable } from './database.ts';
import type { Handle } from './dialect.ts';
import type { KeyRow } from './keys.ts';

export type SignInRow = Selectable<SignInTable>;

/** A sign-in with what is wanted of its key. */
export type KeyedSignIn = Pick<SignInRow, 'key_id' | 'expires_at'> &
  Pick<KeyRow, 'name' | 'role'> & {
    /** The hash of the key. */
    readonly key_hash: string;
  };

export async function insertSignIn(tx: Handle, row: SignInRow): Promise<void> {
  await tx.insertInto('sign_ins').values(row).execute();
}

/** The sign-in with this hash, whether or not its time is over; null when there is none. */
export async function findSignIn(db: Handle, hash: string): Promise<KeyedSignIn | null> {
  const query = db
    .selectFrom('sign_ins')
    .innerJoin('api_keys', 'api_keys.id', 'sign_ins.key_id')
    .select(['sign_ins.key_id', 'sign_ins.expires_at', 'api_keys.name', 'api_keys.role'])
    .select('api_keys.hash as key_hash')
    .where('sign_ins.hash', '=', hash);
  return (await query.executeTakeFirst()) ?? null;
}

/** Forgets a sign-in. Whether it was there. */
export async function deleteSignIn(tx: Handle, hash: string): Promise<boolean> {
  const query = tx.deleteFrom('sign_ins').where('hash', '=', hash);
  return (await query.executeTakeFirstOrThrow()).numDeletedRows > 0;
}

/** Forgets sign-ins whose time was over at this moment, RFC 3339: so many at most. */
export async function deleteEndedSignIns(tx: Handle, now: string, most: number): Promise<void> {
  const ended = tx.selectFrom('sign_ins').select('hash').where('expires_at', '<=', now);
  await tx.deleteFrom('sign_ins').where('hash', 'in', ended.orderBy('expires_at').limit(most)).execute();
}
