import { InvalidArgumentError } from 'commander';
import type { PromotionResponse } from '../../api/promotions.ts';

type Based = Pick<PromotionResponse, 'basis_hash'>;

const shownLength = 16;

/** As much of the hash of a basis as tells it apart. */
export function shortBasis({ basis_hash }: Based): string {
  return basis_hash.slice(0, shownLength);
}

/** Reads the hash of a basis, or its beginning. */
export function basisHash(text: string): string {
  if (/^[0-9a-f]{12,64}$/.test(text)) return text;
  throw new InvalidArgumentError('It has to be what `pawl promotion show` gives as the basis.');
}

/**
 * The whole hash of the basis that a reviewer has looked at: the one there is, when nobody says which. One that is
 * not there any more stays as it is, and the server will refuse it.
 */
export function basisLookedAt({ basis_hash }: Based, said: string | undefined): string {
  return said === undefined || basis_hash.startsWith(said) ? basis_hash : said;
}
