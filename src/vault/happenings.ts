import type { Audit } from '../access/audit.ts';
import type { Actor } from '../access/keys.ts';
import type { Json } from '../core/evaluation.ts';
import type { Handle } from '../store/dialect.ts';
import type { Notify } from '../webhook/notify.ts';
import type { Credential, CredentialSecrets, Vault } from './credential.ts';

type Deps = { readonly audit: Audit; readonly notify: Notify };

/** What can happen to a vault or a credential. */
type What = 'created' | 'updated' | 'archived' | 'deleted';

/** Something that happened, in which transaction, by whom and when. */
type Happening = { readonly tx: Handle; readonly what: What; readonly by: Actor; readonly at: string };

/** Something before and after a change; null where there was nothing. */
type Change<T> = { readonly before: T | null; readonly after: T | null };

/** Writes down what happens to vaults, and tells webhooks of it: in the transaction of the change, and nothing secret. */
export function createHappenings({ audit, notify }: Deps) {
  return {
    async vault(
      { tx, what, by, at }: Happening,
      id: string,
      { before, after }: Change<Pick<Vault, 'display_name' | 'metadata' | 'archived_at'>>,
    ): Promise<void> {
      await audit.append(tx, {
        ...{ action: `vault.${what}`, outcome: 'done', actor: by, reason: null },
        ...{ subject: { type: 'vault', id }, before: vaultFact(before), after: vaultFact(after) },
      });
      // Nobody can ask for what the API does not know: a vault that is renamed is no event there.
      if (what !== 'updated') await notify.enqueue(tx, { type: `vault.${what}`, data: { id }, at });
    },

    /** `replaced` names the secrets that were given anew. */
    async credential(
      { tx, what, by, at }: Happening,
      { id, vault_id }: Pick<Credential, 'id' | 'vault_id'>,
      { before, after, replaced = [] }: Change<Credential> & { readonly replaced?: readonly SecretName[] },
    ): Promise<void> {
      const now = credentialFact(after);
      const given = replaced.length === 0 ? {} : { secrets_replaced: [...replaced] };
      await audit.append(tx, {
        ...{ action: `vault_credential.${what}`, outcome: 'done', actor: by, reason: null },
        ...{ subject: { type: 'vault_credential', id }, before: credentialFact(before) },
        after: now === null ? null : { ...now, ...given },
      });
      if (what === 'updated') return;
      await notify.enqueue(tx, { type: `vault_credential.${what}`, data: { id, vault_id }, at });
    },

    /** Says that what happened was committed. */
    wake: notify.wake,
  };
}

export type Happenings = ReturnType<typeof createHappenings>;

type SecretName = keyof CredentialSecrets;
type Fact = { readonly [field: string]: Json };

function vaultFact(vault: Pick<Vault, 'display_name' | 'metadata' | 'archived_at'> | null): Fact | null {
  if (vault === null) return null;
  const { display_name, metadata, archived_at } = vault;
  return { display_name, metadata: { ...metadata }, archived_at };
}

/** Of URLs only whose they are: people put secrets into the rest of them. */
function credentialFact(credential: Credential | null): Fact | null {
  if (credential === null) return null;
  const { vault_id, display_name, metadata, archived_at, auth } = credential;
  const known = { vault_id, display_name, metadata: { ...metadata }, archived_at, type: auth.type };
  const server = new URL(auth.mcp_server_url).origin;
  if (auth.type === 'static_bearer') return { ...known, server };
  const { expires_at, refresh } = auth;
  if (refresh === null) return { ...known, server, expires_at };
  const { client_id, scope, token_endpoint } = refresh;
  return { ...known, server, expires_at, client_id, scope, token_endpoint: new URL(token_endpoint).origin };
}
