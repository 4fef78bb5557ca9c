import type { Metadata } from '../core/metadata.ts';
import type { CredentialRow, VaultRow } from '../store/vaults.ts';

/** How a server that hands out tokens is told who asks. */
export const endpointAuthTypes = ['none', 'client_secret_basic', 'client_secret_post'] as const;
export type EndpointAuthType = (typeof endpointAuthTypes)[number];

/** How an access token is renewed, without the secrets. Source: RFC 6749, section 6; `resource` is of RFC 8707. */
export type RefreshSettings = {
  readonly client_id: string;
  readonly token_endpoint: string;
  readonly token_endpoint_auth: { readonly type: EndpointAuthType };
  readonly resource: string | null;
  readonly scope: string | null;
};

/** What a credential opens, without the secrets. */
export type CredentialAuth =
  | { readonly type: 'static_bearer'; readonly mcp_server_url: string }
  | {
      readonly type: 'mcp_oauth';
      readonly mcp_server_url: string;
      /** As stored; null when nobody has said. */
      readonly expires_at: string | null;
      /** Null when the access token cannot be renewed. */
      readonly refresh: RefreshSettings | null;
    };

/** What is encrypted of a credential; `token` is the one that the MCP server gets to see. */
export type CredentialSecrets = {
  readonly token: string;
  readonly refresh_token: string | null;
  readonly client_secret: string | null;
};

/** A vault, read. */
export type Vault = Omit<VaultRow, 'metadata'> & { readonly metadata: Metadata };

/** A credential, read, without anything secret. */
export type Credential = Pick<
  CredentialRow,
  'id' | 'vault_id' | 'display_name' | 'created_at' | 'updated_at' | 'archived_at'
> & { readonly metadata: Metadata; readonly auth: CredentialAuth };

/** A vault as it is stored. */
export function readVault(row: VaultRow): Vault {
  return { ...row, metadata: JSON.parse(row.metadata) as Metadata };
}

/** A credential as others may see it. */
export function readCredential(row: CredentialRow): Credential {
  const { id, vault_id, display_name, created_at, updated_at, archived_at } = row;
  return {
    ...{ id, vault_id, display_name, metadata: JSON.parse(row.metadata) as Metadata, auth: authOf(row) },
    ...{ created_at, updated_at, archived_at },
  };
}

/** What a stored credential opens. */
export function authOf(row: Pick<CredentialRow, 'auth'>): CredentialAuth {
  return JSON.parse(row.auth) as CredentialAuth;
}
