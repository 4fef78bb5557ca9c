import { PawlError } from '../core/errors.ts';
import type { CredentialRow } from '../store/vaults.ts';
import { authOf, type CredentialSecrets } from './credential.ts';
import type { Opened, Sealed, Sealing } from './sealing.ts';

/** The part of a row that its secrets are bound to: none of it ever changes. */
export type Bound = Pick<CredentialRow, 'id' | 'vault_id' | 'url_key' | 'auth'>;

/** The secrets of a credential, or why they cannot be had. */
export type Unsealed =
  | { readonly ok: true; readonly secrets: CredentialSecrets }
  | { readonly ok: false; readonly why: 'purged' | Extract<Opened, { ok: false }>['why'] };

/**
 * The secrets of credentials, as they are stored. They open only in the row that they were written for, and only while
 * that is for the same server and the same token endpoint: nobody who can write to the database alone gets a token sent
 * elsewhere.
 */
export function createSecretBox(sealing: Sealing) {
  return {
    /** @throws PawlError `vault_locked` when there is no key. */
    seal(secrets: CredentialSecrets, row: Bound): Sealed {
      const sealed = sealing.seal(JSON.stringify(secrets), boundTo(row));
      if (sealed === null) throw noKey();
      return sealed;
    },

    open(row: Bound & Pick<CredentialRow, 'sealed' | 'key_id'>): Unsealed {
      const { sealed, key_id } = row;
      if (sealed === null || key_id === null) return { ok: false, why: 'purged' };
      const opened = sealing.open({ sealed, key_id }, boundTo(row));
      return opened.ok ? { ok: true, secrets: JSON.parse(opened.text) as CredentialSecrets } : opened;
    },
  };
}

export type SecretBox = ReturnType<typeof createSecretBox>;

/** What to say when there is no key to encrypt with. */
export function noKey(): PawlError {
  return new PawlError(
    'vault_locked',
    'The operator of this server has not set PAWL_VAULT_KEY, without which it keeps no secrets',
  );
}

/** What to say when secrets cannot be decrypted. */
export function notOpened(id: string, why: Extract<Unsealed, { ok: false }>['why']): string {
  const what = `the secrets of credential ${id}`;
  if (why === 'purged') return `${what} are gone, because it is archived`;
  if (why === 'other_key') return `${what} are encrypted with another key than the server's PAWL_VAULT_KEY`;
  return `${what} cannot be decrypted: they are not as they were written`;
}

function boundTo(row: Bound): string[] {
  const auth = authOf(row);
  const endpoint = auth.type === 'mcp_oauth' ? (auth.refresh?.token_endpoint ?? '') : '';
  return [row.id, row.vault_id, row.url_key, auth.mcp_server_url, endpoint];
}
