import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const built = join(import.meta.dirname, '../dist/dashboard');

/** Puts a compressed copy beside each file, so that the server has nothing to compress. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync(built, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || entry.name.endsWith('.gz')) continue;
        const path = join(entry.parentPath, entry.name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

const beside = { target: 'http://127.0.0.1:7295', changeOrigin: false };

export default defineConfig({
  root: import.meta.dirname,
  plugins: [compressed()],
  build: {
    outDir: built,
    emptyOutDir: true,
    // Pictures inside of files would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
    reportCompressedSize: false,
    rolldownOptions: {
      onLog: (level, log, tell) => {
        // Libraries mark what a server may not render; nothing here is rendered by a server.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') tell(level, log);
      },
    },
  },
  // `npm run dev -w dashboard` shows changes at once, beside a server on its usual port. The server compares host and origin.
  server: { proxy: { '/pawl': beside, '/v1': beside } },
});
