import { z } from 'zod';
import { type Key, roles } from '../../access/keys.ts';
import { limit, page, text } from './fields.ts';

export const keyCreate = z
  .strictObject({
    name: text(1, 256).describe('What the key is for; people tell keys apart by it.'),
    role: z.enum(roles).default('editor').describe('An admin may manage keys, an editor may do all else.'),
  })
  .meta({ id: 'NewApiKey', description: 'An API key to make.' });

export const keyListQuery = z.strictObject({ limit: limit(20, 100), page });

/** A key as answers carry it. `hint` is its last four characters. */
export type KeyResponse = Key & { readonly type: 'api_key' };

/** The answer to making a key: the only one that ever holds its secret. */
export type NewKeyResponse = KeyResponse & { readonly secret: string };

export function keyResponse(key: Key): KeyResponse {
  return { type: 'api_key', ...key };
}
