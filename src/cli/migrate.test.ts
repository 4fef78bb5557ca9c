import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { pawlHere } from '../../test/pawl-here.ts';
import { freshFolder } from '../../test/pawl-process.ts';
import { freshDatabase } from '../../test/postgres.ts';
import { withoutPassword } from './database-place.ts';

type Place = {
  readonly kind: string;
  readonly place: string;
  readonly env: Record<string, string>;
  readonly cwd: string;
  execute(sql: string): Promise<void>;
};

async function sqlite(): Promise<Place> {
  const cwd = freshFolder();
  return {
    ...{ kind: 'SQLite', place: '.pawl/pawl.db', env: {}, cwd },
    execute: async (sql) => void new Sqlite(join(cwd, '.pawl/pawl.db')).exec(sql).close(),
  };
}

async function postgres(): Promise<Place> {
  const { url, drop } = await freshDatabase();
  onTestFinished(drop);
  return {
    ...{ kind: 'PostgreSQL', place: withoutPassword(url), env: { DATABASE_URL: url }, cwd: freshFolder() },
    async execute(sql) {
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(sql);
      await client.end();
    },
  };
}

describe.each<readonly [string, () => Promise<Place>]>([
  ['SQLite', sqlite],
  ['PostgreSQL', postgres],
])('On %s', (_name, make) => {
  test('the schema is asked about, brought up to date, and says from where to where', async () => {
    const { kind, place, env, cwd } = await make();
    const asked = await pawlHere(['migrate', '--check', '-o', 'json'], { env, cwd });
    expect(asked).toMatchObject({ code: 1, stderr: '' });
    const wanted = JSON.parse(asked.stdout) as { to: string; steps: string[] };
    expect(wanted).toEqual({ kind, place, from: null, to: wanted.steps.at(-1), steps: wanted.steps });
    expect(wanted.steps[0]).toBe('0001_init');
    expect((await pawlHere(['migrate', '--check'], { env, cwd })).stdout).toContain(
      `The schema is empty; ${wanted.to} is needed. Missing:\n  0001_init\n`,
    );

    const done = await pawlHere(['migrate'], { env, cwd });
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toBe(
      [
        `${kind}, ${place}`,
        `The schema was empty, and is at ${wanted.to} now. Done:`,
        ...wanted.steps.map((step) => `  ${step}`),
        '',
      ].join('\n'),
    );

    const upToDate = {
      code: 0,
      stdout: `${kind}, ${place}\nThe schema is at ${wanted.to}: up to date.\n`,
      stderr: '',
    };
    expect(await pawlHere(['migrate', '--check'], { env, cwd })).toEqual(upToDate);
    expect(await pawlHere(['migrate'], { env, cwd })).toEqual(upToDate);
  });

  test('a program older than the database says so in one sentence, and does nothing', async () => {
    const { env, cwd, execute } = await make();
    await pawlHere(['migrate'], { env, cwd });
    await execute("insert into kysely_migration (name, timestamp) values ('9999_later', '2030-01-01')");
    for (const args of [['migrate'], ['migrate', '--check'], ['serve', '--port', '0']]) {
      const { code, stdout, stderr } = await pawlHere(args, { env, cwd });
      expect({ args, code, stdout }).toEqual({ args, code: 3, stdout: '' });
      expect(stderr).toMatch(/^pawl: [^\n]*newer (pawl )?than this[^\n]*\.\n$/);
    }
  });
});

test('Another process that keeps the database is waited for, and named at the end', async () => {
  const cwd = freshFolder();
  await pawlHere(['migrate'], { cwd });
  const [lock, database] = ['pawl.lock', 'pawl.db'].map((file) => new Sqlite(join(cwd, '.pawl', file)));
  database?.exec("delete from kysely_migration where name > '0001'").close();
  lock?.pragma('locking_mode = EXCLUSIVE');
  lock?.exec('begin exclusive');
  const { code, stderr } = await pawlHere(['migrate', '--wait', '1'], { cwd });
  lock?.close();
  expect(code).toBe(3);
  expect(stderr).toBe(
    'Another process has the database; waiting up to 1 s for it.\n' +
      'pawl: Another pawl process is using .pawl; stop it, or use another folder.\n',
  );
});

test('A wait that is no number of seconds is refused', async () => {
  const { code, stderr } = await pawlHere(['migrate', '--wait', 'long']);
  expect(code).toBe(3);
  expect(stderr).toContain('a whole number of seconds from 0 to 86400');
});
