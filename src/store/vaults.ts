import type { Selectable } from 'kysely';
import type { PageRequest } from '../core/page.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seek } from './keyset.ts';
import type { VaultCredentialTable, VaultTable } from './vault-tables.ts';

export type VaultRow = Selectable<VaultTable>;
export type CredentialRow = Selectable<VaultCredentialTable>;

export async function insertVault(tx: Handle, row: VaultRow): Promise<void> {
  await tx.insertInto('vaults').values(row).execute();
}

export async function findVault(db: Handle, id: string): Promise<VaultRow | null> {
  return (await db.selectFrom('vaults').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

/** Those of some vaults that there are. */
export async function findVaults(db: Handle, ids: readonly string[]): Promise<VaultRow[]> {
  return db.selectFrom('vaults').selectAll().where('id', 'in', ids).execute();
}

/** A vault that nobody else changes before the transaction ends; null when there is none. */
export async function lockVault(tx: Handle, dialect: Dialect, id: string): Promise<VaultRow | null> {
  const query = dialect.lock(tx.selectFrom('vaults').selectAll().where('id', '=', id));
  return (await query.executeTakeFirst()) ?? null;
}

export async function updateVault(
  tx: Handle,
  id: string,
  changes: Partial<Omit<VaultRow, 'id'>>,
): Promise<void> {
  await tx.updateTable('vaults').set(changes).where('id', '=', id).execute();
}

/** Deletes a vault with all its credentials. */
export async function deleteVault(tx: Handle, id: string): Promise<void> {
  await tx.deleteFrom('vaults').where('id', '=', id).execute();
}

type Filter = { readonly include_archived: boolean };

/** Vaults by creation time; one more than the page holds, if there is one. */
export async function listVaults(db: Handle, filter: Filter, request: PageRequest): Promise<VaultRow[]> {
  let query = db.selectFrom('vaults').selectAll();
  if (!filter.include_archived) query = query.where('archived_at', 'is', null);
  return seek(query, 'vaults', request).execute();
}

export async function insertCredential(tx: Handle, row: CredentialRow): Promise<void> {
  await tx.insertInto('vault_credentials').values(row).execute();
}

export async function findCredential(db: Handle, id: string): Promise<CredentialRow | null> {
  const query = db.selectFrom('vault_credentials').selectAll().where('id', '=', id);
  return (await query.executeTakeFirst()) ?? null;
}

/** A credential that nobody else changes before the transaction ends; null when there is none. */
export async function lockCredential(
  tx: Handle,
  dialect: Dialect,
  id: string,
): Promise<CredentialRow | null> {
  const query = dialect.lock(tx.selectFrom('vault_credentials').selectAll().where('id', '=', id));
  return (await query.executeTakeFirst()) ?? null;
}

export async function updateCredential(
  tx: Handle,
  id: string,
  changes: Partial<Omit<CredentialRow, 'id'>>,
): Promise<void> {
  await tx.updateTable('vault_credentials').set(changes).where('id', '=', id).execute();
}

export async function deleteCredential(tx: Handle, id: string): Promise<void> {
  await tx.deleteFrom('vault_credentials').where('id', '=', id).execute();
}

/** All credentials of a vault that are not archived, oldest first. */
export async function listActiveCredentials(db: Handle, vaultId: string): Promise<CredentialRow[]> {
  const query = db.selectFrom('vault_credentials').selectAll().where('vault_id', '=', vaultId);
  return query.where('archived_at', 'is', null).orderBy('created_at').orderBy('id').execute();
}

/** The active credentials of some vaults that are for one URL: at most one of each vault. */
export async function findCredentialsFor(
  db: Handle,
  vaultIds: readonly string[],
  urlKey: string,
): Promise<CredentialRow[]> {
  const query = db.selectFrom('vault_credentials').selectAll().where('vault_id', 'in', vaultIds);
  return query.where('url_key', '=', urlKey).where('archived_at', 'is', null).execute();
}

/** The credentials of one vault by creation time; one more than the page holds, if there is one. */
export async function listCredentials(
  db: Handle,
  filter: Filter & { readonly vault_id: string },
  request: PageRequest,
): Promise<CredentialRow[]> {
  let query = db.selectFrom('vault_credentials').selectAll().where('vault_id', '=', filter.vault_id);
  if (!filter.include_archived) query = query.where('archived_at', 'is', null);
  return seek(query, 'vault_credentials', request).execute();
}

/** At most so many credentials that are encrypted with one key, by id from after one on. */
export async function listSealedWith(
  db: Handle,
  keyId: string,
  from: { readonly after: string; readonly limit: number },
): Promise<CredentialRow[]> {
  const query = db.selectFrom('vault_credentials').selectAll().where('key_id', '=', keyId);
  return query.where('id', '>', from.after).orderBy('id').limit(from.limit).execute();
}

/** The names of all keys that credentials are encrypted with. */
export async function listSealingKeys(db: Handle): Promise<string[]> {
  const query = db.selectFrom('vault_credentials').select('key_id').distinct();
  const rows = await query.where('key_id', 'is not', null).execute();
  return rows.flatMap(({ key_id }) => key_id ?? []);
}
