import type { Row } from './rows.ts';

/** What stands at the head of a backup. */
export type Manifest = {
  /** The newest step of the schema that the rows fit. */
  readonly schema: string;
  /** The program that made it. */
  readonly pawl: string;
  readonly made_at: string;
  readonly database: 'SQLite' | 'PostgreSQL';
  /** Whether the bytes of uploaded files come with it, or stay apart: in an S3 bucket, or in a folder that both sides use. */
  readonly files: 'included' | 'apart';
  /** Every table with its columns, in the order in which they come. */
  readonly tables: readonly { readonly name: string; readonly columns: readonly string[] }[];
};

/** What a whole backup came to. */
export type Totals = {
  /** How many rows each table has. */
  readonly tables: Readonly<Record<string, number>>;
  /** How many files have come with their bytes, and how many had lost them before they could be read. */
  readonly files: number;
  readonly missing_files: number;
};

/**
 * A backup, piece by piece: the manifest; each table, its rows and their sum; each file, its bytes and their sum; and
 * the totals. Without these it is not whole.
 */
export type BackupRecord =
  | ({ readonly kind: 'manifest' } & Manifest)
  | { readonly kind: 'table'; readonly name: string }
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | { readonly kind: 'table_end'; readonly rows: number; readonly sha256: string }
  | { readonly kind: 'file'; readonly id: string; readonly size_bytes: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** `sha256` is null for a file whose bytes were gone. */
  | { readonly kind: 'file_end'; readonly sha256: string | null }
  | ({ readonly kind: 'totals' } & Totals);

/** Not a whole backup, or not one that this program can read. The message says what is wrong. */
export class BackupError extends Error {}
