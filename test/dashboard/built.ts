import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

const root = join(import.meta.dirname, '../..');

/** Builds the dashboard before its tests, unless that was done since its sources last changed. */
export async function setup(): Promise<void> {
  const page = join(root, 'dist/dashboard/index.html');
  if (existsSync(page) && statSync(page).mtimeMs > newest(join(root, 'dashboard'))) return;
  await build({ configFile: join(root, 'dashboard/vite.config.ts'), logLevel: 'warn' });
}

/** When something in a folder was last changed, in milliseconds. */
function newest(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Math.max(...entries.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}
