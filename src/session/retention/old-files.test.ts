import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createAudit } from '../../access/audit.ts';
import { localActor } from '../../access/keys.ts';
import { createIds } from '../../core/ids.ts';
import { createFiles } from '../../file/files.ts';
import { openBlobs } from '../../file/open-blobs.ts';
import { readAudit } from '../../store/audit.ts';
import { insertEvents, insertInbox } from '../../store/events.ts';
import { insertFile } from '../../store/files.ts';
import { ago, nothing, openBench, ours } from './retention.testsuite.ts';
import { createRetention } from './retention.ts';

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  const bench = openBench(kind);
  const { seed } = bench;

  async function filesRoom() {
    const { store } = bench;
    const { clock } = bench.fresh;
    const ids = createIds(clock, randomBytes);
    const audit = createAudit({ store, clock, ids });
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const blobs = await openBlobs({ kind: 'temporary' });
    const files = createFiles({ store, clock, ids, audit, log, blobs, max_bytes: 1000 });
    const sessions = { remove: async () => {} };
    const defaults = { ...nothing, file_days: 30 };
    return {
      files,
      ...createRetention({ store, clock, log, sessions, files, duty: ours, defaults, folder: null }),
    };
  }

  const seedFile = (id: string, created_at = ago(40)) =>
    bench.store.write((tx) =>
      insertFile(tx, {
        ...{ id, filename: 'a.txt', mime_type: 'text/plain', size_bytes: 1, created_at },
        ...{ expires_at: null, expired: 0 },
      }),
    );

  const naming = (file_id: string): string =>
    JSON.stringify({ content: [{ type: 'document', source: { type: 'file', file_id } }] });

  test('files that are old go, unless an open session names them in its history or its inbox', async () => {
    const { store } = bench;
    for (const name of ['alone', 'told', 'queued', 'archived', 'quoted']) await seedFile(`file_${name}`);
    await seedFile('file_young', ago(29));
    await seed('sesn_open', { updated_at: ago(1) });
    await seed('sesn_closed', { updated_at: ago(1), status: 'terminated', archived_at: ago(1) });
    const event = { type: 'user.message', processed_at: ago(1) };
    await store.write(async (tx) => {
      const quote = JSON.stringify({ text: naming('file_quoted') });
      await insertEvents(tx, [
        { ...event, session_id: 'sesn_open', seq: 1, data: naming('file_told') },
        { ...event, session_id: 'sesn_open', seq: 2, data: naming('file_gone') },
        { ...event, session_id: 'sesn_open', seq: 3, data: quote },
        { ...event, session_id: 'sesn_closed', seq: 1, data: naming('file_archived') },
      ]);
      const queued = { session_id: 'sesn_open', position: 1, type: 'user.message' };
      await insertInbox(tx, [{ ...queued, data: naming('file_queued') }]);
    });
    const { tick, files } = await filesRoom();
    while (!(await tick()));
    const rows = await store.db.selectFrom('files').select('id').orderBy('id').execute();
    expect(rows.map(({ id }) => id)).toEqual(['file_queued', 'file_told', 'file_young']);
    const removals = (await readAudit(store.db, 0, 10_000)).filter(({ action }) => action === 'file.deleted');
    expect(removals.map(({ subject_id, actor }) => [subject_id, JSON.parse(actor)])).toContainEqual([
      'file_alone',
      expect.objectContaining({ name: 'pawl', key_id: null }),
    ]);
    await files.stop();
  });

  test('files are not deleted while somebody is about to name them', async () => {
    const { store } = bench;
    await seedFile('file_raced');
    await seed('sesn_naming', { updated_at: ago(1) });
    const { files } = await filesRoom();
    const removals: Promise<boolean>[] = [];
    await store.write(async (tx) => {
      const event = { type: 'user.message', processed_at: ago(1), data: naming('file_raced') };
      await insertEvents(tx, [{ ...event, session_id: 'sesn_naming', seq: 1 }]);
      if (removals.length === 0) removals.push(files.removeUnnamed('file_raced', localActor));
    });
    expect(await Promise.all(removals)).toEqual([false]);
    await files.stop();
  });
});
