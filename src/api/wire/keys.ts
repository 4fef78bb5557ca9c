import { z } from 'zod';
import { type Key, localActor, serverActor } from '../../access/keys.ts';
import { roleMeanings, roles } from '../../core/roles.ts';
import { limit, newestFirst, page, search, text, time } from './fields.ts';

/** What the roles are for, in one sentence. */
export const roleText: string = `Each may do what those before it may. ${roles
  .map((role) => `${role}: ${roleMeanings[role]}`)
  .join('; ')}.`;

/** What the limit of a key means, in one sentence. */
export const rateLimitText =
  'How many requests a minute it may make of each process; 0 for as many as it likes, null for what the server allows every key.';

const rateLimit = z.int().min(0).max(1_000_000).nullable().describe(rateLimitText);

/** What the server calls itself, and whoever opens its data without a key. */
const ownNames = [serverActor.name, localActor.name];

export const keyCreate = z
  .strictObject({
    name: text(1, 256)
      .refine((name) => !/\p{C}/u.test(name) && name.trim() !== '', 'must be text that can be seen')
      .refine(
        (name) => !ownNames.includes(name.trim().toLowerCase()),
        `must not be ${ownNames.join(' or ')}, which the server calls itself`,
      )
      .describe('Whose key it is. Keys of one name are one person, who does not review their own.'),
    role: z.enum(roles).default('editor').describe(roleText),
    expires_at: time.describe('From when on it opens nothing; absent for a key without an end.'),
    rate_limit_per_minute: rateLimit.optional(),
  })
  .meta({ id: 'NewApiKey', description: 'An API key to make.' });

export const keyUpdate = z
  .strictObject({ rate_limit_per_minute: rateLimit })
  .meta({ id: 'ApiKeyUpdate', description: 'What of an API key can be changed.' });

export const keyListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  order: newestFirst,
  search: search('Only keys with this in their name.'),
  role: z.enum(roles).optional().describe('Only keys of this role.'),
});

/** A key as answers carry it. `hint` is its last four characters. */
export type KeyResponse = Key & { readonly type: 'api_key' };

/** The answer to making a key: the only one that ever holds its secret. */
export type NewKeyResponse = KeyResponse & { readonly secret: string };

export function keyResponse(key: Key): KeyResponse {
  return { type: 'api_key', ...key };
}
