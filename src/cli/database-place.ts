import { join } from 'node:path';

/** The settings that decide it. */
type Settings = { readonly data_dir: string; readonly database_url: string | null };

/** Where a configuration keeps its data, in words and without a password. */
export function databasePlace(config: Settings): {
  readonly kind: 'SQLite' | 'PostgreSQL';
  readonly place: string;
} {
  if (config.database_url === null) return { kind: 'SQLite', place: join(config.data_dir, 'pawl.db') };
  return { kind: 'PostgreSQL', place: withoutPassword(config.database_url) };
}

/** A URL for people to see. Parameters at its end are left out too, because a password may stand there. */
export function withoutPassword(text: string): string {
  const url = URL.parse(text);
  if (url === null) return 'a URL that cannot be read';
  const user = url.username === '' ? '' : `${url.username}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}`;
}

/** A text for people to see that may name URLs: what stands before a host or behind a path may be secret, and is left out. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/(https?:[\\/]*)[^\s\\/?#]*@/gi, '$1')
    .replace(/(https?:\/\/[^\s?#]*)[?#]\S*?(?=,\s*(?:[\w.-]+=)?https?:|[\s)]|$)/gi, '$1');
}
