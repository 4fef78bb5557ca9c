import { z } from 'zod';
import type { Actor } from '../../access/keys.ts';
import type { Entry } from '../auth.ts';
import { text } from './fields.ts';

export const signIn = z
  .strictObject({ key: text(1, 1000).describe('The API key. Nothing of it is kept in the browser.') })
  .meta({ id: 'NewSignIn', description: 'What to sign in with.' });

/** Who makes a request, as the answer has it. */
export type MeResponse = Actor &
  Pick<Entry, 'how' | 'expires_at'> & {
    readonly type: 'me';
  };

/** The answer to signing out, whether or not somebody was signed in. */
export type SignedOutResponse = { readonly type: 'signed_out' };
