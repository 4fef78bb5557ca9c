import { createHash } from 'node:crypto';
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';

/*
 * What tests start as processes of their own. A process that loads the sources one by one, types and all, takes four
 * times the processor that it takes from a bundle of the same sources, and most of what a test with processes takes. The
 * bundle is made when a test first asks for it, and kept until a source changes.
 */

const root = join(import.meta.dirname, '..');
/** What is started, by the name that it has in the bundle. */
const entries: Readonly<Record<string, string>> = {
  pawl: 'src/cli/pawl.ts',
  'server-process': 'test/server-process.ts',
  // Threads, which are looked for beside whatever starts them.
  ...Object.fromEntries(
    globSync('src/**/*-{thread,host}.ts', { cwd: root }).map((path) => [basename(path, '.ts'), path]),
  ),
};
const kept = join(root, 'node_modules/.cache/programs');
const longestRunMs = 3_600_000;

const folder = await bundled();

/** The files to start Node with. */
export const programs = {
  /** The command line, as users have it but for being in one piece. */
  pawl: join(folder, 'program/pawl.js'),
  /** See `server-process.ts`. */
  server: join(folder, 'program/server-process.js'),
} as const;

/** Where processes keep what V8 has made of these files, for the processes after them. */
export const compiledFolder: string = join(folder, 'compiled');

/** The folder with the bundle of the sources as they are now. */
async function bundled(): Promise<string> {
  const place = join(kept, sourcesHash());
  try {
    utimesSync(place, new Date(), new Date());
    return place;
  } catch {
    // It is made in a folder of its own, since others may be at it as well; the first to be done wins.
    mkdirSync(kept, { recursive: true });
    removeOld();
    const own = mkdtempSync(join(kept, 'new-'));
    await bundleInto(own);
    try {
      renameSync(own, place);
    } catch {
      rmSync(own, { recursive: true });
    }
    return place;
  }
}

function sourcesHash(): string {
  const hash = createHash('sha256');
  const others = [import.meta.filename, join(root, 'package-lock.json'), join(root, 'package.json')];
  const sources = [...globSync('src/**/*.{ts,jsonl}', { cwd: root }), ...Object.values(entries)];
  const files = sources.filter((path) => !/\.test(suite)?\.ts$/.test(path)).toSorted();
  for (const file of [...files.map((path) => join(root, path)), ...others])
    hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

async function bundleInto(place: string): Promise<void> {
  const bundle = await rolldown({
    cwd: root,
    input: entries,
    platform: 'node',
    external: ['better-sqlite3', 'pg-native'],
    logLevel: 'silent',
  });
  await bundle.write({ dir: join(place, 'program'), format: 'esm' });
  await bundle.close();
  for (const tickets of globSync('src/cli/tutorial/*.jsonl', { cwd: root })) {
    copyFileSync(join(root, tickets), join(place, 'program', basename(tickets)));
  }
  // What the sources find one folder up.
  copyFileSync(join(root, 'package.json'), join(place, 'package.json'));
  symlinkSync(join(root, 'dist'), join(place, 'dist'));
}

/** Bundles of sources that have changed since, unless another run may still be at work with them. */
function removeOld(): void {
  for (const name of readdirSync(kept)) {
    const place = join(kept, name);
    const isOld = Date.now() - (statSync(place, { throwIfNoEntry: false })?.mtimeMs ?? 0) > longestRunMs;
    if (isOld) rmSync(place, { recursive: true, force: true });
  }
}
