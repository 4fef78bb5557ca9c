import type { FastifyRequest } from 'fastify';
import type { Authorship } from '../agent/agents.ts';
import { PawlError } from '../core/errors.ts';

/** Carries what an author says about a version, URI-encoded, because the SDK's calls have no field for it. */
const header = 'pawl-message';
const maxLength = 1000;

/** Who makes a version and what they say about it. @throws PawlError `invalid_request` */
export function authorship({ actor, headers }: FastifyRequest): Authorship {
  const sent = headers[header];
  if (sent === undefined || sent === '') return { by: actor, message: null };
  const message = decoded(String(sent));
  if (message === null || message.length > maxLength || message.includes('\0')) {
    throw new PawlError(
      'invalid_request',
      `${header}: must be URI-encoded text of at most ${maxLength} characters`,
    );
  }
  return { by: actor, message };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
