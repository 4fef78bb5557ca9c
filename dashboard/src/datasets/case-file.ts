/** What a file of cases is. */
export type CaseFileFormat = 'jsonl' | 'csv';

/** What the server takes each format as. */
export const contentTypes: Readonly<Record<CaseFileFormat, string>> = {
  jsonl: 'application/x-ndjson',
  csv: 'text/csv',
};

/** What a file is by its name; null for anything that no dataset is made of. */
export function formatOf(name: string): CaseFileFormat | null {
  if (/\.(jsonl|ndjson)$/i.test(name)) return 'jsonl';
  return /\.csv$/i.test(name) ? 'csv' : null;
}

/** A name for the dataset, out of that of a file: of the characters that names may have. */
export function nameOf(file: string): string {
  const plain = file.replace(/\.\w+$/, '').replaceAll(/[^\p{L}\p{N}\p{M}._-]+/gu, '-');
  return plain.replace(/^[^\p{L}\p{N}]+/u, '').slice(0, 100);
}

/** The columns of a file, from how it begins; none where that cannot be read, which the server will complain of. */
export function columnsOf(beginning: string, format: CaseFileFormat): readonly string[] {
  const text = beginning.replace(/^\uFEFF/, '');
  return format === 'csv' ? csvHead(text) : jsonHead(text);
}

function jsonHead(text: string): readonly string[] {
  const line = text.split('\n').find((one) => one.trim() !== '') ?? '';
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  } catch {
    return [];
  }
}

/** The first row of a CSV file: fields between commas, in quotes where they hold one. */
function csvHead(text: string): readonly string[] {
  const row = /^(?:"(?:[^"]|"")*"|[^"\r\n])*/.exec(text)?.[0] ?? '';
  const fields = [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)];
  return fields
    .map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '')
    .filter((name) => name !== '');
}

/** What is wrong with a file, and where; null for what is about all of it. */
export type Complaint = { readonly place: string | null; readonly text: string };

/** What the server complains of, one on each of its lines. */
export function complaintsOf(message: string): readonly Complaint[] {
  return message.split('\n').map((line) => {
    const [, place, text] = /^(line \d+|cases\[\d+\]): (.*)$/.exec(line) ?? [];
    return place === undefined || text === undefined ? { place: null, text: line } : { place, text };
  });
}
