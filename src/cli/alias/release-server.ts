import { plain } from '../../core/plain-text.ts';
import { type Refusal, RefusedError } from '../api-client.ts';
import { sentenceOf } from '../command-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { type OpenServer, withServer } from '../open-server.ts';
import type { Format } from '../output.ts';

/** What every command about releases is told. */
export type ReleaseOptions = { readonly url?: string; readonly output: Format };

/** What is archived is no conflict by its status, and stands in the way all the same. */
const standing: readonly (string | null)[] = ['agent_archived', 'eval_archived'];

/**
 * As `withServer`. When the server says no because of how things stand, that is the answer, and the command ends
 * with 1.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function withReleases(
  { url }: { readonly url?: string },
  work: (server: OpenServer) => Promise<void>,
): Promise<void> {
  await withServer(url === undefined ? {} : { url }, async (server) => {
    try {
      await inPlainWords(work(server));
    } catch (error) {
      if (!(error instanceof RefusedError && isHowThingsStand(error))) throw error;
      process.stderr.write(`pawl: ${sentenceOf(error)}\n`);
      process.exitCode = exitCodes.no;
    }
  });
}

/** Whether a refusal is about what is there, and not about the request or the key. */
function isHowThingsStand({ status, code }: Refusal): boolean {
  return status === 409 || standing.includes(code);
}

/** Refusals quote names and reasons, which anybody may have written. @throws RefusedError, and all else as it is. */
export async function inPlainWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    throw new RefusedError(plain(error.message), error);
  }
}
