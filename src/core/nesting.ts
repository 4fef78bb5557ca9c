/**
 * Whether a value of JSON has so many levels of objects and lists at most. Whatever compares, stores or prints one goes
 * through it by recursion, which must end before the stack does; this here looks no deeper than it was told.
 */
export function isNestedWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isNestedWithin(member, levels - 1));
}
