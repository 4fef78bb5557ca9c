import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Store } from '../store/dialect.ts';
import { type CredentialRow, findCredential } from '../store/vaults.ts';
import type { Ask } from './ask.ts';
import { type CapturedAnswer, capture } from './capture.ts';
import { authOf, type CredentialAuth, type CredentialSecrets } from './credential.ts';
import { type CredentialPlace, requireActive, requireCredential } from './credentials.ts';
import { type Probed, probe } from './probe.ts';
import type { Refresh, Refreshes } from './refreshes.ts';
import { notOpened, type SecretBox } from './secrets.ts';
import { basicPair } from './token-endpoint.ts';

/** What trying a credential came to. `unknown` when it cannot be told from what was answered. */
export type Validation = {
  readonly credential_id: string;
  readonly vault_id: string;
  readonly status: 'valid' | 'invalid' | 'unknown';
  readonly has_refresh_token: boolean;
  /** The step that failed; null when none did. */
  readonly mcp_probe: { readonly method: string; readonly http_response: CapturedAnswer | null } | null;
  /** Null when no refresh was attempted. */
  readonly refresh: RefreshReport | null;
  readonly validated_at: string;
};

type RefreshReport = {
  readonly status: 'succeeded' | 'failed' | 'connect_error' | 'no_refresh_token';
  readonly http_response: CapturedAnswer | null;
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly box: SecretBox;
  readonly ask: Ask;
  readonly refreshes: Refreshes;
  /** Ends one probe that takes too long; asked for once for each. */
  readonly deadline: () => AbortSignal;
};

/** Tries OAuth credentials at their servers. */
export function createValidation({ store, clock, box, ask, refreshes, deadline }: Deps) {
  const probeWith = (auth: CredentialAuth, { token }: CredentialSecrets): Promise<Probed> =>
    probe(ask, { url: auth.mcp_server_url, token }, deadline());

  /** A token that was turned away is renewed, if it can be, and tried again. */
  async function recover(row: CredentialRow, secrets: CredentialSecrets, rejected: Probed): Promise<Found> {
    if (secrets.refresh_token === null) {
      const refresh = { status: 'no_refresh_token', http_response: null } as const;
      return { status: 'invalid', ...reported(rejected, [secrets]), refresh };
    }
    const outcome = await refreshes(row);
    if (outcome.kind !== 'refreshed') {
      const refused = outcome.kind === 'refused' && outcome.answer.status < 500;
      const refresh = refreshReport(outcome, row, secrets);
      return { status: refused ? 'invalid' : 'unknown', ...reported(rejected, [secrets]), refresh };
    }
    const again = await probeWith(authOf(row), outcome.secrets);
    const refresh = { status: 'succeeded', http_response: null } as const;
    return { status: statusOf(again), ...reported(again, [secrets, outcome.secrets]), refresh };
  }

  /**
   * Tries a credential: the server is asked which tools it has, with the access token as it is, and after a 401 with a
   * new one. @throws PawlError `credential_not_found`, `credential_archived`, `vault_locked`, `invalid_request`
   */
  return async (place: CredentialPlace): Promise<Validation> => {
    const row = requireActive(requireCredential(await findCredential(store.db, place.id), place));
    const auth = authOf(row);
    if (auth.type !== 'mcp_oauth') {
      throw new PawlError('invalid_request', `auth.type: is ${auth.type}; only mcp_oauth can be validated`);
    }
    const unsealed = box.open(row);
    if (!unsealed.ok) throw new PawlError('vault_locked', notOpened(row.id, unsealed.why));
    const { secrets } = unsealed;
    const probed = await probeWith(auth, secrets);
    const found: Found =
      probed.kind !== 'accepted' && probed.answer?.status === 401
        ? await recover(row, secrets, probed)
        : { status: statusOf(probed), ...reported(probed, [secrets]), refresh: null };
    return {
      ...{ credential_id: row.id, vault_id: row.vault_id },
      has_refresh_token: secrets.refresh_token !== null,
      ...found,
      validated_at: formatTime(clock.now()),
    };
  };
}

type Found = Pick<Validation, 'status' | 'mcp_probe' | 'refresh'>;

function statusOf({ kind }: Probed): Validation['status'] {
  return ({ accepted: 'valid', rejected: 'invalid', unclear: 'unknown' } as const)[kind];
}

function reported(probed: Probed, known: readonly CredentialSecrets[]): Pick<Validation, 'mcp_probe'> {
  if (probed.kind === 'accepted') return { mcp_probe: null };
  const { method, answer } = probed;
  const http_response = answer === null ? null : capture(answer, known.flatMap(textsOf));
  return { mcp_probe: { method, http_response } };
}

function refreshReport(outcome: Refresh, row: CredentialRow, secrets: CredentialSecrets): RefreshReport {
  if (outcome.kind !== 'refused') return { status: 'connect_error', http_response: null };
  const auth = authOf(row);
  const client_id = auth.type === 'mcp_oauth' ? (auth.refresh?.client_id ?? '') : '';
  // An answer may have the header that it was asked with.
  const pair = basicPair({ client_id, client_secret: secrets.client_secret });
  return { status: 'failed', http_response: capture(outcome.answer, [...textsOf(secrets), pair]) };
}

function textsOf({ token, refresh_token, client_secret }: CredentialSecrets): string[] {
  return [token, refresh_token, client_secret].filter((text) => text !== null);
}
