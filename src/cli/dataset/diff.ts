import type { CaseChangeResponse, DatasetDiffResponse } from '../../api/wire/datasets.ts';
import { plain } from '../../core/plain-text.ts';
import type { ServerAccess } from '../api-client.ts';
import { listPages } from '../list-items.ts';
import { withServer } from '../open-server.ts';
import { type Format, paintFor, print, printJson } from '../output.ts';
import { datasetPath, shortHash } from './words.ts';

/** The options of `pawl dataset diff`. */
export type DiffOptions = { readonly url?: string; readonly output: Format };

/** Which revisions to compare. What is absent is left to the server. */
export type Revisions = { readonly from: string | undefined; readonly to: string | undefined };

/** Shows what became of the cases of a dataset. @throws CommandError, ConfigError */
export async function diffDataset(
  name: string,
  revisions: Revisions,
  { output, ...choice }: DiffOptions,
): Promise<void> {
  await withServer(choice, async (server) => {
    if (output === 'json') {
      const data: CaseChangeResponse[] = [];
      let last: DatasetDiffResponse | undefined;
      for await (last of pagesOf(server, name, revisions)) data.push(...last.data);
      return printJson({ ...last, data });
    }
    const counts = { added: 0, changed: 0, removed: 0 };
    let title = '';
    for await (const { from, to, data } of pagesOf(server, name, revisions)) {
      title = `from revision ${shortHash(from)} to ${shortHash(to)}`;
      for (const change of data) {
        counts[change.change]++;
        print(lineOf(change));
      }
    }
    print(`${counts.added} added, ${counts.changed} changed, ${counts.removed} removed ${title}.`);
  });
}

/** A dataset has at most a million cases, and each of them may be gone and another one there. */
const mostPages = 20_000;

function pagesOf(
  server: ServerAccess,
  name: string,
  revisions: Revisions,
): AsyncGenerator<DatasetDiffResponse> {
  return listPages(server, datasetPath(name, '/diff', revisions), mostPages);
}

function lineOf({ change, case_id, fields }: CaseChangeResponse): string {
  const { green, red, yellow } = paintFor(process.stdout);
  const id = plain(case_id);
  if (change === 'added') return green(`+ ${id}`);
  if (change === 'removed') return red(`- ${id}`);
  return yellow(`~ ${id}: ${plain(fields.join(', '))}`);
}
