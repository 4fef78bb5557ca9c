import { PawlError } from '../../core/errors.ts';
import { type ColumnMapping, hasColumn } from './columns.ts';
import { type Feed, placeIn } from './feed.ts';
import { type FitCase, readCase } from './read-case.ts';
import type { Row } from './row.ts';

/** The most cases that a dataset revision holds. */
export const maxCases = 1_000_000;

const maxComplaints = 50;
const maxComplaintLength = 300;

/**
 * Reads a feed as cases and gives them in order, as long as nothing is wrong. From the first complaint on, it only
 * reads to find more of them, and ends with all.
 * @throws PawlError `invalid_dataset` with one complaint on each line, at most 50; each begins with its place.
 */
export async function* checkCases(feed: Feed, mapping: ColumnMapping): AsyncGenerator<FitCase> {
  const complaints: string[] = [];
  const seen = createMemory(feed);
  const unused = new Set(Object.values(mapping).filter((name) => name !== undefined));
  const complain = (at: number, what: string): void => {
    complaints.push(`${placeIn(feed, at)}: ${what}`.slice(0, maxComplaintLength));
  };
  let count = 0;
  for await (const read of feed.rows) {
    count++;
    if (count > maxCases) complaints.push(`a dataset must have at most ${maxCases} cases`);
    if (complaints.length > maxComplaints || count > maxCases) break;
    if ('complaint' in read) {
      complain(read.at, read.complaint);
      continue;
    }
    useColumns(unused, read.row);
    const reading = readCase(read.row, { mapping, cells: feed.cells });
    const problems = reading.ok ? seen.problemsWith(reading.fit, read.at) : reading.complaints;
    for (const problem of problems) complain(read.at, problem);
    if (reading.ok && complaints.length === 0) yield reading.fit;
  }
  if (count === 0) complaints.push('a dataset must have at least one case');
  else if (complaints.length === 0) {
    for (const name of unused) complaints.push(`${name}: must be the name of a column, and no case has it`);
  }
  if (complaints.length === 0) return;
  const shown = complaints.slice(0, maxComplaints);
  if (complaints.length > maxComplaints) shown.push(`only the first ${maxComplaints} complaints are shown`);
  throw new PawlError('invalid_dataset', shown.join('\n'));
}

function useColumns(unused: Set<string>, row: Row): void {
  for (const name of unused) if (hasColumn(row, name)) unused.delete(name);
}

/** The most groups that a dataset may have; results are reported by each of them. */
const maxGroups = 1000;

/** Remembers of each case what others must agree with: its id, and whether it has a group. */
function createMemory(feed: Feed) {
  const places = new Map<string, number>();
  const groups = new Set<string>();
  let first: { readonly at: number; readonly grouped: boolean } | null = null;
  return {
    problemsWith({ id, unnamed, case: one }: FitCase, at: number): string[] {
      const problems: string[] = [];
      const before = places.get(id);
      if (before === undefined) places.set(id, at);
      else if (unnamed) problems.push(`must differ from ${placeIn(feed, before)}, or both must have an id`);
      else problems.push(`id: must be unique, and ${placeIn(feed, before)} has ${JSON.stringify(id)} too`);
      const grouped = one.group !== null;
      first ??= { at, grouped };
      if (grouped !== first.grouped) {
        const other = `${placeIn(feed, first.at)} has ${first.grouped ? 'one' : 'none'}`;
        problems.push(grouped ? `group: given, while ${other}` : `group: missing, while ${other}`);
      }
      if (one.group !== null && groups.size < maxGroups) groups.add(one.group);
      else if (one.group !== null && !groups.has(one.group)) {
        problems.push(`group: must be one of at most ${maxGroups} groups`);
      }
      return problems;
    },
  };
}
