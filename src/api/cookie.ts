import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SignIn } from '../access/sign-ins.ts';

const name = 'pawl_sign_in';

/** The token of a sign-in that a browser has sent along; null when there is none. */
export function tokenOf({ headers }: FastifyRequest): string | null {
  const pairs = headers.cookie?.split(';') ?? [];
  const mine = pairs.map((pair) => pair.trim()).find((pair) => pair.startsWith(`${name}=`));
  return mine?.slice(name.length + 1) ?? null;
}

/** Has the browser keep a token, out of reach of every script and of pages of other sites. Seconds are rounded down. */
export function keepToken(request: FastifyRequest, reply: FastifyReply, { token, seconds }: Kept): void {
  reply.header('set-cookie', `${name}=${token}; Max-Age=${seconds}; ${attributesFor(request)}`);
}

type Kept = Pick<SignIn, 'token'> & { readonly seconds: number };

/** Has the browser forget it. */
export function dropToken(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('set-cookie', `${name}=; Max-Age=0; ${attributesFor(request)}`);
}

function attributesFor({ protocol, headers }: FastifyRequest): string {
  // A proxy may not be trusted to say so, but the page knows how it came.
  const secure = protocol === 'https' || headers.origin?.startsWith('https:') === true;
  return `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}
