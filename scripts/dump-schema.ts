import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Handle } from '../src/store/dialect.ts';
import { openPostgres } from '../src/store/postgres.ts';
import { openSqlite } from '../src/store/sqlite.ts';
import { findInstallation } from '../test/postgres/binaries.ts';
import { startCluster } from '../test/postgres/cluster.ts';
import { clusterBase, makeDirectory } from '../test/postgres/directories.ts';

/**
 * Writes down what the migrations make of an empty database, so that a change to the schema shows in a review.
 * `npm run schema` renews both files; a test compares them.
 */
const folder = join(import.meta.dirname, '../src/store');

export const dumpFiles = {
  sqlite: join(folder, 'schema.sqlite.sql'),
  postgres: join(folder, 'schema.postgres.sql'),
} as const;

const heading = '-- What the migrations make of an empty database. Made by `npm run schema`; do not edit.';

/** The schema in SQLite: its own texts, with the margins of the migrations taken off. */
export async function dumpSqlite(): Promise<string> {
  const store = await openSqlite(null);
  const made = await sql<{ sql: string }>`
    select sql from sqlite_master
    where sql is not null and tbl_name not like 'kysely_%' and tbl_name not like 'sqlite_%'
    order by tbl_name, case type when 'table' then 1 when 'index' then 2 else 3 end, name`.execute(store.db);
  await store.close();
  return render(made.rows.map((row) => withoutMargin(row.sql)));
}

/** The schema in a PostgreSQL database, which has to be empty. Reads the same from every release of the server. */
export async function dumpPostgres(url: string): Promise<string> {
  const store = await openPostgres(url);
  try {
    return render(await readCatalog(store.db));
  } finally {
    await store.close();
  }
}

async function readCatalog(db: Handle): Promise<string[]> {
  const tables = await sql<{ name: string; columns: string[]; rules: string[] }>`
    select c.relname as name,
      array(
        select format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
          || case when a.attcollation not in (0, 100) then ' collate ' || a.attcollation::regcollation else '' end
          || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
          || case when a.attnotnull then ' not null' else '' end
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        order by a.attnum
      ) as columns,
      array(
        select format('constraint %I %s', conname, pg_get_constraintdef(oid)) from pg_constraint
        where conrelid = c.oid and contype in ('p', 'u', 'f', 'c')
        order by array_position('{p,u,f,c}'::text[], contype::text), conname collate "C"
      ) as rules
    from pg_class c
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname not like 'kysely%'
    order by c.relname collate "C"`.execute(db);
  const rest = await sql<{ text: string }>`
    select text from (
      select indexdef as text, 1 as rank, indexname as name from pg_indexes
        where schemaname = 'public' and tablename not like 'kysely%'
          and indexname not in (select conname from pg_constraint)
      union all
      select pg_get_functiondef(oid), 2, proname from pg_proc where pronamespace = 'public'::regnamespace
      union all
      select pg_get_triggerdef(t.oid), 3, c.relname || ' ' || t.tgname
        from pg_trigger t join pg_class c on c.oid = t.tgrelid where not t.tgisinternal
    ) as rest
    order by rank, name collate "C"`.execute(db);
  const created = tables.rows.map(
    ({ name, columns, rules }) => `create table ${name} (\n  ${[...columns, ...rules].join(',\n  ')}\n)`,
  );
  return [...created, ...rest.rows.map((row) => row.text.trim())];
}

function withoutMargin(text: string): string {
  return text
    .replaceAll(/\n {2}/g, '\n')
    .replace(/\s+begin /, '\nbegin\n  ')
    .replace(/; end$/, ';\nend');
}

function render(statements: readonly string[]): string {
  return `${[heading, ...statements.map((statement) => `${statement};`)].join('\n\n')}\n`;
}

async function main(): Promise<void> {
  const directory = makeDirectory(clusterBase());
  const cluster = await startCluster(findInstallation(process.env['PAWL_TEST_POSTGRES']), directory);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(dumpFiles.sqlite, await dumpSqlite());
    writeFileSync(dumpFiles.postgres, await dumpPostgres(cluster.url));
  } finally {
    await cluster.stop();
  }
  console.log(`Wrote ${Object.values(dumpFiles).join(' and ')}`);
}

if (import.meta.main) await main();
