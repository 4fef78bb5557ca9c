import type { Actor } from '../access/keys.ts';
import type { Handle } from '../store/dialect.ts';
import { type CredentialRow, updateCredential } from '../store/vaults.ts';
import { type Credential, readCredential } from './credential.ts';
import type { Happenings } from './happenings.ts';

/** Archives a credential, which leaves everything of it but its secrets. */
export async function purge(
  row: CredentialRow,
  happenings: Happenings,
  { tx, by, at }: { readonly tx: Handle; readonly by: Actor; readonly at: string },
): Promise<Credential> {
  const secrets = { sealed: null, key_id: null, refreshing_until: null };
  const changes = { ...secrets, archived_at: at, updated_at: at };
  await updateCredential(tx, row.id, changes);
  const change = { before: readCredential(row), after: readCredential({ ...row, ...changes }) };
  await happenings.credential({ tx, what: 'archived', by, at }, row, change);
  return change.after;
}
