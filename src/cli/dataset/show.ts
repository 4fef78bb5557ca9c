import type { DatasetResponse, DatasetRevisionResponse } from '../../api/wire/datasets.ts';
import { plain } from '../../core/plain-text.ts';
import { callServer } from '../api-client.ts';
import { withServer } from '../open-server.ts';
import { columns, type Format, paintFor, print, printJson } from '../output.ts';
import { datasetPath } from './words.ts';

/** The options of `pawl dataset show`. */
export type ShowOptions = { readonly revision?: string; readonly url?: string; readonly output: Format };

/** Shows what a dataset holds. @throws CommandError, ConfigError */
export async function showDataset(name: string, { revision, output, ...choice }: ShowOptions): Promise<void> {
  const path = datasetPath(name, '', { revision });
  const dataset = await withServer(choice, (server) =>
    callServer<DatasetResponse>(server, { method: 'GET', path }),
  );
  if (output === 'json') return printJson(dataset);
  const { bold } = paintFor(process.stdout);
  const lines = [bold(`${plain(dataset.name)} (${dataset.id})`)];
  if (dataset.description !== null) lines.push(plain(dataset.description));
  if (dataset.archived_at !== null) lines.push(`Archived ${dataset.archived_at}.`);
  if (dataset.revision !== null) lines.push('', ...revisionLines(dataset.revision, bold));
  print(lines.join('\n'));
}

function revisionLines(revision: DatasetRevisionResponse, bold: (text: string) => string): string[] {
  const { id, hash, cases, summary, created_at } = revision;
  const facts = [
    ['revision', id],
    ['hash', hash],
    ['created', created_at],
    ['cases', String(cases)],
    ['without target', String(summary.without_target)],
    ['must pass', String(summary.must_pass)],
    ['clusters', String(summary.clusters)],
  ];
  const groups = summary.groups.flatMap(({ group, cases: count }) =>
    group === null ? [] : [[group, String(count)]],
  );
  if (groups.length === 0) return columns(facts);
  const [head = '', ...rows] = columns([['GROUP', 'CASES'], ...groups]);
  return [...columns(facts), '', bold(head), ...rows];
}
