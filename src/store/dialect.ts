import type { Kysely } from 'kysely';
import type { Database } from './database.ts';

/** A handle on which queries run: inside `write` it is the transaction. */
export type Handle = Kysely<Database>;

/** The named differences between the two databases; everything else is written once. */
export type Dialect = {
  readonly name: 'sqlite' | 'postgres';
  /** The type of text that sorts by its characters, not by the rules of a language. */
  readonly text: string;
  /**
   * Locks the rows that a query reads until the transaction ends. A no-op on SQLite, where one writer at a
   * time is already the rule.
   */
  lock<Q extends { forUpdate(): Q }>(query: Q): Q;
  /**
   * Keeps the rows that a query reads from being deleted until the transaction ends, and lets others read and change
   * them. A no-op on SQLite.
   */
  keep<Q extends { forKeyShare(): Q }>(query: Q): Q;
  /**
   * The statements that make the database itself refuse these changes to a table's rows. With `keys`, the groups of
   * columns that tell its rows apart, a row cannot be replaced by inserting another one either.
   */
  refuseChanges(
    table: string,
    changes: readonly ('update' | 'delete')[],
    keys?: readonly (readonly string[])[],
  ): string[];
  /** The statements that let a table's rows be deleted only along with what they belong to. */
  refuseLoneDelete(table: string, owner: { readonly table: string; readonly key: string }): string[];
  /** Whether a write failed because what it refers to is gone, or because something still refers to it. */
  isBrokenReference(error: unknown): boolean;
};

/** Where everything is remembered. */
export type Store = {
  readonly dialect: Dialect;
  /** For reading what is committed. */
  readonly db: Handle;
  /**
   * Runs `work` in a transaction and resolves once it is on disk; when `work` throws, nothing of it is kept.
   * `work` must do nothing but queries on its handle, because it may run again after a conflict.
   */
  write<T>(work: (tx: Handle) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

/** Another process has the database. The message says where. */
export class DatabaseInUseError extends Error {}

/** The database cannot be used by this program; the message says why and what would help. */
export class DatabaseError extends Error {}
