import { type Draft, openDraft } from '../../pin/replace-file.ts';
import { inPlainWords } from '../alias/release-server.ts';
import { requestServer, type ServerAccess } from '../api-client.ts';
import { CommandError, networkReason } from '../command-error.ts';
import { note } from '../eval/note.ts';
import { withServer } from '../open-server.ts';
import { printFile } from '../output.ts';

/** For the whole log; whoever reads standard output may take their time. */
const timeoutMs = 60 * 60_000;

/** Writes the audit log into a file or to standard output. @throws CommandError, ConfigError, InterruptedError */
export async function exportAudit(
  file: string | undefined,
  { url }: { readonly url?: string },
): Promise<void> {
  await withServer(url === undefined ? {} : { url }, async (server) => {
    const log = await inPlainWords(openLog(server));
    if (file === undefined) return printFile(log);
    await replaceFile(file, log);
    note(`${file} holds the log; \`pawl audit verify ${file}\` checks it, without any server.`);
  });
}

/** The audit log as the server sends it, one entry on each line. @throws CommandError */
export async function openLog(server: ServerAccess): Promise<ReadableStream<Uint8Array>> {
  const signal = AbortSignal.timeout(timeoutMs);
  const { body } = await requestServer(server, { method: 'GET', path: '/pawl/v1/audit/export', signal });
  if (body !== null) return body;
  throw new CommandError(`The server at ${server.url} sent no log`);
}

/** Half a log looks like a whole one, so that the file is there once all of it is. */
async function replaceFile(file: string, log: ReadableStream<Uint8Array>): Promise<void> {
  let draft: Draft | null = null;
  try {
    draft = openDraft(file);
    for await (const piece of log) draft.write(piece);
    draft.commit();
  } catch (error) {
    draft?.discard();
    throw new CommandError(`${file} cannot be written: ${networkReason(error)}`, { cause: error });
  }
}
