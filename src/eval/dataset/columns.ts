import type { Json } from '../../core/evaluation.ts';
import { isObject, type Row } from './row.ts';

/** What a column can be to a case. Every other column is one of its fields. */
export const roles = ['id', 'input', 'target', 'group', 'cluster', 'weight', 'must_pass', 'split'] as const;
export type Role = (typeof roles)[number];

/**
 * Which column plays which role; where a role is left out, its usual names are looked for. One column may play two
 * roles. A name such as `metadata.team` leads into an object, unless a column is called just that.
 */
export type ColumnMapping = { readonly [R in Role]?: string | undefined };

/** The names by which files in the wild call each role. */
const usualNames: { readonly [R in Role]: readonly string[] } = {
  id: ['id'],
  input: ['input', 'question', 'prompt', 'messages'],
  target: [
    ...['target', 'expected', 'expected_output', 'ground_truth', 'groundTruth', 'reference'],
    ...['label', 'output'],
  ],
  group: ['group', 'category'],
  cluster: ['cluster', 'source_id'],
  weight: ['weight'],
  must_pass: ['must_pass'],
  split: ['split'],
};

/** Every column name that is more than a field when no mapping says otherwise. */
export const meaningfulNames: ReadonlySet<string> = new Set([
  ...Object.values(usualNames).flat(),
  'vars',
  'tags',
]);

/** The value that plays a role, under the name of its column. `value` is null when there is none. */
export type Part = { readonly name: string; readonly value: Json };

/** A row, shared out. */
export type Parts = {
  readonly roles: { readonly [R in Role]: Part };
  readonly fields: { readonly [name: string]: Json };
  readonly complaints: readonly string[];
};

/** Shares out the columns of a row. An object called `vars` gives its members to the fields. */
export function assignColumns(row: Row, mapping: ColumnMapping): Parts {
  const complaints: string[] = [];
  const taken = new Set<string>(Object.values(mapping).filter((name) => name !== undefined));
  const parts = roles.map((role): [Role, Part] => {
    const mapped = mapping[role];
    if (mapped !== undefined) return [role, { name: mapped, value: columnOf(row, mapped) ?? null }];
    const candidates = usualNames[role].filter((name) => !taken.has(name));
    const present = candidates.filter((name) => ownValue(row, name) !== undefined && row[name] !== null);
    if (present.length > 1) {
      complaints.push(`${present.join(', ')}: only one of them may be the ${role}; say which by a mapping`);
    }
    for (const name of candidates) taken.add(name);
    const name = present[0] ?? role;
    return [role, { name, value: ownValue(row, name) ?? null }];
  });
  const fields = Object.entries(row).filter(([name]) => !taken.has(name) && name !== 'vars');
  const vars = taken.has('vars') ? null : (ownValue(row, 'vars') ?? null);
  if (vars !== null && !isObject(vars)) complaints.push('vars: must be an object');
  const members = isObject(vars) ? Object.entries(vars) : [];
  const names = new Set(fields.map(([name]) => name));
  for (const [name] of members) {
    if (names.has(name)) complaints.push(`vars.${name}: must not be there beside a column ${name}`);
  }
  return {
    roles: Object.fromEntries(parts) as { [R in Role]: Part },
    fields: Object.fromEntries(
      [...fields, ...members].map(([name, value]) => [name, value === undefined ? '' : value]),
    ),
    complaints,
  };
}

/** Whether a row has the column that a mapping names, empty or not. */
export function hasColumn(row: Row, name: string): boolean {
  return Object.hasOwn(row, name) || columnOf(row, name) !== undefined;
}

function columnOf(row: Row, name: string): Json | undefined {
  if (Object.hasOwn(row, name) || !name.includes('.')) return ownValue(row, name);
  let value: Json | undefined = row as Json;
  for (const key of name.split('.')) value = isObject(value) ? ownValue(value, key) : undefined;
  return value;
}

/** What a row itself has, and nothing that all objects have. */
function ownValue(row: Row, name: string): Json | undefined {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}
