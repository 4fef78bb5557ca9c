/** What was carried. */
type Totals = {
  /** How many rows each table has. */
  readonly tables: Readonly<Record<string, number>>;
  readonly files: number;
  readonly missing_files: number;
};

/** How much it is, in words. */
export function describeTotals({ tables, files }: Totals): string {
  const rows = Object.values(tables).reduce((all, count) => all + count, 0);
  return `${rows} rows of ${Object.keys(tables).length} tables, and the bytes of ${files} files`;
}

/** What whoever carried it should know besides. */
export function remarks({ tables, missing_files }: Totals): string[] {
  const lines: string[] = [];
  if (missing_files > 0) {
    lines.push(
      `The bytes of ${missing_files} files were gone before they could be read; downloading them finds nothing.`,
    );
  }
  if ((tables['vault_credentials'] ?? 0) > 0) {
    lines.push('Secrets in vaults stay encrypted: whoever serves from it needs the same PAWL_VAULT_KEY.');
  }
  return lines;
}
