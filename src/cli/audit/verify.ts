import { createReadStream } from 'node:fs';
import type { AuditCheckResponse } from '../../api/audit.ts';
import { plain } from '../../core/plain-text.ts';
import { counted } from '../../core/quantities.ts';
import { inPlainWords, type ReleaseOptions } from '../alias/release-server.ts';
import { callServer } from '../api-client.ts';
import { CommandError, sentenceOf } from '../command-error.ts';
import { note } from '../eval/note.ts';
import { exitCodes } from '../exit-codes.ts';
import { type OpenServer, withServer } from '../open-server.ts';
import { print, printJson } from '../output.ts';
import { checkLog, type LogCheck } from './check-log.ts';
import { openLog } from './export.ts';
import { logLines } from './log-lines.ts';
import { headText, type NotedHead } from './noted-head.ts';

export type VerifyOptions = ReleaseOptions & { readonly head?: NotedHead };

/** Reading the whole log may take a server a while. */
const timeoutMs = 60 * 60_000;

/**
 * Checks an export, or the log of a server, entry by entry. The exit code is 1 when something is wrong with it.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function verifyAudit(file: string | undefined, options: VerifyOptions): Promise<void> {
  const { url, head: noted, output } = options;
  const result =
    file === undefined
      ? await withServer(url === undefined ? {} : { url }, (server) =>
          inPlainWords(checkServer(server, noted)),
        )
      : await checkFile(file, noted);
  const { head, broken } = result;
  const found = head.hash === null ? null : headText({ seq: head.seq, hash: head.hash });
  if (output === 'json') printJson({ ok: broken === null, entries: head.seq, head: found, broken });
  else print(described(result, found));
  if (broken !== null) process.exitCode = exitCodes.no;
}

/** A server that has no entries says so itself; a file without any is no log that somebody could rely on. */
async function checkFile(file: string, noted: NotedHead | undefined): Promise<LogCheck> {
  const found = await check(createReadStream(file), { name: file, noted });
  if (found.broken !== null || found.head.hash !== null) return found;
  return { ...found, broken: { seq: 1, problem: 'it is missing, for the file has no entries' } };
}

/** The log is checked here; the server is asked besides, because it knows how many entries it has written. */
async function checkServer(server: OpenServer, noted: NotedHead | undefined): Promise<LogCheck> {
  const here = await check(await openLog(server), { name: `The log of ${server.url}`, noted });
  if (here.broken !== null) return here;
  const { broken } = await callServer<AuditCheckResponse>(server, {
    ...{ method: 'GET', path: '/pawl/v1/audit/verify' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  return { ...here, broken };
}

async function check(
  pieces: AsyncIterable<Uint8Array>,
  { name, noted }: { readonly name: string; readonly noted: NotedHead | undefined },
): Promise<LogCheck> {
  try {
    return await checkLog(logLines(pieces), {
      noted,
      onProgress: (entries) => note(`${entries} entries are in order so far.`),
    });
  } catch (error) {
    throw new CommandError(`${name} cannot be read: ${sentenceOf(error)}`, { cause: error });
  }
}

function described({ head, broken }: LogCheck, found: string | null): string {
  const entries = counted(head.seq, 'entry', 'entries');
  if (broken !== null) {
    const before = found === null ? '' : ` What comes before it is in order, up to ${found}.`;
    return plain(`Entry ${broken.seq} is not in order: ${broken.problem}.${before}`);
  }
  if (found === null) return 'The log has no entries yet.';
  return `${entries}, all in order. The head is\n\n${found}\n\nNoted elsewhere and given as --head, it shows later whether anything up to it was changed or cut off.`;
}
