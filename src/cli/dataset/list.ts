import type { DatasetResponse } from '../../api/wire/datasets.ts';
import { callServer, type ServerAccess } from '../api-client.ts';
import { withServer } from '../open-server.ts';
import { columns, type Format, paintFor, print, printJson } from '../output.ts';
import { shortHash } from './words.ts';

/** The options of `pawl dataset list`. */
export type ListOptions = { readonly archived?: true; readonly url?: string; readonly output: Format };

/** Lists datasets, newest first. @throws CommandError, ConfigError */
export async function listDatasets({ archived, output, ...choice }: ListOptions): Promise<void> {
  const datasets = await withServer(choice, (server) => allDatasets(server, archived === true));
  if (output === 'json') return printJson(datasets);
  if (datasets.length === 0) return print('There are no datasets; `pawl dataset import FILE` makes one.');
  const rows = datasets.map(({ name, revision, updated_at, archived_at }) => [
    name,
    String(revision?.cases ?? 0),
    String(revision?.summary.groups.filter(({ group }) => group !== null).length ?? 0),
    revision === null ? '' : shortHash(revision),
    updated_at,
    archived_at ?? '',
  ]);
  const heads = ['NAME', 'CASES', 'GROUPS', 'REVISION', 'CHANGED', 'ARCHIVED'];
  const [head = '', ...lines] = columns([heads, ...rows]);
  print([paintFor(process.stdout).bold(head), ...lines].join('\n'));
}

async function allDatasets(server: ServerAccess, archived: boolean): Promise<DatasetResponse[]> {
  const datasets: DatasetResponse[] = [];
  for (let page: string | null = ''; page !== null; ) {
    const query: string = `limit=100&include_archived=${archived}&page=${encodeURIComponent(page)}`;
    const answer: { data: DatasetResponse[]; next_page: string | null } = await callServer(server, {
      method: 'GET',
      path: `/pawl/v1/datasets?${query}`,
    });
    datasets.push(...answer.data);
    page = answer.next_page;
  }
  return datasets;
}
