/** A number of tokens that an upstream tells: what is not a whole number from zero up counts as zero. */
export function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
