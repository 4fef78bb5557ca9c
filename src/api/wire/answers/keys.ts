import { z } from 'zod';
import { roles } from '../../../core/roles.ts';
import { type KeyResponse, type NewKeyResponse, rateLimitText, roleText } from '../keys.ts';
import { count, describes, text, time } from './fields.ts';

const shape = {
  type: z.literal('api_key'),
  id: text.describe('`apikey_…`'),
  name: text.describe('Whose key it is.'),
  role: z.enum(roles).describe(roleText),
  hint: text.describe('The last four characters of the secret, to tell keys apart by eye.'),
  created_at: time.describe('When it was made.'),
  expires_at: time.nullable().describe('From when on it opens nothing; null for a key without an end.'),
  revoked_at: time
    .nullable()
    .describe('When it was revoked, or came to its end; null while it opens the server.'),
  rate_limit_per_minute: count.nullable().describe(rateLimitText),
};

export const apiKey = describes<KeyResponse>()(z.object(shape)).meta({
  id: 'ApiKey',
  description: 'An API key without its secret.',
});

export const newApiKey = describes<NewKeyResponse>()(
  z.object({ ...shape, secret: text.describe('What to send as `x-api-key`. It is never given again.') }),
).meta({ id: 'ApiKeyWithSecret', description: 'An API key that was just made.' });
