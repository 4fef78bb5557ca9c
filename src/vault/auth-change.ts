import { PawlError } from '../core/errors.ts';
import { judgeTarget } from '../outbound/target.ts';
import type { CredentialAuth, CredentialSecrets, EndpointAuthType, RefreshSettings } from './credential.ts';

/** What a new credential opens, with its secrets. Times are as stored. */
export type NewAuth =
  | { readonly type: 'static_bearer'; readonly mcp_server_url: string; readonly token: string }
  | {
      readonly type: 'mcp_oauth';
      readonly mcp_server_url: string;
      readonly access_token: string;
      readonly expires_at: string | null;
      readonly refresh: (RefreshSettings & RefreshSecrets) | null;
    };

type RefreshSecrets = { readonly refresh_token: string; readonly client_secret: string | null };

/** What is to be different about what a credential opens; null and what is absent stay. */
export type AuthChange =
  | { readonly type: 'static_bearer'; readonly token?: string | null | undefined }
  | {
      readonly type: 'mcp_oauth';
      readonly access_token?: string | null | undefined;
      /** Null when the expiry is not known any more. */
      readonly expires_at?: string | null | undefined;
      readonly refresh?:
        | {
            readonly refresh_token?: string | null | undefined;
            /** Empty for none. */
            readonly scope?: string | null | undefined;
            readonly token_endpoint_auth?:
              | {
                  readonly type: Exclude<EndpointAuthType, 'none'>;
                  readonly client_secret?: string | null | undefined;
                }
              | undefined;
          }
        | null
        | undefined;
    };

/** What a change comes to: the new settings, and those secrets that are replaced. */
export type ChangedAuth = {
  readonly auth: CredentialAuth;
  readonly replaced: Partial<CredentialSecrets>;
};

/**
 * Takes apart what a new credential opens: what may be shown, and what may not.
 * @throws PawlError `invalid_request` when a URL may not be connected to, or the token has expired.
 */
export function newAuth(
  given: NewAuth,
  { now, allow_private }: { readonly now: string; readonly allow_private: boolean },
): { readonly auth: CredentialAuth; readonly secrets: CredentialSecrets } {
  const { mcp_server_url } = given;
  requireTarget('auth.mcp_server_url', mcp_server_url, allow_private);
  if (given.type === 'static_bearer') {
    const secrets = { token: given.token, refresh_token: null, client_secret: null };
    return { auth: { type: given.type, mcp_server_url }, secrets };
  }
  const { access_token: token, expires_at, refresh } = given;
  requireFuture(expires_at, now);
  if (refresh === null) {
    const secrets = { token, refresh_token: null, client_secret: null };
    return { auth: { type: given.type, mcp_server_url, expires_at, refresh }, secrets };
  }
  const { refresh_token, client_secret, ...settings } = refresh;
  requireTarget('auth.refresh.token_endpoint', settings.token_endpoint, allow_private);
  return {
    auth: { type: given.type, mcp_server_url, expires_at, refresh: settings },
    secrets: { token, refresh_token, client_secret },
  };
}

/**
 * Works out what a change comes to.
 * @throws PawlError `invalid_request` when the change does not fit what is there, or the token has expired.
 */
export function changedAuth(current: CredentialAuth, change: AuthChange, now: string): ChangedAuth {
  if (change.type !== current.type) {
    throw new PawlError('invalid_request', `auth.type: is ${current.type}, and cannot be changed`);
  }
  if (change.type === 'static_bearer' || current.type === 'static_bearer') {
    const token = change.type === 'static_bearer' ? change.token : null;
    return { auth: current, replaced: withoutGaps({ token }) };
  }
  requireFuture(change.expires_at ?? null, now);
  const expires_at = change.expires_at === undefined ? current.expires_at : change.expires_at;
  const refresh = changedRefresh(current.refresh, change.refresh ?? {});
  const replaced = withoutGaps({
    token: change.access_token,
    refresh_token: change.refresh?.refresh_token,
    client_secret: change.refresh?.token_endpoint_auth?.client_secret,
  });
  return { auth: { ...current, expires_at, refresh }, replaced };
}

type RefreshChange = NonNullable<Extract<AuthChange, { type: 'mcp_oauth' }>['refresh']>;

function changedRefresh(current: RefreshSettings | null, change: RefreshChange): RefreshSettings | null {
  const { refresh_token, scope, token_endpoint_auth } = change;
  if (current === null) {
    if (refresh_token == null && scope == null && token_endpoint_auth === undefined) return null;
    throw new PawlError(
      'invalid_request',
      'auth.refresh: the credential was made without it, and cannot get it; make another credential',
    );
  }
  if (token_endpoint_auth !== undefined && current.token_endpoint_auth.type === 'none') {
    throw new PawlError(
      'invalid_request',
      'auth.refresh.token_endpoint_auth: is none, and cannot be changed',
    );
  }
  return scope == null ? current : { ...current, scope: scope === '' ? null : scope };
}

function withoutGaps(
  secrets: {
    readonly [Name in keyof CredentialSecrets]?: string | null | undefined;
  },
): Partial<CredentialSecrets> {
  return Object.fromEntries(Object.entries(secrets).filter(([, secret]) => secret != null));
}

function requireFuture(expiresAt: string | null, now: string): void {
  if (expiresAt !== null && expiresAt <= now) {
    throw new PawlError('invalid_request', 'auth.expires_at: must be in the future');
  }
}

function requireTarget(field: string, url: string, allow_private: boolean): void {
  const target = judgeTarget(url, { allow_private });
  if (!target.ok) throw new PawlError('invalid_request', `${field}: ${target.problem}`);
}
