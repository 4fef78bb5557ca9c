import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SignIn } from '../access/sign-ins.ts';

const plainName = 'pawl_sign_in';
/** Over TLS. A cookie of this name can be set by nobody but the host itself: no neighbour under the same domain, no plain HTTP. */
const hostName = `__Host-${plainName}`;

/** The token of a sign-in that a browser has sent along; null when there is none. */
export function tokenOf({ headers, protocol }: FastifyRequest): string | null {
  const pairs = headers.cookie?.split(';').map((pair) => pair.trim()) ?? [];
  const find = (name: string): string | null =>
    pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
  return find(hostName) ?? (protocol === 'https' ? null : find(plainName));
}

/** Has the browser keep a token, out of reach of every script and of pages of other sites. Seconds are rounded down. */
export function keepToken(request: FastifyRequest, reply: FastifyReply, { token, seconds }: Kept): void {
  reply.header('set-cookie', cookieFor(request, { token, seconds }));
}

type Kept = Pick<SignIn, 'token'> & { readonly seconds: number };

/** Has the browser forget it. */
export function dropToken(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('set-cookie', cookieFor(request, { token: '', seconds: 0 }));
}

function cookieFor({ protocol, headers }: FastifyRequest, { token, seconds }: Kept): string {
  // A proxy may not be trusted to say so, but the page knows how it came.
  const secure = protocol === 'https' || headers.origin?.startsWith('https:') === true;
  const cookie = `${secure ? hostName : plainName}=${token}; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=Strict`;
  return secure ? `${cookie}; Secure` : cookie;
}
