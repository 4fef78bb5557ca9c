import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from '../../src/settings.ts';
import { registeredRoutes } from '../registered-routes.ts';

const root = join(import.meta.dirname, '../..');

/** The text of a file of the project. */
export function projectFile(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Those of some variables that no server reads. */
export function unknownVariables(names: readonly string[]): string[] {
  const known = new Set<string>(['NODE_ENV', ...Object.values(settings).map(({ env }) => env)]);
  return names.filter((name) => !known.has(name));
}

/** Those of some paths that no server answers. */
export async function unknownPaths(paths: readonly string[]): Promise<string[]> {
  const routes = await registeredRoutes();
  return paths.filter((path) => !routes.some(({ method, url }) => method === 'GET' && url === path));
}

/** The port that a server listens on when nobody says which. */
export const usualPort: number = settings.port.default;

/** How long a process may take to end, in seconds: what runs, what waits for receivers of webhooks, and some more. */
export const longestEndS: number = settings.stop_grace_ms.default / 1000 + 10;
