import type { Actor } from '../access/keys.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { type Metadata, type MetadataPatch, patchMetadata } from '../core/metadata.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { Handle, Store } from '../store/dialect.ts';
import {
  type CredentialRow,
  deleteCredential,
  findCredential,
  findVault,
  insertCredential,
  listActiveCredentials,
  listCredentials,
  lockCredential,
  lockVault,
  updateCredential,
} from '../store/vaults.ts';
import { type AuthChange, type ChangedAuth, changedAuth, type NewAuth, newAuth } from './auth-change.ts';
import { authOf, type Credential, type CredentialSecrets, readCredential } from './credential.ts';
import type { Happenings } from './happenings.ts';
import { mcpUrlKey } from './mcp-url.ts';
import { purge } from './purge.ts';
import { notOpened, type SecretBox } from './secrets.ts';
import { requireOpen, requireVault } from './vault-settings.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly happenings: Happenings;
  readonly box: SecretBox;
  /** Whether servers may be on this machine, in private networks, and on plain HTTP. */
  readonly allow_private: boolean;
};

/** Where a credential is: its own id and its vault's. */
export type CredentialPlace = { readonly vault_id: string; readonly id: string };

/** How many active credentials a vault holds at most. */
const mostCredentials = 20;

/** What vaults hold: tokens for MCP servers, which go in and never come out again. */
export function createCredentials({ store, clock, ids, happenings, box, allow_private }: Deps) {
  /** Locks the vault and then the credential, in the order of everybody else. */
  async function lock(tx: Handle, { vault_id, id }: CredentialPlace): Promise<CredentialRow> {
    requireVault(await lockVault(tx, store.dialect, vault_id), vault_id);
    return requireCredential(await lockCredential(tx, store.dialect, id), { vault_id, id });
  }

  /** What a change makes of the secrets: nothing, if it replaces none of them. */
  function resealed(row: CredentialRow, { replaced }: ChangedAuth) {
    if (Object.keys(replaced).length === 0) return {};
    const before = box.open(row);
    if (!before.ok) throw new PawlError('vault_locked', notOpened(row.id, before.why));
    const secrets: CredentialSecrets = { ...before.secrets, ...replaced };
    return { ...box.seal(secrets, row), revision: row.revision + 1, refreshing_until: null };
  }

  return {
    /**
     * @throws PawlError `vault_locked`, `vault_not_found`, `vault_archived`, `credential_exists`, `credential_limit`,
     *   `invalid_request`, `invalid_metadata`
     */
    async create(
      vault_id: string,
      fields: {
        readonly auth: NewAuth;
        readonly display_name?: string | null | undefined;
        readonly metadata?: Metadata | undefined;
      },
      by: Actor,
    ): Promise<Credential> {
      const at = formatTime(clock.now());
      const { auth, secrets } = newAuth(fields.auth, { now: at, allow_private });
      const bound = {
        ...{ id: ids.next('credential'), vault_id, auth: JSON.stringify(auth) },
        url_key: mcpUrlKey(auth.mcp_server_url) ?? '',
      };
      const row: CredentialRow = {
        ...{ ...bound, ...box.seal(secrets, bound), display_name: fields.display_name ?? null },
        ...{ metadata: JSON.stringify(patchMetadata({}, fields.metadata)), revision: 1 },
        ...{ refreshing_until: null, created_at: at, updated_at: at, archived_at: null },
      };
      await store.write(async (tx) => {
        requireOpen(await lockVault(tx, store.dialect, vault_id), vault_id);
        requireRoom(await listActiveCredentials(tx, vault_id), row);
        await insertCredential(tx, row);
        const change = { before: null, after: readCredential(row) };
        await happenings.credential({ tx, what: 'created', by, at }, row, change);
      });
      happenings.wake();
      return readCredential(row);
    },

    /** @throws PawlError `credential_not_found` */
    async retrieve(place: CredentialPlace): Promise<Credential> {
      return readCredential(requireCredential(await findCredential(store.db, place.id), place));
    },

    /**
     * Changes what is given; null and what is absent stay.
     * @throws PawlError `vault_not_found`, `credential_not_found`, `credential_archived`, `vault_locked`,
     *   `invalid_request`, `invalid_metadata`
     */
    async update(
      place: CredentialPlace,
      fields: {
        readonly auth?: AuthChange | undefined;
        readonly display_name?: string | null | undefined;
        readonly metadata?: MetadataPatch | null | undefined;
      },
      by: Actor,
    ): Promise<Credential> {
      return store.write(async (tx) => {
        const row = requireActive(await lock(tx, place));
        const at = formatTime(clock.now());
        const auth = authOf(row);
        const changed: ChangedAuth =
          fields.auth === undefined ? { auth, replaced: {} } : changedAuth(auth, fields.auth, at);
        const next = {
          display_name: fields.display_name ?? row.display_name,
          metadata: JSON.stringify(patchMetadata(readCredential(row).metadata, fields.metadata)),
          auth: JSON.stringify(changed.auth),
          ...resealed(row, changed),
        };
        const isSame = (Object.keys(next) as (keyof typeof next)[]).every((name) => next[name] === row[name]);
        if (isSame) return readCredential(row);
        await updateCredential(tx, row.id, { ...next, updated_at: at });
        const after = readCredential({ ...row, ...next, updated_at: at });
        const replaced = Object.keys(changed.replaced) as (keyof CredentialSecrets)[];
        const change = { before: readCredential(row), after, replaced };
        await happenings.credential({ tx, what: 'updated', by, at }, row, change);
        return after;
      });
    },

    /**
     * Archives a credential for good: its secrets are gone, and another one can be for its URL. Doing it again changes
     * nothing. @throws PawlError `vault_not_found`, `credential_not_found`
     */
    async archive(place: CredentialPlace, by: Actor): Promise<Credential> {
      const archived = await store.write(async (tx) => {
        const row = await lock(tx, place);
        if (row.archived_at !== null) return readCredential(row);
        return purge(row, happenings, { tx, by, at: formatTime(clock.now()) });
      });
      happenings.wake();
      return archived;
    },

    /** @throws PawlError `vault_not_found`, `credential_not_found` */
    async remove(place: CredentialPlace, by: Actor): Promise<void> {
      await store.write(async (tx) => {
        const row = await lock(tx, place);
        const at = formatTime(clock.now());
        await deleteCredential(tx, row.id);
        const change = { before: readCredential(row), after: null };
        await happenings.credential({ tx, what: 'deleted', by, at }, row, change);
      });
      happenings.wake();
    },

    /** The credentials of a vault by creation time. @throws PawlError `vault_not_found` */
    async list(
      filter: { readonly vault_id: string; readonly include_archived: boolean },
      request: PageRequest,
    ): Promise<Page<Credential>> {
      requireVault(await findVault(store.db, filter.vault_id), filter.vault_id);
      const rows = await listCredentials(store.db, filter, request);
      const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
      return { data: page.data.map(readCredential), next_page: page.next_page };
    },
  };
}

/** @throws PawlError `credential_not_found` when there is none, or it is in another vault. */
export function requireCredential(
  row: CredentialRow | null,
  { vault_id, id }: CredentialPlace,
): CredentialRow {
  if (row !== null && row.vault_id === vault_id) return row;
  throw new PawlError('credential_not_found', `vault ${vault_id} has no credential ${id}`);
}

/** @throws PawlError `credential_archived` */
export function requireActive(row: CredentialRow): CredentialRow {
  if (row.archived_at === null) return row;
  throw new PawlError(
    'credential_archived',
    `credential ${row.id} is archived and holds no secrets any more`,
  );
}

/** @throws PawlError `credential_exists`, `credential_limit` */
function requireRoom(active: readonly CredentialRow[], row: CredentialRow): void {
  const same = active.find(({ url_key }) => url_key === row.url_key);
  if (same !== undefined) {
    throw new PawlError(
      'credential_exists',
      `auth.mcp_server_url: credential ${same.id} of the vault is for this server; archive it first, or change it`,
    );
  }
  if (active.length < mostCredentials) return;
  throw new PawlError(
    'credential_limit',
    `vault ${row.vault_id} has ${mostCredentials} credentials already; archive one first`,
  );
}
