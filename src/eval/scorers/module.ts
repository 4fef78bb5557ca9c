import { realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import { PawlError } from '../../core/errors.ts';
import type { Scorer } from '../score.ts';
import { firstLine } from '../score-values.ts';
import type { ScorerContext } from './context.ts';
import { openModule } from './module-calls.ts';
import { fileHash } from './module-thread.ts';
import { binary, identity, options, scorerHash } from './settings.ts';

/** Settings of `module`. */
export const schema = z.strictObject({
  ...identity('module'),
  file: z
    .string()
    .max(200, 'must have at most 200 characters')
    .regex(
      /^(?:\w[\w.-]*\/)*\w[\w.-]*\.(?:js|mjs|ts)$/,
      'must be the relative name of a .js, .mjs or .ts file, without ..',
    )
    .meta({ description: "A JavaScript or TypeScript file in the server's folder of scorers." }),
  options,
  binary,
});

/**
 * Scores with a user's own function: the default export of a file, called with `{case, outcome, reading, options}`.
 * The hash covers the bytes of that file, and of nothing that it imports.
 * @throws PawlError `invalid_request` when the server has no such file, or cannot load it.
 */
export async function create(config: z.output<typeof schema>, context: ScorerContext): Promise<Scorer> {
  const place = await locate(config, context.modules_folder);
  const opened = await open({ ...place, timeout_ms: context.timeout_ms }).catch((error: unknown) => {
    // What is in the way of a user's file is theirs to know; where the server keeps it is not.
    const why = firstLine(error).replaceAll(`${place.folder}${sep}`, '');
    throw refusal(config, `${config.file} cannot be loaded: ${why}`);
  });
  return {
    name: config.name,
    hash: scorerHash(config, { version: 1, code: opened.hash }),
    binary: config.binary,
    keeps_time: true,
    score: (scored, signal) => opened.calls.call({ ...scored, options: config.options }, signal),
    close: opened.calls.close,
  };
}

type Place = { readonly folder: string; readonly file: string };

async function open({ file, timeout_ms }: Place & { readonly timeout_ms: number }) {
  const hash = await fileHash(file);
  return { hash, calls: await openModule({ file, hash, timeout_ms }) };
}

/** Where the file is, once every link on the way to it has been followed. */
async function locate(config: z.output<typeof schema>, folder: string | null): Promise<Place> {
  if (folder === null) throw refusal(config, 'this server has no folder of scorers');
  try {
    const real = await realpath(folder);
    const file = await realpath(join(real, config.file));
    if (!relative(real, file).startsWith('..')) return { folder: real, file };
  } catch (cause) {
    throw refusal(config, `the server's folder of scorers has no ${config.file}`, cause);
  }
  throw refusal(config, `${config.file} leads out of the server's folder of scorers`);
}

function refusal(config: { readonly name: string }, why: string, cause?: unknown): PawlError {
  return new PawlError('invalid_request', `scorers.${config.name}.file: ${why}`, { cause });
}
