/** A map out of a file or an answer, whose members nobody has looked at. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a field says nothing. */
export function isNothing(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === null || value === undefined || (isFields(value) && Object.keys(value).length === 0);
}

/** Whether a value is a map. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
