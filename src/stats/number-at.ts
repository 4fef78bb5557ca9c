/** The number at a place of a column that the caller knows to be there; 0 beyond the ends. */
export function numberAt(column: ArrayLike<number>, place: number): number {
  return column[place] ?? 0;
}
