import type Sqlite from 'better-sqlite3';
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';

const maxStatements = 500;

/** Runs a query on a database at once. */
export type Run = <R>(query: CompiledQuery) => QueryResult<R>;

/**
 * Runs queries on one better-sqlite3 handle that keeps its prepared statements: preparing costs more than running most of
 * ours. The number kept is bounded, because lists of values make new texts.
 */
export function runOn(handle: Sqlite.Database): Run {
  const statements = new Map<string, Sqlite.Statement>();

  function prepare(sql: string): Sqlite.Statement {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    if (statements.size >= maxStatements) statements.clear();
    const statement = handle.prepare(sql);
    statements.set(sql, statement);
    return statement;
  }

  return <R>(query: CompiledQuery): QueryResult<R> => {
    const statement = prepare(query.sql);
    if (statement.reader) return { rows: statement.all(query.parameters) as R[] };
    const { changes, lastInsertRowid } = statement.run(query.parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  };
}

/** A Kysely connection. */
export function createConnection(run: Run): DatabaseConnection {
  return {
    executeQuery: async <R>(query: CompiledQuery) => run<R>(query),
    // biome-ignore lint/correctness/useYield: nothing here reads a query as a stream.
    async *streamQuery(): AsyncIterableIterator<never> {
      throw new Error('This store does not stream queries');
    },
  };
}

/**
 * A driver that gives every caller the same connection. Who may use it when is decided outside: see
 * `sqlite.ts`, where writes take turns. `ready` is awaited before each use.
 */
export function createDriver(
  handle: Sqlite.Database,
  { connection, ready }: { readonly connection: DatabaseConnection; readonly ready: () => Promise<void> },
): Driver {
  const run = async (sql: string): Promise<void> => {
    handle.exec(sql);
  };
  return {
    init: async () => {},
    acquireConnection: async () => {
      await ready();
      return connection;
    },
    beginTransaction: () => run('begin immediate'),
    commitTransaction: () => run('commit'),
    rollbackTransaction: () => run('rollback'),
    releaseConnection: async () => {},
    destroy: async () => {},
  };
}
