import { describe, expect, test } from 'vitest';
import { type AuthChange, changedAuth, type NewAuth, newAuth } from './auth-change.ts';
import type { CredentialAuth, RefreshSettings } from './credential.ts';

const now = '2027-01-01T00:00:00.000000Z';
const later = '2027-01-01T01:00:00.000000Z';
const given = { now, allow_private: false };
const mcp_server_url = 'https://mcp.example.com/mcp';

const refresh: RefreshSettings = {
  ...{ client_id: 'pawl', token_endpoint: 'https://login.example.com/token', resource: null, scope: 'read' },
  token_endpoint_auth: { type: 'client_secret_basic' },
};
const oauth = { type: 'mcp_oauth', mcp_server_url, expires_at: later, refresh } as const;
const bearer: CredentialAuth = { type: 'static_bearer', mcp_server_url };

describe('What a new credential opens', () => {
  test('is taken apart into what may be shown and what may not', () => {
    const secrets = { refresh_token: 'refresh-1', client_secret: 'client-1' };
    const made = newAuth({ ...oauth, access_token: 'access-1', refresh: { ...refresh, ...secrets } }, given);
    expect(made).toEqual({ auth: oauth, secrets: { token: 'access-1', ...secrets } });
    expect(newAuth({ type: 'static_bearer', mcp_server_url, token: 'token-1' }, given)).toEqual({
      auth: bearer,
      secrets: { token: 'token-1', refresh_token: null, client_secret: null },
    });
  });

  test.each<[string, Partial<NewAuth>, string]>([
    ['a token that has expired', { expires_at: now }, 'auth.expires_at: must be in the future'],
    [
      'a server on plain HTTP',
      { mcp_server_url: 'http://mcp.example.com' },
      'auth.mcp_server_url: must start with',
    ],
    [
      'a server in here',
      { mcp_server_url: 'https://127.0.0.1' },
      'auth.mcp_server_url: must not be on this machine',
    ],
    [
      'a token endpoint in here',
      {
        refresh: {
          ...refresh,
          token_endpoint: 'https://localhost/',
          refresh_token: 'r',
          client_secret: null,
        },
      },
      'auth.refresh.token_endpoint: must not be',
    ],
  ])('is refused with %s', (_what, wrong, sentence) => {
    const whole = { ...oauth, access_token: 'access-1', refresh: null, ...wrong } as NewAuth;
    expect(() => newAuth(whole, given)).toThrow(sentence);
  });
});

describe('A change', () => {
  test.each<[string, CredentialAuth, AuthChange, object]>([
    ['of nothing', bearer, { type: 'static_bearer' }, {}],
    ['of null', bearer, { type: 'static_bearer', token: null }, {}],
    ['of a token', bearer, { type: 'static_bearer', token: 't' }, { token: 't' }],
    ['of an access token', oauth, { type: 'mcp_oauth', access_token: 'a' }, { token: 'a' }],
    [
      'of the secrets behind it',
      oauth,
      {
        type: 'mcp_oauth',
        refresh: {
          refresh_token: 'r',
          // The type stays as it is, whichever is sent along.
          token_endpoint_auth: { type: 'client_secret_post', client_secret: 'c' },
        },
      },
      { refresh_token: 'r', client_secret: 'c' },
    ],
  ])('%s replaces what it names, and leaves the settings', (_what, current, change, replaced) => {
    expect(changedAuth(current, change, now)).toEqual({ auth: current, replaced });
  });

  test('of the expiry and the scope sets them, and null and an empty text take them away', () => {
    const at = '2027-02-01T00:00:00.000000Z';
    const set = changedAuth(oauth, { type: 'mcp_oauth', expires_at: at, refresh: { scope: 'all' } }, now);
    expect(set).toEqual({
      auth: { ...oauth, expires_at: at, refresh: { ...refresh, scope: 'all' } },
      replaced: {},
    });
    const away = changedAuth(oauth, { type: 'mcp_oauth', expires_at: null, refresh: { scope: '' } }, now);
    expect(away.auth).toEqual({ ...oauth, expires_at: null, refresh: { ...refresh, scope: null } });
  });

  const withoutSecret = { ...oauth, refresh: { ...refresh, token_endpoint_auth: { type: 'none' } } } as const;
  test.each<[string, CredentialAuth, AuthChange, string]>([
    ['another type', bearer, { type: 'mcp_oauth' }, 'auth.type: is static_bearer'],
    ['an expiry that is over', oauth, { type: 'mcp_oauth', expires_at: now }, 'auth.expires_at'],
    [
      'a refresh token where there was none',
      { ...oauth, refresh: null },
      { type: 'mcp_oauth', refresh: { refresh_token: 'r' } },
      'auth.refresh: the credential was made without it',
    ],
    [
      'a secret where none is asked for',
      withoutSecret,
      {
        type: 'mcp_oauth',
        refresh: { token_endpoint_auth: { type: 'client_secret_basic', client_secret: 'c' } },
      },
      'auth.refresh.token_endpoint_auth: is none',
    ],
  ])('to %s is refused', (_what, current, change, sentence) => {
    expect(() => changedAuth(current, change, now)).toThrow(sentence);
  });
});
