import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { counted } from '../../core/quantities.ts';
import { agentIdOf } from '../alias/agent-id.ts';
import { inPlainWords } from '../alias/release-server.ts';
import { requestServer } from '../api-client.ts';
import { CommandError, InterruptedError, networkReason } from '../command-error.ts';
import { type OpenServer, withServer } from '../open-server.ts';
import { printFile } from '../output.ts';

/** The options of `pawl session export`. */
export type SessionExportOptions = {
  readonly agent?: string;
  readonly from?: string;
  readonly before?: string;
  readonly to?: string;
  readonly url?: string;
};

/** For the whole file; there may be millions of sessions. */
const timeoutMs = 24 * 60 * 60_000;
const toldEvery = 1000;

/**
 * Writes sessions into a file or to standard output, as they come. The file is there when all of them are in it: what an
 * interrupted command leaves is removed.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function exportSessions({ to, ...options }: SessionExportOptions): Promise<void> {
  const { url } = options;
  await withServer(url === undefined ? {} : { url }, async (server) => {
    const path = await inPlainWords(pathOf(server, options));
    const signal = AbortSignal.timeout(timeoutMs);
    const { body } = await inPlainWords(requestServer(server, { method: 'GET', path, signal }));
    if (body === null) throw new CommandError(`The server at ${server.url} sent no sessions`);
    if (to === undefined) return printFile(body);
    const sessions = await save(body, to, server.signal);
    process.stderr.write(`${counted(sessions, 'session')} in ${to}\n`);
  });
}

async function pathOf(server: OpenServer, options: Omit<SessionExportOptions, 'to'>): Promise<string> {
  const { agent, from, before } = options;
  const query = new URLSearchParams({
    ...(agent === undefined ? {} : { agent_id: await agentIdOf(server, agent) }),
    ...(from === undefined ? {} : { 'created_at[gte]': from }),
    ...(before === undefined ? {} : { 'created_at[lt]': before }),
  });
  return `/pawl/v1/sessions/export?${query}`;
}

/** Gives how many sessions are in the file. */
async function save(body: ReadableStream<Uint8Array>, to: string, signal: AbortSignal): Promise<number> {
  const part = `${to}.part`;
  const lines = countLines((sessions) => process.stderr.write(`${counted(sessions, 'session')} so far\n`));
  try {
    // What others have put there is not for them to read on.
    await rm(part, { force: true });
    const file = createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true });
    const packed = to.endsWith('.gz') ? createGzip() : new PassThrough();
    await pipeline(body, lines.through, packed, file, { signal });
    await rename(part, to);
  } catch (error) {
    await rm(part, { force: true });
    if (signal.aborted) throw new InterruptedError();
    throw new CommandError(`${to} cannot be written: ${networkReason(error)}`, { cause: error });
  }
  return lines.count();
}

/** Passes bytes on and counts the lines in them. */
function countLines(tell: (lines: number) => void) {
  let lines = 0;
  const through = new Transform({
    transform(piece: Buffer, _encoding, done) {
      for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, at + 1)) {
        lines++;
        if (lines % toldEvery === 0) tell(lines);
      }
      done(null, piece);
    },
  });
  return { through, count: () => lines };
}
