import { PawlError } from './errors.ts';

/** Labels that a caller keeps on a thing: at most 16 pairs, keys of 1-64 UTF-16 code units, values up to 512. */
export type Metadata = { readonly [key: string]: string };
/** A change to metadata: a string sets a key, null removes it, a key that is absent stays. */
export type MetadataPatch = { readonly [key: string]: string | null };

const maxPairs = 16;
const maxKeyLength = 64;
/** How long a value may be, in UTF-16 code units. */
export const maxValueLength = 512;

/** Whether a text may be a value: an emoji, for one, counts as two characters. */
export function fitsMetadata(value: string): boolean {
  return value.length <= maxValueLength;
}

/**
 * The metadata after a patch, checked against the limits.
 * @param emptyRemoves whether an empty string removes a key, as it does on environments.
 * @throws PawlError `invalid_metadata`
 */
export function patchMetadata(
  current: Metadata,
  patch: MetadataPatch | null | undefined,
  options: { emptyRemoves?: boolean } = {},
): Metadata {
  const result = new Map(Object.entries(current));
  for (const [key, value] of Object.entries(patch ?? {})) {
    if (value === null || (options.emptyRemoves === true && value === '')) result.delete(key);
    else result.set(key, value);
  }
  check(result);
  return Object.fromEntries(result);
}

function check(metadata: Map<string, string>): void {
  if (metadata.size > maxPairs) {
    throw new PawlError(
      'invalid_metadata',
      `metadata: ${metadata.size} pairs; at most ${maxPairs} are allowed`,
    );
  }
  for (const [key, value] of metadata) {
    if (key.length < 1 || key.length > maxKeyLength) {
      throw new PawlError('invalid_metadata', `metadata: a key must have 1 to ${maxKeyLength} characters`);
    }
    if (!fitsMetadata(value)) {
      throw new PawlError(
        'invalid_metadata',
        `metadata.${key}: at most ${maxValueLength} characters are allowed`,
      );
    }
  }
}
