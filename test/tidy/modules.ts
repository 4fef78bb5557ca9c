import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { type Import, importsOf } from './source.ts';
import { isProduct, isTest, type Tree } from './tree.ts';

/** The only file that nothing has to import. */
const entries = new Set(['src/cli/pawl.ts']);

type Manifest = {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
};

/** The path that a relative import means, null for a package or a built-in module. */
export function targetOf(from: string, specifier: string): string | null {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : null;
}

/** `kysely` for `kysely/migration`, `@anthropic-ai/sdk` for `@anthropic-ai/sdk/resources`. */
export function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Every import in `src` leads to a tracked file or to a package that may be there when it runs. */
export function unresolvedImports(tree: Tree): string[] {
  const manifest = JSON.parse(tree.get('package.json') ?? '{}') as Manifest;
  return [...tree].flatMap(([path, text]) => {
    if (!path.startsWith('src/') || !path.endsWith('.ts')) return [];
    return importsOf(text).flatMap((one) => problemWith(path, one, tree, manifest));
  });
}

function problemWith(path: string, one: Import, tree: Tree, manifest: Manifest): string[] {
  const target = targetOf(path, one.specifier);
  if (target !== null) return tree.has(target) ? [] : [`${path} imports ${target}, which is not tracked.`];
  if (one.specifier.startsWith('node:')) return [];
  const name = packageOf(one.specifier);
  if (builtinModules.includes(name)) return [`${path} imports ${name} without node: before it.`];
  if (name in (manifest.dependencies ?? {})) return [];
  if (!(name in (manifest.devDependencies ?? {}))) return [`${path} imports ${name}, which is not declared.`];
  return isTest(path) ? [] : [`${path} imports ${name}, which users do not get: it is a devDependency.`];
}

/** Every product file is an entry or is imported by something other than its own test. */
export function deadFiles(tree: Tree): string[] {
  const used = new Set<string>();
  for (const [path, text] of tree) {
    if (!path.endsWith('.ts')) continue;
    for (const one of importsOf(text)) {
      const target = targetOf(path, one.specifier);
      if (target !== null && path !== target.replace(/\.ts$/, '.test.ts')) used.add(target);
    }
  }
  return [...tree.keys()]
    .filter((path) => isProduct(path) && !entries.has(path) && !used.has(path))
    .map((path) => `${path} is imported by nothing but its own test.`);
}

/** No file of `src` imports itself by way of others; an import of a type counts too. */
export function importCycles(tree: Tree): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const seen = trail.indexOf(path);
    if (seen !== -1) cycles.push(`${[...trail.slice(seen), path].join(' → ')} is a cycle.`);
    const text = tree.get(path);
    if (seen !== -1 || done.has(path) || text === undefined || !path.endsWith('.ts')) return;
    for (const one of importsOf(text)) {
      const target = targetOf(path, one.specifier);
      if (target !== null) visit(target, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of tree.keys()) if (path.startsWith('src/')) visit(path, []);
  return cycles;
}

/** How many packages a user installs by name when installing this one. */
export function runtimeDependencies(tree: Tree): string[] {
  const manifest = JSON.parse(tree.get('package.json') ?? '{}') as Manifest;
  return Object.keys(manifest.dependencies ?? {}).sort();
}
