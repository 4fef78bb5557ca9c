import { z } from 'zod';
import type { Credential, Vault } from '../../vault/credential.ts';
import { isToken, longestToken } from '../../vault/token-endpoint.ts';
import type { Validation } from '../../vault/validation.ts';
import { flag, limit, metadata, metadataPatch, notSupported, page, text, time } from './fields.ts';

const displayName = text(1, 255);

export const vaultCreate = z.strictObject({ display_name: displayName, metadata: metadata.optional() });

export const vaultUpdate = z.strictObject({
  display_name: displayName.nullable().optional(),
  metadata: metadataPatch.optional(),
});

export const vaultListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  include_archived: flag('Whether archived ones are listed as well.'),
});

export const credentialParams = z.strictObject({ id: z.string(), credential_id: z.string() });

const token = z.string().refine(isToken, `must be 1 to ${longestToken} visible ASCII characters`);
const clientSecret = text(1, longestToken);
const url = text(1, 2048);
const scope = text(0, 2048);

/** What would go into a sandbox, which this server does not have. */
const variable = z.looseObject({ type: z.literal('environment_variable') }).transform((_, context): never => {
  notSupported(
    context,
    "'environment_variable' is not supported: this server has no sandbox for it; use 'static_bearer' or 'mcp_oauth'",
  );
  return z.NEVER;
});

const bearerCreate = z.strictObject({ type: z.literal('static_bearer'), mcp_server_url: url, token });

const refreshCreate = z
  .strictObject({
    client_id: text(1, 1024),
    refresh_token: token,
    token_endpoint: url,
    token_endpoint_auth: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('none') }),
      z.strictObject({ type: z.literal('client_secret_basic'), client_secret: clientSecret }),
      z.strictObject({ type: z.literal('client_secret_post'), client_secret: clientSecret }),
    ]),
    resource: text(1, 2048).nullable().default(null),
    scope: scope.nullable().default(null),
  })
  .transform(({ token_endpoint_auth: by, scope: said, ...refresh }) => ({
    ...refresh,
    scope: said === '' ? null : said,
    token_endpoint_auth: { type: by.type },
    client_secret: by.type === 'none' ? null : by.client_secret,
  }));

const oauthCreate = z
  .strictObject({
    type: z.literal('mcp_oauth'),
    mcp_server_url: url,
    access_token: token,
    expires_at: time.nullable(),
    refresh: refreshCreate.nullable().default(null),
  })
  .transform(({ expires_at = null, ...auth }) => ({ ...auth, expires_at }));

export const credentialCreate = z.strictObject({
  auth: z.discriminatedUnion('type', [bearerCreate, oauthCreate, variable]),
  display_name: displayName.nullable().optional(),
  metadata: metadata.optional(),
});

const bearerUpdate = z.strictObject({ type: z.literal('static_bearer'), token: token.nullable().optional() });

const oauthUpdate = z.strictObject({
  type: z.literal('mcp_oauth'),
  access_token: token.nullable().optional(),
  expires_at: time.nullable(),
  refresh: z
    .strictObject({
      refresh_token: token.nullable().optional(),
      scope: scope.nullable().optional(),
      token_endpoint_auth: z
        .strictObject({
          type: z.enum(['client_secret_basic', 'client_secret_post']),
          client_secret: clientSecret.nullable().optional(),
        })
        .optional(),
    })
    .nullable()
    .optional(),
});

export const credentialUpdate = z.strictObject({
  auth: z.discriminatedUnion('type', [bearerUpdate, oauthUpdate, variable]).optional(),
  display_name: displayName.nullable().optional(),
  metadata: metadataPatch.optional(),
});

/** A vault as answers carry it. */
export type VaultResponse = Vault & { readonly type: 'vault' };

/** A credential as answers carry it. */
export type CredentialResponse = Credential & { readonly type: 'vault_credential' };

/** What trying a credential came to, as answers carry it. */
export type ValidationResponse = Validation & { readonly type: 'vault_credential_validation' };

export function vaultResponse(vault: Vault): VaultResponse {
  return { type: 'vault', ...vault };
}

export function credentialResponse(credential: Credential): CredentialResponse {
  return { type: 'vault_credential', ...credential };
}
