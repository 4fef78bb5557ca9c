import { canonicalJson, contentHash, sha256 } from '../../core/canonical.ts';
import type { Json } from '../../core/evaluation.ts';
import type { Case, CaseMessage } from '../case.ts';
import { assignColumns, type ColumnMapping, type Part } from './columns.ts';
import { isObject, type Row } from './row.ts';
import { findFlaw } from './storable.ts';

/** A case that is fit to be kept. `body` is its canonical JSON, and `hash` the hash of that. */
export type FitCase = {
  readonly id: string;
  readonly case: Case;
  readonly body: string;
  readonly hash: string;
  /** Whether the id was made from the content, for want of one. */
  readonly unnamed: boolean;
};

/** A row read as a case, or everything that is wrong with it: each time the column and what it must be. */
export type CaseReading =
  | { readonly ok: true; readonly fit: FitCase }
  | { readonly ok: false; readonly complaints: readonly string[] };

/** How values are written: as JSON, or as text that a weight and a yes or no have to be read from. */
export type CellKind = 'json' | 'text';

const maxNameLength = 200;
const maxCaseBytes = 256 * 1024;

/**
 * Reads a row as a case. Without an id, the case is called `case_` and the first 24 hexadecimal digits of the hash
 * of all the rest.
 */
export function readCase(
  row: Row,
  { mapping, cells }: { mapping: ColumnMapping; cells: CellKind },
): CaseReading {
  const parts = assignColumns(row, mapping);
  const values = Object.values(parts.roles).map(({ name, value }) => [name, value] as const);
  const flaw = findFlaw({ ...parts.fields, ...Object.fromEntries(values) });
  if (flaw !== null) return { ok: false, complaints: [flaw] };
  const complaints = [...parts.complaints];
  const complain = (name: string, allowed: string): null => {
    complaints.push(`${name}: ${allowed}`);
    return null;
  };
  const { id, input, target, group, cluster, weight, must_pass, split } = parts.roles;
  const rest = {
    input: readInput(input, complain),
    target: target.value,
    group: readName(group, complain),
    cluster: readName(cluster, complain),
    weight: readWeight(weight, cells, complain),
    must_pass: readMustPass(must_pass, { tags: row['tags'], cells }, complain),
    split: readName(split, complain),
    fields: parts.fields,
  };
  const name = readName(id, complain);
  if (rest.input === null && Object.keys(rest.fields).length === 0 && complaints.length === 0) {
    complain('input', 'must be given, unless there are other columns to make a message from');
  }
  const one: Case = { id: name ?? `case_${contentHash(rest).slice(0, 24)}`, ...rest };
  const body = canonicalJson(one);
  if (Buffer.byteLength(body) > maxCaseBytes) complaints.push('a case must take at most 256 KiB');
  if (complaints.length > 0) return { ok: false, complaints };
  return { ok: true, fit: { id: one.id, case: one, body, hash: sha256(body), unnamed: name === null } };
}

/** Notes what a column must be. */
type Complain = (name: string, allowed: string) => null;

function readName({ name, value }: Part, complain: Complain): string | null {
  if (value === null) return null;
  if (typeof value === 'string' && value !== '' && value.length <= maxNameLength) return value;
  return complain(name, `must be a text of 1 to ${maxNameLength} characters`);
}

function readInput({ name, value }: Part, complain: Complain): string | readonly CaseMessage[] | null {
  if (value === null) return null;
  if (typeof value === 'string') return isBlank(value) ? complain(name, 'must not be blank') : value;
  if (!Array.isArray(value)) return complain(name, 'must be a text or a list of messages');
  const before = value.length;
  const messages = value.flatMap((one, i) => readMessage(one, `${name}[${i}]`, complain) ?? []);
  if (messages.length < before) return null;
  if (messages.at(-1)?.role === 'user') return messages;
  return complain(name, 'must hold at least one message, and the last must have the role user');
}

function readMessage(value: Json, name: string, complain: Complain): CaseMessage | null {
  const { role, content, ...others } = isObject(value) ? value : {};
  if (role !== 'user' && role !== 'assistant') {
    return complain(`${name}.role`, 'must be user or assistant; a system prompt belongs to the agent');
  }
  if (typeof content !== 'string' || isBlank(content)) {
    return complain(`${name}.content`, 'must be a text that is not blank');
  }
  const [other] = Object.keys(others);
  if (other !== undefined)
    return complain(`${name}.${other}`, 'must be left out; a message has role and content');
  return { role, content };
}

function readWeight({ name, value }: Part, cells: CellKind, complain: Complain): number {
  const weight =
    cells === 'text' && typeof value === 'string' && !isBlank(value) ? Number(value) : (value ?? 1);
  if (typeof weight === 'number' && weight >= 1e-6 && weight <= 1e6) return weight;
  complain(name, 'must be a number from 0.000001 to 1000000');
  return 1;
}

function readMustPass(
  { name, value }: Part,
  { tags, cells }: { tags: Json | undefined; cells: CellKind },
  complain: Complain,
): boolean {
  if (value === null) {
    const list = typeof tags === 'string' ? tags.split(/[\s,;|]+/) : tags;
    return Array.isArray(list) && list.includes('must_pass');
  }
  if (typeof value === 'boolean') return value;
  const known = cells === 'text' && typeof value === 'string' ? truths.get(value.toLowerCase()) : undefined;
  if (known !== undefined) return known;
  complain(name, cells === 'text' ? 'must be true, false, 1 or 0' : 'must be true or false');
  return false;
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

function isBlank(text: string): boolean {
  return text.trim() === '';
}
