import { z } from 'zod';
import { contentHash } from '../../core/canonical.ts';

/** The two fields that every scorer begins with: its type, and its name, which is its type unless stated. */
export function identity<const T extends string>(type: T) {
  return {
    type: z.literal(type),
    name: z
      .string()
      .regex(
        /^[A-Za-z0-9][\w.-]{0,63}$/,
        'must begin with a letter or digit and have at most 64 letters, digits, dots, dashes and underscores',
      )
      .default(type)
      .meta({ description: 'What its metric is called; unique within an eval.' }),
  };
}

/** The setting of every scorer that compares text. */
export const ignoreCase = z
  .boolean()
  .default(false)
  .meta({ description: 'Whether capitals and small letters count as the same.' });

/** The setting of scorers that run a user's own code. */
export const binary = z
  .boolean()
  .default(false)
  .meta({ description: 'Whether the only values are 0 and 1; any other is unscored then.' });

/** What a user's own code is given beside the case. */
export const options = z.json().default(null).meta({ description: 'Any JSON; handed on as `options`.' });

/**
 * Hash of what decides a scorer's values, which its name does not. `version` is to be raised in the scorer's own
 * file whenever the same settings begin to give other values; `code` is the hash of a user's own code.
 */
export function scorerHash(
  config: { readonly type: string; readonly name: string },
  { version, code }: { readonly version: number; readonly code?: string },
): string {
  const { name: _, ...settings } = config;
  return contentHash({ ...settings, version, code });
}
