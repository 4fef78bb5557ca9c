import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Builds the dashboard before its tests, unless that was done since its sources last changed. */
export function setup(): void {
  const page = join(root, 'dist/dashboard/index.html');
  if (existsSync(page) && statSync(page).mtimeMs > newest(join(root, 'dashboard'))) return;
  // As users have it: what runs tests says so in the environment, and React would then be another one.
  const { NODE_ENV: _, ...env } = process.env;
  execFileSync('npm', ['run', 'build', '-w', 'dashboard'], { cwd: root, env, stdio: 'pipe' });
}

/** When something in a folder was last changed, in milliseconds. */
function newest(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Math.max(...entries.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}
