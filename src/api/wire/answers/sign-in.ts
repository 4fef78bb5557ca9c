import { z } from 'zod';
import { roles } from '../../../core/roles.ts';
import { roleText } from '../keys.ts';
import type { MeResponse, SignedOutResponse } from '../sign-in.ts';
import { describes, text, time } from './fields.ts';

export const me = describes<MeResponse>()(
  z.object({
    type: z.literal('me'),
    key_id: text.nullable().describe('`apikey_…`; null where no key is asked for.'),
    name: text.describe('Whose key it is.'),
    role: z.enum(roles).describe(roleText),
    how: z
      .enum(['key', 'sign_in', 'no_key'])
      .describe('By a key in a header, by signing in, or because no key is asked for.'),
    expires_at: time.nullable().describe('From when on they are let in no more; null for never.'),
  }),
).meta({ id: 'Me', description: 'Who makes a request.' });

export const signedOut = describes<SignedOutResponse>()(z.object({ type: z.literal('signed_out') })).meta({
  id: 'SignedOut',
  description: 'That nobody is signed in any more.',
});
