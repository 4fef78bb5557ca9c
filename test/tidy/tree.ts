import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The project's files by path; those that are not text have an empty text. */
export type Tree = ReadonlyMap<string, string>;

const text = /\.(tsx?|md|json|sql|sh|yml|yaml|html|css|js|mjs|txt|toml)$|^[^.]*$|\/[^.]*$|(^|\/)\.[\w-]+$/;
const unlisted = new Set(['.git', 'node_modules', 'dist', 'coverage', '.pawl']);

/** Reads what git tracks, and what it would track after `git add`. */
export function readTree(root: string): Tree {
  const tree = new Map<string, string>();
  for (const path of listFiles(root)) {
    const full = join(root, path);
    // A file that was deleted but not yet committed is still listed.
    if (!existsSync(full) || !statSync(full).isFile()) continue;
    tree.set(path, text.test(path) ? readFileSync(full, 'utf8') : '');
  }
  return tree;
}

/** A tree written out by a test. */
export function treeOf(files: Readonly<Record<string, string>>): Tree {
  return new Map(Object.entries(files));
}

export function isTest(path: string): boolean {
  return /\.test\.ts$|\.testsuite\.ts$/.test(path);
}

/** The TypeScript of the product itself, without its tests. */
export function isProduct(path: string): boolean {
  return path.startsWith('src/') && path.endsWith('.ts') && !isTest(path);
}

function listFiles(root: string): string[] {
  const flags = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  try {
    const listed = execFileSync('git', flags, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return listed.split('\0').filter((path) => path !== '');
  } catch {
    // No git, or an unpacked archive: then every file counts that is not known to be made by a tool.
    return walk(root, '');
  }
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (unlisted.has(entry.name)) return [];
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? walk(root, path) : [path];
  });
}
