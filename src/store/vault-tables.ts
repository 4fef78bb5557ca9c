/** Vaults: names for lists of credentials. */
export type VaultTable = {
  id: string;
  display_name: string;
  /** JSON object of strings. */
  metadata: string;
  created_at: string;
  updated_at: string;
  archived_at: string | null;
};

/** What vaults hold. */
export type VaultCredentialTable = {
  id: string;
  vault_id: string;
  display_name: string | null;
  /** JSON object of strings. */
  metadata: string;
  /** The URL that it is for, in the spelling that URLs are compared in. One active credential of a vault has it. */
  url_key: string;
  /** JSON of a `CredentialAuth`: what is no secret. */
  auth: string;
  /** The secrets, encrypted; null once it is archived. */
  sealed: string | null;
  /** Names the key that they are encrypted with; null along with them. */
  key_id: string | null;
  /** Counts the changes of its secrets, so that a refresh does not write over what came meanwhile. */
  revision: number;
  /** Until when somebody has the right to refresh it; null when nobody does. */
  refreshing_until: string | null;
  created_at: string;
  updated_at: string;
  archived_at: string | null;
};
