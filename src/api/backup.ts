import { once } from 'node:events';
import { pipeline, type Readable, Transform } from 'node:stream';
import type { Audit } from '../access/audit.ts';
import type { Store } from '../store/dialect.ts';
import type { App } from './http.ts';

type Deps = {
  readonly store: Store;
  readonly audit: Audit;
  /** Begins a backup of everything, as the bytes of a file. */
  readonly backup: () => Promise<Readable>;
};

/** A backup holds up what the database may clean away; whoever asks for one and reads no further gets no more of it. */
const patienceMs = 60_000;

/** Everything that the server keeps, as one file. */
export function backupRoutes(app: App, { store, audit, backup }: Deps): void {
  app.get('/pawl/v1/backup', { config: { role: 'admin' } }, async ({ actor }, reply) => {
    const subject = { type: 'server', id: 'backup' };
    const fact = { action: 'backup.made', outcome: 'done', actor, subject, reason: null } as const;
    // First, so that the backup tells of itself.
    await store.write((tx) => audit.append(tx, { ...fact, before: null, after: null }));
    const bytes = await backup();
    // What keeps it from beginning can still be answered as an error.
    await once(bytes, 'readable');
    reply.headers({
      'content-type': 'application/gzip',
      'content-disposition': 'attachment; filename="pawl.backup"',
    });
    return reply.send(patiently(bytes));
  });
}

/** Passes bytes on, for as long as somebody takes them. */
function patiently(bytes: Readable): Readable {
  const timer = setTimeout(() => bytes.destroy(new Error('Nobody reads the backup')), patienceMs);
  const passing = new Transform({
    transform(chunk, _encoding, done) {
      timer.refresh();
      done(null, chunk);
    },
  });
  return pipeline(bytes, passing, () => clearTimeout(timer));
}
