import { columns } from '../output.ts';

/** The result of a calculation for people: a line for each figure, and a table for each list. */
export function describeResult(result: Readonly<Record<string, unknown>>): string[] {
  const facts: string[][] = [];
  const tables: string[] = [];
  const add = (name: string, value: unknown): void => {
    if (Array.isArray(value) && value.some(isRecord)) tables.push('', `${name}:`, ...table(value));
    else if (isRecord(value)) for (const [key, part] of Object.entries(value)) add(`${name}.${key}`, part);
    else facts.push([name, cell(value)]);
  };
  for (const [name, value] of Object.entries(result)) add(name, value);
  return [...columns(facts), ...tables];
}

function table(rows: readonly unknown[]): string[] {
  const records = rows.filter(isRecord);
  const heads = [...new Set(records.flatMap((row) => Object.keys(row)))];
  return columns([heads, ...records.map((row) => heads.map((head) => cell(row[head])))]);
}

const digits = 5;

function cell(value: unknown): string {
  if (value === null || value === undefined) return 'no answer';
  if (typeof value === 'number')
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(digits)));
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
