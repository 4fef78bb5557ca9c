import type { CredentialResponse, VaultResponse } from '../../api/wire/vaults.ts';
import { plain } from '../../core/plain-text.ts';
import { callServer, type ServerAccess, serverAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { settingsHere } from '../environment.ts';
import { listItems } from '../list-items.ts';
import { type Format, print, printJson, table } from '../output.ts';
import { readSecret } from './read-secret.ts';

/** What every command about vaults takes. */
export type CallOptions = { readonly url?: string; readonly output: Format };

/** The options of the lists. */
export type ListOptions = CallOptions & { readonly all?: true };

/** The options of `pawl vault credential add`. */
export type AddOptions = CallOptions & {
  readonly oauth?: true;
  readonly name?: string;
  readonly fromEnv?: string;
};

const place = '/v1/vaults';

/** Makes a vault. @throws CommandError, as all of these do. */
export async function createVault(name: string, options: CallOptions): Promise<void> {
  const vault = await post<VaultResponse>(options, place, { display_name: name });
  tell(options, vault, `${vault.id} is the vault "${plain(vault.display_name)}".`);
}

/** Lists vaults. */
export async function listVaults(options: ListOptions): Promise<void> {
  const vaults = await all<VaultResponse>(options, place);
  const rows = vaults.map((one) => [one.id, one.display_name, one.created_at, one.archived_at ?? '']);
  tell(options, vaults, table(['ID', 'NAME', 'CREATED', 'ARCHIVED'], rows));
}

/** Archives a vault with all that is in it. */
export async function archiveVault(id: string, options: CallOptions): Promise<void> {
  const vault = await post<VaultResponse>(options, `${pathOf(id)}/archive`);
  tell(options, vault, `${vault.id} is archived, and the secrets in it are gone.`);
}

/** Puts a credential into a vault. */
export async function addCredential(vaultId: string, server: string, options: AddOptions): Promise<void> {
  const secret = await readSecret({ fromEnv: options.fromEnv, stdin: process.stdin });
  const auth =
    options.oauth === true
      ? { ...tokensIn(secret), type: 'mcp_oauth', mcp_server_url: server }
      : { type: 'static_bearer', mcp_server_url: server, token: secret };
  const body = { auth, display_name: options.name };
  const made = await post<CredentialResponse>(options, `${pathOf(vaultId)}/credentials`, body);
  tell(options, made, `${made.id} is in ${made.vault_id}, for ${plain(made.auth.mcp_server_url)}.`);
}

/** Lists what is in a vault, without the secrets. */
export async function listCredentials(vaultId: string, options: ListOptions): Promise<void> {
  const credentials = await all<CredentialResponse>(options, `${pathOf(vaultId)}/credentials`);
  const rows = credentials.map(({ id, auth, display_name, archived_at }) => {
    const expires = auth.type === 'mcp_oauth' ? (auth.expires_at ?? '') : '';
    return [id, auth.type, auth.mcp_server_url, display_name ?? '', expires, archived_at ?? ''];
  });
  tell(options, credentials, table(['ID', 'TYPE', 'SERVER', 'NAME', 'EXPIRES', 'ARCHIVED'], rows));
}

/** Archives a credential. */
export async function archiveCredential(
  place: { readonly vault_id: string; readonly id: string },
  options: CallOptions,
): Promise<void> {
  const path = `${pathOf(place.vault_id)}/credentials/${encodeURIComponent(place.id)}/archive`;
  const credential = await post<CredentialResponse>(options, path);
  tell(options, credential, `${credential.id} is archived, and its secrets are gone.`);
}

/** The members of `auth` that a file of an OAuth login holds. @throws CommandError that repeats nothing of it. */
function tokensIn(text: string): object {
  try {
    const tokens: unknown = JSON.parse(text);
    if (typeof tokens === 'object' && tokens !== null && !Array.isArray(tokens)) return tokens;
  } catch {
    // The parser's own words would show a part of the secret.
  }
  throw new CommandError(
    'With --oauth, the secret has to be a JSON object with access_token, expires_at, refresh',
  );
}

function tell(options: CallOptions, answer: unknown, words: string): void {
  if (options.output === 'json') printJson(answer);
  else print(words);
}

function post<T>(options: CallOptions, path: string, body?: object): Promise<T> {
  return callServer<T>(access(options), { method: 'POST', path, body });
}

async function all<T>(options: ListOptions, path: string): Promise<T[]> {
  const query = options.all === true ? '?include_archived=true' : '';
  const items: T[] = [];
  for await (const item of listItems<T>(access(options), path + query)) items.push(item);
  return items;
}

function access({ url }: CallOptions): ServerAccess {
  return serverAccess(url, settingsHere());
}

function pathOf(id: string): string {
  return `${place}/${encodeURIComponent(id)}`;
}
