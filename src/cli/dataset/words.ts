import type { DatasetRevisionResponse } from '../../api/wire/datasets.ts';
import { counted } from '../../core/quantities.ts';

/** A dataset in a path of the API, with what follows it. */
export function datasetPath(
  name: string,
  rest = '',
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const text = new URLSearchParams(given).toString();
  return `/pawl/v1/datasets/${encodeURIComponent(name)}${rest}${text === '' ? '' : `?${text}`}`;
}

/** What people call a revision: as much of its hash as tells it apart. */
export function shortHash({ hash }: Pick<DatasetRevisionResponse, 'hash'>): string {
  return hash.slice(0, 12);
}

/** What a revision holds, in a few words: `120 cases in 3 groups`. */
export function sizeInWords({
  cases,
  summary: { groups },
}: Pick<DatasetRevisionResponse, 'cases' | 'summary'>): string {
  const named = groups.filter(({ group }) => group !== null);
  const number = counted(cases, 'case');
  if (named.length === 0) return number;
  return `${number} in ${counted(named.length, 'group')}`;
}
