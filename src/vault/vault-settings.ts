import type { Actor } from '../access/keys.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { type Metadata, type MetadataPatch, patchMetadata } from '../core/metadata.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { Store } from '../store/dialect.ts';
import {
  deleteVault,
  findVault,
  findVaults,
  insertVault,
  listActiveCredentials,
  listVaults,
  lockVault,
  updateVault,
  type VaultRow,
} from '../store/vaults.ts';
import { readCredential, readVault, type Vault } from './credential.ts';
import type { Happenings } from './happenings.ts';
import { purge } from './purge.ts';
import type { Sealing } from './sealing.ts';
import { noKey } from './secrets.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly happenings: Happenings;
  readonly sealing: Sealing;
};

/** Vaults: names under which credentials are kept for sessions. */
export function createVaultSettings({ store, clock, ids, happenings, sealing }: Deps) {
  return {
    /** @throws PawlError `vault_locked`, `invalid_metadata` */
    async create(
      fields: { readonly display_name: string; readonly metadata?: Metadata | undefined },
      by: Actor,
    ): Promise<Vault> {
      if (sealing.key_id === null) throw noKey();
      const metadata = patchMetadata({}, fields.metadata);
      const at = formatTime(clock.now());
      const { display_name } = fields;
      const times = { created_at: at, updated_at: at, archived_at: null };
      const vault = { id: ids.next('vault'), display_name, metadata, ...times };
      await store.write(async (tx) => {
        await insertVault(tx, { ...vault, metadata: JSON.stringify(metadata) });
        await happenings.vault({ tx, what: 'created', by, at }, vault.id, { before: null, after: vault });
      });
      happenings.wake();
      return vault;
    },

    /** @throws PawlError `vault_not_found` */
    async retrieve(id: string): Promise<Vault> {
      return readVault(requireVault(await findVault(store.db, id), id));
    },

    /** Changes what is given; null and what is absent stay. @throws PawlError `vault_not_found`, `vault_archived`, `invalid_metadata` */
    async update(
      id: string,
      fields: {
        readonly display_name?: string | null | undefined;
        readonly metadata?: MetadataPatch | null | undefined;
      },
      by: Actor,
    ): Promise<Vault> {
      return store.write(async (tx) => {
        const row = requireOpen(await lockVault(tx, store.dialect, id), id);
        const before = readVault(row);
        const display_name = fields.display_name ?? before.display_name;
        const metadata = patchMetadata(before.metadata, fields.metadata);
        const text = JSON.stringify(metadata);
        if (display_name === before.display_name && text === row.metadata) return before;
        const at = formatTime(clock.now());
        await updateVault(tx, id, { display_name, metadata: text, updated_at: at });
        const after = { ...before, display_name, metadata, updated_at: at };
        await happenings.vault({ tx, what: 'updated', by, at }, id, { before, after });
        return after;
      });
    },

    /**
     * Archives a vault for good, and all its credentials with it, whose secrets are gone then. Doing it again changes
     * nothing. @throws PawlError `vault_not_found`
     */
    async archive(id: string, by: Actor): Promise<Vault> {
      const archived = await store.write(async (tx) => {
        const before = readVault(requireVault(await lockVault(tx, store.dialect, id), id));
        if (before.archived_at !== null) return before;
        const at = formatTime(clock.now());
        for (const row of await listActiveCredentials(tx, id)) {
          await purge(row, happenings, { tx, by, at });
        }
        await updateVault(tx, id, { archived_at: at, updated_at: at });
        const after = { ...before, archived_at: at, updated_at: at };
        await happenings.vault({ tx, what: 'archived', by, at }, id, { before, after });
        return after;
      });
      happenings.wake();
      return archived;
    },

    /** Deletes a vault with all its credentials. @throws PawlError `vault_not_found` */
    async remove(id: string, by: Actor): Promise<void> {
      await store.write(async (tx) => {
        const before = readVault(requireVault(await lockVault(tx, store.dialect, id), id));
        const at = formatTime(clock.now());
        for (const row of await listActiveCredentials(tx, id)) {
          const change = { before: readCredential(row), after: null };
          await happenings.credential({ tx, what: 'deleted', by, at }, row, change);
        }
        await deleteVault(tx, id);
        await happenings.vault({ tx, what: 'deleted', by, at }, id, { before, after: null });
      });
      happenings.wake();
    },

    /** Vaults by creation time. */
    async list(filter: { readonly include_archived: boolean }, request: PageRequest): Promise<Page<Vault>> {
      const rows = await listVaults(store.db, filter, request);
      const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
      return { data: page.data.map(readVault), next_page: page.next_page };
    },

    /** Whether a new session can have these vaults. @throws PawlError `invalid_request` that names the first which it cannot. */
    async requireUsable(vaultIds: readonly string[]): Promise<void> {
      if (vaultIds.length === 0) return;
      const rows = new Map((await findVaults(store.db, vaultIds)).map((row) => [row.id, row]));
      for (const [i, id] of vaultIds.entries()) {
        const row = rows.get(id);
        if (row?.archived_at === null) continue;
        const what = row === undefined ? 'does not exist' : 'is archived';
        throw new PawlError('invalid_request', `vault_ids.${i}: vault ${id.slice(0, 100)} ${what}`);
      }
    },
  };
}

/** @throws PawlError `vault_not_found` */
export function requireVault(row: VaultRow | null, id: string): VaultRow {
  if (row === null) throw new PawlError('vault_not_found', `vault ${id} does not exist`);
  return row;
}

/** @throws PawlError `vault_not_found`, `vault_archived` */
export function requireOpen(found: VaultRow | null, id: string): VaultRow {
  const row = requireVault(found, id);
  if (row.archived_at === null) return row;
  throw new PawlError('vault_archived', `vault ${id} is archived and cannot be changed`);
}
