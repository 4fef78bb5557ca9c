import { z } from 'zod';
import { roles } from '../../../access/keys.ts';
import type { KeyResponse, NewKeyResponse } from '../keys.ts';
import { describes, text, time } from './fields.ts';

const shape = {
  type: z.literal('api_key'),
  id: text.describe('`apikey_…`'),
  name: text.describe('What the key is for.'),
  role: z.enum(roles).describe('An admin may manage keys, an editor may do all else.'),
  hint: text.describe('The last four characters of the secret, to tell keys apart by eye.'),
  created_at: time.describe('When it was made.'),
  revoked_at: time.nullable().describe('When it was revoked; null while it opens the server.'),
};

export const apiKey = describes<KeyResponse>()(z.object(shape)).meta({
  id: 'ApiKey',
  description: 'An API key without its secret.',
});

export const newApiKey = describes<NewKeyResponse>()(
  z.object({ ...shape, secret: text.describe('What to send as `x-api-key`. It is never given again.') }),
).meta({ id: 'ApiKeyWithSecret', description: 'An API key that was just made.' });
