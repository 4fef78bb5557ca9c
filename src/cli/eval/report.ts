import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { Option } from 'commander';
import { requestServer, type ServerAccess, textOf } from '../api-client.ts';
import { CommandError, sentenceOf } from '../command-error.ts';
import { pathOfSubject, type SubjectName } from './subject.ts';

const reportFormats = ['table', 'json', 'markdown', 'junit', 'html'] as const;

/** How a report is given: a table for people, the others for programs, pages and CI systems. */
export type ReportFormat = (typeof reportFormats)[number];

/** The `-o` of commands whose result is a report. */
export function reportOption(): Option {
  return new Option('-o, --output <format>', 'how to print the report')
    .choices(reportFormats)
    .default('table');
}

const formatsByEnding: Readonly<Record<string, ReportFormat>> = {
  '.txt': 'table',
  '.json': 'json',
  '.md': 'markdown',
  '.xml': 'junit',
  '.html': 'html',
};

/** The format that the ending of a file's name calls for. @throws CommandError for any other ending. */
export function formatOfFile(file: string): ReportFormat {
  const format = formatsByEnding[extname(file).toLowerCase()];
  if (format !== undefined) return format;
  const endings = Object.keys(formatsByEnding).join(', ');
  throw new CommandError(`${file}: the name of a report has to end with one of ${endings}`);
}

const timeoutMs = 60_000;

/** A report as text that ends with a line break. @throws CommandError */
export async function fetchReport(
  access: ServerAccess,
  subject: SubjectName,
  { format, colours = false }: { readonly format: ReportFormat; readonly colours?: boolean },
): Promise<string> {
  const query = `format=${format}${colours ? '&colour=true' : ''}`;
  const response = await requestServer(access, {
    method: 'GET',
    path: `${pathOfSubject(subject)}/report?${query}`,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await textOf(access, response);
  const readable = format === 'json' ? JSON.stringify(JSON.parse(text), null, 2) : text;
  return readable.endsWith('\n') ? readable : `${readable}\n`;
}

/** Writes a report into files, each in the format of its ending. @throws CommandError */
export async function writeReports(
  access: ServerAccess,
  subject: SubjectName,
  files: readonly string[],
): Promise<void> {
  for (const file of files) {
    const text = await fetchReport(access, subject, { format: formatOfFile(file) });
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    } catch (error) {
      throw new CommandError(`${file} cannot be written: ${sentenceOf(error)}`, { cause: error });
    }
  }
}
