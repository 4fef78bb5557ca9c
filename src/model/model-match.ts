/** How rows of a table that is read from the top say which model ids they are for. */
export type ModelMatch = {
  /** An exact model id, or the start of one followed by `*`. */
  readonly match: string;
};

/** The first row that matches a model id; undefined when none does. */
export function firstMatch<Row extends ModelMatch>(rows: readonly Row[], modelId: string): Row | undefined {
  return rows.find((row) =>
    isWholeId(row) ? modelId === row.match : modelId.startsWith(row.match.slice(0, -1)),
  );
}

/** The model ids that rows name in full. */
export function wholeIds(rows: readonly ModelMatch[]): string[] {
  return rows.filter(isWholeId).map(({ match }) => match);
}

function isWholeId({ match }: ModelMatch): boolean {
  return !match.endsWith('*');
}
