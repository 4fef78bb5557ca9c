import { type Clock, formatTime } from '../core/clock.ts';
import type { Handle, Store } from '../store/dialect.ts';
import { type CredentialRow, findCredential, lockCredential, updateCredential } from '../store/vaults.ts';
import type { Notify } from '../webhook/notify.ts';
import type { Answer, Ask } from './ask.ts';
import { authOf, type CredentialSecrets } from './credential.ts';
import type { SecretBox, Unsealed } from './secrets.ts';
import { askForToken, type NewTokens } from './token-endpoint.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly box: SecretBox;
  readonly ask: Ask;
  readonly notify: Notify;
  /** Ends a request to a token endpoint that takes too long; asked for once for each. */
  readonly deadline: () => AbortSignal;
  /** Waits a moment while another process refreshes the same credential. */
  readonly pause: () => Promise<void>;
};

/** What a refresh came to. */
export type Refresh =
  /** There are other secrets now than those that were seen, whoever has brought them. */
  | { readonly kind: 'refreshed'; readonly secrets: CredentialSecrets }
  /** It is no credential that can be refreshed, or is gone. */
  | { readonly kind: 'impossible' }
  | { readonly kind: 'locked'; readonly why: Extract<Unsealed, { ok: false }>['why'] }
  /** The token endpoint answered, and not with tokens. */
  | { readonly kind: 'refused'; readonly answer: Answer }
  | { readonly kind: 'no_answer' };

/** A credential whose secrets somebody has seen. */
export type Seen = Pick<CredentialRow, 'id' | 'revision'>;

/** How long one refresh has the right to a credential: longer than its deadline, and than writing it down takes. */
const leaseUs = 30_000_000;
/** How often another process is waited for. */
const mostPauses = 80;

/**
 * Renews access tokens, one refresh at a time for each credential: most servers take a refresh token once only, and
 * take a second use of it for theft. Within a process, whoever comes later shares what comes of it; between processes,
 * the row says until when one of them has the right.
 */
export function createRefreshes({ store, clock, box, ask, notify, deadline, pause }: Deps) {
  const running = new Map<string, Promise<Refresh>>();

  /** Takes the right to refresh, unless somebody has it or others are there already. */
  async function claim(seen: Seen): Promise<Refresh | 'busy' | CredentialRow> {
    return store.write(async (tx) => {
      const row = await lockCredential(tx, store.dialect, seen.id);
      if (row === null || row.archived_at !== null) return { kind: 'impossible' };
      if (row.revision !== seen.revision) return fromRow(row);
      const now = clock.now();
      if (row.refreshing_until !== null && row.refreshing_until > formatTime(now)) return 'busy';
      const refreshing_until = formatTime(now + leaseUs);
      await updateCredential(tx, row.id, { refreshing_until });
      return { ...row, refreshing_until };
    });
  }

  function fromRow(row: CredentialRow): Refresh {
    const unsealed = box.open(row);
    return unsealed.ok
      ? { kind: 'refreshed', secrets: unsealed.secrets }
      : { kind: 'locked', why: unsealed.why };
  }

  /** Ends the right to a credential that this process took, and writes down what came of it. */
  async function finish(
    claimed: CredentialRow,
    work: (tx: Handle, row: CredentialRow) => Promise<void>,
  ): Promise<CredentialRow | null> {
    return store.write(async (tx) => {
      const row = await lockCredential(tx, store.dialect, claimed.id);
      const isOurs = row?.refreshing_until === claimed.refreshing_until && row.revision === claimed.revision;
      if (row === null || row.archived_at !== null || !isOurs) return row;
      await updateCredential(tx, row.id, { refreshing_until: null });
      await work(tx, row);
      return findCredential(tx, row.id);
    });
  }

  async function keep(
    claimed: CredentialRow,
    secrets: CredentialSecrets,
    tokens: NewTokens,
  ): Promise<Refresh> {
    const now = clock.now();
    const { token, refresh_token, expires_in } = tokens;
    const expires_at = expires_in === null ? null : formatTime(now + Math.round(expires_in * 1e6));
    const renewed = { ...secrets, token, refresh_token: refresh_token ?? secrets.refresh_token };
    const after = await finish(claimed, async (tx, row) => {
      const auth = JSON.stringify({ ...authOf(row), expires_at });
      const changes = { auth, revision: row.revision + 1, updated_at: formatTime(now) };
      await updateCredential(tx, row.id, { ...changes, ...box.seal(renewed, row) });
    });
    if (after === null || after.archived_at !== null) return { kind: 'impossible' };
    // The right had run out, and the secrets are those that were seen; or somebody has put others there meanwhile.
    return after.revision === claimed.revision ? { kind: 'no_answer' } : fromRow(after);
  }

  async function giveUp<T extends Refresh>(claimed: CredentialRow, outcome: T): Promise<T> {
    const at = formatTime(clock.now());
    const { id, vault_id } = claimed;
    await finish(claimed, async (tx) => {
      await notify.enqueue(tx, { type: 'vault_credential.refresh_failed', data: { id, vault_id }, at });
    });
    notify.wake();
    return outcome;
  }

  async function carryOut(claimed: CredentialRow): Promise<Refresh> {
    const auth = authOf(claimed);
    const unsealed = box.open(claimed);
    const settings = auth.type === 'mcp_oauth' ? auth.refresh : null;
    if (!unsealed.ok || settings === null || unsealed.secrets.refresh_token === null) {
      await finish(claimed, async () => {});
      return unsealed.ok ? { kind: 'impossible' } : { kind: 'locked', why: unsealed.why };
    }
    const { secrets } = unsealed;
    const { client_secret, refresh_token } = secrets;
    const by = { ...settings, client_secret, refresh_token: refresh_token ?? '' };
    const answer = await askForToken(ask, by, deadline());
    if (answer.kind === 'refreshed') return keep(claimed, secrets, answer.tokens);
    return giveUp(claimed, answer);
  }

  async function run(seen: Seen): Promise<Refresh> {
    for (let pauses = 0; pauses < mostPauses; pauses++) {
      const claimed = await claim(seen);
      if (claimed === 'busy') await pause();
      else if ('kind' in claimed) return claimed;
      else return carryOut(claimed);
    }
    return { kind: 'no_answer' };
  }

  return {
    /** Gets new secrets in place of those that were seen. */
    refresh(seen: Seen): Promise<Refresh> {
      const key = `${seen.id} ${seen.revision}`;
      const shared = running.get(key) ?? run(seen).finally(() => running.delete(key));
      running.set(key, shared);
      return shared;
    },

    /** Resolves once none is under way. */
    async settled(): Promise<void> {
      await Promise.allSettled(running.values());
    },
  };
}

/** Gets new secrets in place of those that were seen. */
export type Refreshes = ReturnType<typeof createRefreshes>['refresh'];
