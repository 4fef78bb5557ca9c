import type { Json } from '../../core/evaluation.ts';

/**
 * One row of a file, by its columns. `undefined` is an empty cell of a CSV file: no value where the column has a role,
 * and an empty text where it is only a field.
 */
export type Row = { readonly [column: string]: Json | undefined };

/** A row and where it stands, or what is wrong with it. `at` counts lines from 1, or the places of a list from 0. */
export type RowRead =
  | { readonly at: number; readonly row: Row }
  | { readonly at: number; readonly complaint: string };

/** Whether a value is an object with names in it, and not a list. */
export function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
