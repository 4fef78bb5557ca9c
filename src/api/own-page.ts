import type { FastifyRequest } from 'fastify';
import { PawlError } from '../core/errors.ts';

/**
 * Sees to it that no page of another origin has sent a request. Browsers say so themselves, in headers that no page can
 * set; programs that are no browsers send neither.
 * @throws PawlError `permission`
 */
export function requireNoForeignPage(request: FastifyRequest): void {
  const { origin, 'sec-fetch-site': site } = request.headers;
  const typed = site === 'none' && isReading(request);
  if (site !== undefined && site !== 'same-origin' && !typed) {
    throw new PawlError('permission', 'A page of another origin may not ask here for somebody else');
  }
  if (origin !== undefined && !isOwn(origin, request.host)) {
    throw new PawlError(
      'permission',
      `The page is of ${origin.slice(0, 200)}, and the server is asked for as ${request.host.slice(0, 200)}; a proxy between them has to pass on the host`,
    );
  }
}

/**
 * Sees to it that what came with a cookie was sent by a page of this server: browsers add cookies by themselves, and
 * say the origin of whatever changes something.
 * @throws PawlError `permission`
 */
export function requireOwnPage(request: FastifyRequest): void {
  requireNoForeignPage(request);
  if (isReading(request) || request.headers.origin !== undefined) return;
  throw new PawlError(
    'permission',
    'What is asked with a cookie needs an Origin header; send an API key instead',
  );
}

function isReading({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Whether a page of this origin came from the host that it asks. */
function isOwn(origin: string, host: string): boolean {
  const page = URL.parse(origin);
  // Behind a proxy, only the page knows whether it came over TLS, and so which port need not be named.
  return page !== null && page.host !== '' && page.host === URL.parse(`${page.protocol}//${host}`)?.host;
}
