import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SignIns } from '../access/sign-ins.ts';
import { type Clock, readTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Door } from './auth.ts';
import { dropToken, keepToken, tokenOf } from './cookie.ts';
import type { App } from './http.ts';
import { requireNoForeignPage, requireOwnPage } from './own-page.ts';
import { noBody } from './wire/params.ts';
import { type MeResponse, type SignedOutResponse, signIn } from './wire/sign-in.ts';

type Deps = { readonly door: Door; readonly sign_ins: SignIns; readonly clock: Clock };

/** Whoever asks has shown no key yet: nobody needs more for one. */
const maxBodyBytes = 4096;

/** Signing in to the dashboard with a key, and out again. */
export function signInRoutes(app: App, { door, sign_ins, clock }: Deps): void {
  const config = { open: true } as const;

  app.post(
    '/pawl/v1/sign_in',
    { schema: { body: signIn }, config, bodyLimit: maxBodyBytes },
    async (request, reply): Promise<MeResponse> => {
      requireNoForeignPage(request);
      const { actor, expires_at: end } = await door.withKey(request.body.key, request, reply);
      const { key_id } = actor;
      if (key_id === null) throw new PawlError('authentication', "The server's own key signs nobody in");
      await leave(request, sign_ins);
      const { token, expires_at } = await sign_ins.begin({ actor: { ...actor, key_id }, expires_at: end });
      const seconds = Math.floor((readTime(expires_at) - clock.now()) / 1_000_000);
      keepToken(request, uncached(reply), { token, seconds });
      return { type: 'me', ...actor, how: 'sign_in', expires_at };
    },
  );

  app.post(
    '/pawl/v1/sign_out',
    { schema: { body: noBody }, config },
    async (request, reply): Promise<SignedOutResponse> => {
      // Browsers keep the cookie to themselves when another site asks, and would still take it away.
      if (tokenOf(request) === null) requireNoForeignPage(request);
      else requireOwnPage(request);
      await leave(request, sign_ins);
      dropToken(request, uncached(reply));
      return { type: 'signed_out' };
    },
  );

  app.get('/pawl/v1/me', async ({ actor, entry }, reply): Promise<MeResponse> => {
    uncached(reply);
    return { type: 'me', ...actor, how: entry.how, expires_at: entry.expires_at };
  });
}

/** Ends the sign-in that a request came with, if there is one. */
async function leave(request: FastifyRequest, sign_ins: SignIns): Promise<void> {
  const token = tokenOf(request);
  if (token !== null) await sign_ins.end(token);
}

/** What is about one person is not for anybody between the two, nor for later. */
function uncached(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-store');
}
