import { sql } from 'kysely';
import { DatabaseError, type Dialect, type Handle } from '../dialect.ts';

/** A table as it is found in a database. */
export type Table = {
  readonly name: string;
  /** Sorted by name, so that the order in which migrations added them does not matter. */
  readonly columns: readonly string[];
  /** Those of them that hold text, which alone can be large. */
  readonly texts: readonly string[];
  /** The columns that tell its rows apart, in the order of the primary key. */
  readonly key: readonly string[];
  /** The tables that its rows refer to, itself left out. */
  readonly references: readonly string[];
};

type ColumnRow = { table: string; column: string; type: string; key: number };
type ReferenceRow = { table: string; target: string };

/**
 * Every table of a database but those in which Kysely keeps what was migrated, each after all that it refers to. They
 * are read from the schema itself, so that none can be forgotten. Tables in other schemas of PostgreSQL are not ours.
 * @throws DatabaseError when rows of a table cannot be told apart, or tables refer to each other in a circle.
 */
export async function readTables(db: Handle, { name: kind }: Dialect): Promise<Table[]> {
  const columns = await (kind === 'sqlite' ? sqliteColumns : postgresColumns).execute(db);
  const references = await (kind === 'sqlite' ? sqliteReferences : postgresReferences).execute(db);
  const names = [...new Set(columns.rows.map((row) => row.table))].sort();
  const tables = names.map((name) => {
    const own = columns.rows.filter((row) => row.table === name);
    const keyed = own.filter((row) => row.key > 0).sort((a, b) => a.key - b.key);
    if (keyed.length === 0) throw new DatabaseError(`The table ${name} has no primary key`);
    const targets = references.rows.filter((row) => row.table === name && row.target !== name);
    return {
      name,
      columns: own.map((row) => row.column).sort(),
      texts: own.filter(({ type }) => type.toLowerCase() === 'text').map((row) => row.column),
      key: keyed.map((row) => row.column),
      references: targets.map((row) => row.target),
    };
  });
  return inOrder(tables);
}

const sqliteColumns = sql<ColumnRow>`
  select t.name as "table", c.name as "column", c.type, c.pk as "key"
  from sqlite_master t join pragma_table_info(t.name) c
  where t.type = 'table' and t.name not like 'sqlite\\_%' escape '\\' and t.name not like 'kysely\\_%' escape '\\'`;

const sqliteReferences = sql<ReferenceRow>`
  select distinct t.name as "table", f."table" as target
  from sqlite_master t join pragma_foreign_key_list(t.name) f
  where t.type = 'table'`;

const postgresColumns = sql<ColumnRow>`
  select c.relname as "table", a.attname as "column", format_type(a.atttypid, null) as type,
    coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0) as "key"
  from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
  where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace and c.relname not like 'kysely\\_%'`;

const postgresReferences = sql<ReferenceRow>`
  select distinct c.relname as "table", t.relname as target
  from pg_constraint f join pg_class c on c.oid = f.conrelid join pg_class t on t.oid = f.confrelid
  where f.contype = 'f' and c.relnamespace = current_schema()::regnamespace`;

/** Puts each table after all that it refers to, and those that may stand anywhere by name. */
function inOrder(tables: readonly Table[]): Table[] {
  const placed: Table[] = [];
  let left = [...tables];
  while (left.length > 0) {
    const waiting = left;
    const next = waiting.find(({ references }) => !waiting.some(({ name }) => references.includes(name)));
    if (next === undefined) {
      throw new DatabaseError(
        `Tables refer to each other in a circle: ${left.map(({ name }) => name).join(', ')}`,
      );
    }
    placed.push(next);
    left = left.filter((table) => table !== next);
  }
  return placed;
}
