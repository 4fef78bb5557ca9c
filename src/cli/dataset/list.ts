import type { DatasetResponse } from '../../api/wire/datasets.ts';
import type { ServerAccess } from '../api-client.ts';
import { listItems } from '../list-items.ts';
import { withServer } from '../open-server.ts';
import { type Format, print, printJson, table } from '../output.ts';
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
  print(table(['NAME', 'CASES', 'GROUPS', 'REVISION', 'CHANGED', 'ARCHIVED'], rows));
}

async function allDatasets(server: ServerAccess, archived: boolean): Promise<DatasetResponse[]> {
  const datasets: DatasetResponse[] = [];
  const path = `/pawl/v1/datasets?include_archived=${archived}`;
  for await (const dataset of listItems<DatasetResponse>(server, path)) datasets.push(dataset);
  return datasets;
}
