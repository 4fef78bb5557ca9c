import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { insertAgent } from '../../store/agents.ts';
import { insertEvents, insertInbox } from '../../store/events.ts';
import { insertScore } from '../../store/scores.ts';
import { sampleAgent } from '../../store/store.testsuite.ts';
import { openExportFolder } from './export-folder.ts';
import { ago, by, month, openBench, removeFrom } from './retention.testsuite.ts';

/*
 * The goal: nothing goes that was to be exported and is not. The method: walks that break off in the middle, as a crash
 * would break them, and another one on what they have left.
 */

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  const bench = openBench(kind);
  const { room, walk, seed, left } = bench;

  const written = (): string[] =>
    readdirSync(bench.fresh.folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('.jsonl'),
    );
  /** All lines of all files that were exported. */
  const exported = (): { id: string; [field: string]: unknown }[] =>
    written().flatMap((name) => {
      const lines = gunzipSync(readFileSync(join(bench.fresh.folder, name)))
        .toString('utf8')
        .trimEnd()
        .split('\n');
      return lines.map((line) => JSON.parse(line) as { id: string });
    });

  test('a session is exported as it was, with its events, scores and queue, and only then deleted', async () => {
    const { store } = bench;
    const id = await seed('sesn_told', {
      ...{ title: 'Parcel', metadata: '{"user":"u1"}', last_seq: 201, queued: 1, scores: 1 },
      ...{ vault_ids: '["vlt_1"]', rollout_id: null },
    });
    const events = Array.from({ length: 201 }, (_, i) => ({ id: `sevt_${i}`, type: 'agent.message' }));
    await store.write(async (tx) => {
      const rows = events.map((event, i) => {
        const data = JSON.stringify(event);
        return { session_id: id, seq: i + 1, type: event.type, processed_at: ago(40), data };
      });
      await insertEvents(tx, rows);
      await insertInbox(tx, [{ session_id: id, position: 1, type: 'user.message', data: '{"id":"sevt_q"}' }]);
      await insertScore(tx, {
        ...{ id: 'scor_1', session_id: id, position: 1, name: 'helpful', value: 1, comment: null },
        ...{ source: 'api', actor: '{"name":"ann"}', created_at: ago(40) },
      });
    });
    const defaults = { ...month, export: true };
    await walk({ defaults, exports: openExportFolder(bench.fresh.folder) });
    expect(await left()).toEqual([]);
    expect(written()).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d\/\d{12}-sesn_told\.jsonl\.gz$/)]);
    expect(exported()).toEqual([
      expect.objectContaining({
        ...{ id, title: 'Parcel', metadata: { user: 'u1' }, vault_ids: ['vlt_1'], complete: true, events },
        agent: expect.objectContaining({ id: bench.fresh.agent_id, version: 1 }) as unknown,
        scores: [expect.objectContaining({ name: 'helpful', value: 1, actor: { name: 'ann' } })],
        queued: [{ id: 'sevt_q' }],
      }),
    ]);
    expect(bench.fresh.logged).toEqual([
      expect.objectContaining({ agent_id: bench.fresh.agent_id, sessions: 1 }),
    ]);
  });

  test('nothing is deleted that could not be exported, and other agents are seen to all the same', async () => {
    writeFileSync(join(bench.fresh.folder, 'taken'), '');
    const exports = openExportFolder(join(bench.fresh.folder, 'taken'));
    const other = `${bench.fresh.agent_id}_other`;
    await bench.store.write((tx) => insertAgent(tx, sampleAgent(other)));
    const defaults = { ...month, export: true };
    const { rules, tick } = room({ defaults, exports });
    await rules.set(other, { days: 30, export: false }, by);
    await seed('sesn_stays');
    await seed('sesn_goes', { agent_id: other });
    while (!(await tick()));
    expect(await left()).toEqual(['sesn_stays']);
    expect(bench.fresh.logged).toContainEqual(
      expect.objectContaining({ agent_id: bench.fresh.agent_id, err: expect.any(Error) as unknown }),
    );
  });

  test('nothing is deleted where a rule asks for an export and there is no folder any more', async () => {
    const before = room({ defaults: { ...month, export: true } });
    await before.rules.set(bench.fresh.agent_id, { days: 30 }, by);
    await seed('sesn_stays');
    await walk({ defaults: month });
    expect(await left()).toEqual(['sesn_stays']);
  });

  test('a walk that breaks off between export and deletion is taken up: nothing is lost, and some is twice', async () => {
    for (let i = 0; i < 5; i++) await seed(`sesn_${i}`);
    const defaults = { ...month, export: true };
    const exports = openExportFolder(bench.fresh.folder);
    let removed = 0;
    const broken = room({ defaults, exports }, async (store, id, agree) => {
      if (removed === 2) throw new Error('The process is gone');
      await removeFrom(store, id, agree);
      removed++;
    });
    while (!(await broken.tick()));
    expect(await left()).toEqual(['sesn_2', 'sesn_3', 'sesn_4']);
    await walk({ defaults, exports });
    expect(await left()).toEqual([]);
    const ids = exported().map(({ id }) => id);
    expect(new Set(ids)).toEqual(new Set(['sesn_0', 'sesn_1', 'sesn_2', 'sesn_3', 'sesn_4']));
    expect(ids.toSorted().filter((id, i, all) => all[i - 1] === id)).toEqual(['sesn_2', 'sesn_3', 'sesn_4']);
  });

  test('an export that breaks off in the middle leaves no file', async () => {
    const failing = async function* (): AsyncGenerator<string> {
      yield '{"half":';
      throw new Error('The database is gone');
    };
    const place = { at: ago(0), name: 'sesn_x' };
    await expect(openExportFolder(bench.fresh.folder).write(failing(), place)).rejects.toThrow(
      'The database is gone',
    );
    expect(written()).toEqual([]);
  });
});
