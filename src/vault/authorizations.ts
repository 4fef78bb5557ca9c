import { type Clock, readTime } from '../core/clock.ts';
import type { Store } from '../store/dialect.ts';
import { type CredentialRow, findCredential, findCredentialsFor } from '../store/vaults.ts';
import { authOf, type CredentialSecrets } from './credential.ts';
import { mcpUrlKey } from './mcp-url.ts';
import type { Refresh, Refreshes } from './refreshes.ts';
import { notOpened, type SecretBox } from './secrets.ts';
import { VaultError } from './vault-error.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly box: SecretBox;
  readonly refreshes: Refreshes;
};

/** What lets a session in at an MCP server. The last member is secret: it goes into the header and nowhere else. */
export type Authorization = {
  readonly vault_id: string;
  readonly credential_id: string;
  /** The value of the `Authorization` header. */
  readonly authorization: string;
};

/** A token that ends so soon is renewed first. */
const soonUs = 60_000_000;

/** Finds what lets sessions in at MCP servers, renewed where that is needed. */
export function createAuthorizations({ store, clock, box, refreshes }: Deps) {
  function authorizationOf(row: CredentialRow, { token }: CredentialSecrets): Authorization {
    return { vault_id: row.vault_id, credential_id: row.id, authorization: `Bearer ${token}` };
  }

  /** @throws VaultError */
  function secretsOf(row: CredentialRow): CredentialSecrets {
    const unsealed = box.open(row);
    if (unsealed.ok) return unsealed.secrets;
    throw locked(row, unsealed.why);
  }

  /** @throws VaultError */
  function read(row: CredentialRow, refresh: Refresh): Authorization | null {
    if (refresh.kind === 'refreshed') return authorizationOf(row, refresh.secrets);
    if (refresh.kind === 'impossible') return null;
    if (refresh.kind === 'locked') throw locked(row, refresh.why);
    const why =
      refresh.kind === 'refused'
        ? `its token endpoint answered with HTTP ${refresh.answer.status}, and with no token`
        : 'its token endpoint could not be reached, or did not answer in time';
    const message = `credential ${row.id} of vault ${row.vault_id} could not be refreshed: ${why}`;
    throw new VaultError(message, { ...idsOf(row), reason: 'refresh_failed' });
  }

  return {
    /**
     * What lets a session with these vaults in at a URL: the first vault in order that has an active credential for it.
     * Null when none has. An access token that has ended, or is about to, is renewed.
     * @throws VaultError
     */
    async authorizationFor(vaultIds: readonly string[], url: string): Promise<Authorization | null> {
      const key = mcpUrlKey(url);
      if (key === null || vaultIds.length === 0) return null;
      const rows = await findCredentialsFor(store.db, vaultIds, key);
      const found = vaultIds.map((id) => rows.find(({ vault_id }) => vault_id === id));
      const row = found.find((one) => one !== undefined);
      if (row === undefined) return null;
      const secrets = secretsOf(row);
      const end = endOf(row);
      const now = clock.now();
      if (end === null || end > now + soonUs || secrets.refresh_token === null) {
        return authorizationOf(row, secrets);
      }
      const refresh = await refreshes(row);
      // Until it has ended, the token that is there will do.
      const isOver = end <= now || !['refused', 'no_answer'].includes(refresh.kind);
      return isOver ? read(row, refresh) : authorizationOf(row, secrets);
    },

    /**
     * Renews what a server has turned away. Null when that cannot be done: there is no refresh token, or the credential
     * is archived. Where it was renewed or changed since, gives what is there now.
     * @throws VaultError
     */
    async refresh(used: Authorization): Promise<Authorization | null> {
      const row = await findCredential(store.db, used.credential_id);
      if (row === null || row.archived_at !== null) return null;
      const now = authorizationOf(row, secretsOf(row));
      return now.authorization === used.authorization ? read(row, await refreshes(row)) : now;
    },
  };
}

function locked(row: CredentialRow, why: Parameters<typeof notOpened>[1]): VaultError {
  return new VaultError(notOpened(row.id, why), { ...idsOf(row), reason: 'locked' });
}

function idsOf({ id, vault_id }: CredentialRow): { vault_id: string; credential_id: string } {
  return { vault_id, credential_id: id };
}

function endOf(row: CredentialRow): number | null {
  const auth = authOf(row);
  return auth.type === 'static_bearer' || auth.expires_at === null ? null : readTime(auth.expires_at);
}
