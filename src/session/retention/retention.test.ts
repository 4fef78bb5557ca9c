import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAudit } from '../../access/audit.ts';
import { localActor } from '../../access/keys.ts';
import { type Clock, createClock, formatTime } from '../../core/clock.ts';
import { recordedDataset } from '../../core/evaluation.ts';
import { createIds } from '../../core/ids.ts';
import type { PageRequest } from '../../core/page.ts';
import { evalRunKey } from '../../core/session.ts';
import { createFiles } from '../../file/files.ts';
import { openBlobs } from '../../file/open-blobs.ts';
import type { Duty } from '../../queue/duties.ts';
import { insertAgent } from '../../store/agents.ts';
import { insertAlias } from '../../store/aliases.ts';
import { readAudit } from '../../store/audit.ts';
import { insertDataset, insertRevision } from '../../store/datasets.ts';
import type { Handle, Store } from '../../store/dialect.ts';
import { insertEnvironment } from '../../store/environments.ts';
import { insertEvalRun } from '../../store/eval-runs.ts';
import { openSeeded, sampleRun } from '../../store/evals.testsuite.ts';
import { insertEvents, insertInbox } from '../../store/events.ts';
import { insertFile } from '../../store/files.ts';
import { insertPromotion } from '../../store/promotions.ts';
import { insertRollout } from '../../store/rollouts.ts';
import { insertScore } from '../../store/scores.ts';
import {
  deleteSession,
  findSession,
  insertSession,
  lockSession,
  type SessionRow,
  updateSession,
} from '../../store/sessions.ts';
import { insertShadow, insertShadowPairs } from '../../store/shadows.ts';
import { sampleAgent, sampleEnvironment, sampleSession } from '../../store/store.testsuite.ts';
import { type ExportFolder, openExportFolder } from './export-folder.ts';
import { createRetention } from './retention.ts';
import { createRetentionRules, type RetentionDefaults } from './rules.ts';

/*
 * The goal: what is old goes, what anything still needs stays, and nothing goes that was to be exported and is not. The
 * method: the walk on each database, at a moment that the test chooses; crashes are walks that break off in the middle.
 */

const dayUs = 86_400_000_000;
const now = 1_800_000_000_000_000;
const ago = (days: number): string => formatTime(now - days * dayUs);
const nothing: RetentionDefaults = { days: null, file_days: null, export: false };
const month: RetentionDefaults = { ...nothing, days: 30 };
/** What this process always sees to. */
const ours: Pick<Duty, 'isMine' | 'onWake'> = { isMine: () => true, onWake: () => {} };
const by = { actor: localActor, reason: null };

type Agree = (session: SessionRow, tx: Handle) => Promise<void>;

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  const opened = openSeeded(kind);
  let clock: Clock;
  let folder: string;
  let agents = 0;
  let agent_id: string;
  let logged: unknown[];

  beforeAll(async () => {
    await opened.store.write((tx) => insertEnvironment(tx, sampleEnvironment('env_a')));
  });
  beforeEach(async () => {
    clock = createClock(() => now / 1000);
    folder = mkdtempSync(join(tmpdir(), 'pawl-retention-'));
    agent_id = `agent_${String(++agents).padStart(3, '0')}`;
    logged = [];
    await opened.store.write((tx) => insertAgent(tx, sampleAgent(agent_id)));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    const { store } = opened;
    await store.db.deleteFrom('sessions').execute();
    await store.db.deleteFrom('retention_rules').execute();
  });

  /** What deletes a session, without telling anybody; a test may break it. */
  async function removeFrom(store: Store, id: string, agree?: Agree): Promise<void> {
    await store.write(async (tx) => {
      const session = await lockSession(tx, store.dialect, id);
      if (session !== null) await agree?.(session, tx);
      await deleteSession(tx, id);
    });
  }

  type Room = {
    readonly defaults?: RetentionDefaults;
    readonly exports?: ExportFolder | null;
    readonly duty?: Pick<Duty, 'isMine' | 'onWake'>;
  };

  function room({ defaults = month, exports = null, duty = ours }: Room = {}, remove = removeFrom) {
    const { store } = opened;
    const ids = createIds(clock, randomBytes);
    const audit = createAudit({ store, clock, ids });
    const keep = (fields: object, message: string): void => void logged.push({ ...fields, message });
    const log = { debug: () => {}, info: keep, warn: keep, error: keep };
    const sessions = { remove: (id: string, agree?: Agree) => remove(store, id, agree) };
    const files = { removeUnnamed: async () => false };
    return {
      ...createRetention({ ...{ store, clock, log, sessions, files, duty, defaults }, folder: exports }),
      rules: createRetentionRules({ store, clock, audit, defaults }),
    };
  }

  async function walk(options: Room = {}): Promise<void> {
    const { tick } = room(options);
    while (!(await tick()));
  }

  /** A session of the agent that nothing has happened in for forty days. */
  async function seed(id: string, fields: Partial<SessionRow> = {}): Promise<string> {
    const times = { created_at: ago(50), updated_at: ago(40) };
    const row = sampleSession(id, { agent_id, environment_id: 'env_a', ...times, ...fields });
    await opened.store.write((tx) => insertSession(tx, row));
    return id;
  }

  const isThere = async (id: string): Promise<boolean> => (await findSession(opened.store.db, id)) !== null;
  const left = async (): Promise<string[]> => {
    const rows = await opened.store.db.selectFrom('sessions').select('id').orderBy('id').execute();
    return rows.map(({ id }) => id);
  };

  const written = (): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.jsonl'));
  /** All lines of all files that were exported. */
  const exported = (): { id: string; [field: string]: unknown }[] =>
    written().flatMap((name) => {
      const lines = gunzipSync(readFileSync(join(folder, name)))
        .toString('utf8')
        .trimEnd()
        .split('\n');
      return lines.map((line) => JSON.parse(line) as { id: string });
    });

  test('old sessions go, archived or not, and young and busy ones stay', async () => {
    await seed('sesn_idle');
    await seed('sesn_archived', { status: 'terminated', archived_at: ago(40) });
    await seed('sesn_waits_long', { open_calls: '[]', updated_at: ago(31) });
    await seed('sesn_waits', { open_calls: '[]', updated_at: ago(29) });
    await seed('sesn_young', { updated_at: ago(29) });
    await seed('sesn_running', { status: 'running' });
    await seed('sesn_rescheduling', { status: 'rescheduling' });
    await walk();
    expect(await left()).toEqual(['sesn_rescheduling', 'sesn_running', 'sesn_waits', 'sesn_young']);
  });

  test("an agent's own rule comes before the setting, also one that keeps sessions for ever", async () => {
    const { rules } = room();
    await seed('sesn_of_rule', { updated_at: ago(10) });
    await rules.set(agent_id, { days: 7 }, by);
    const other = `${agent_id}_other`;
    await opened.store.write((tx) => insertAgent(tx, sampleAgent(other)));
    await seed('sesn_for_ever', { agent_id: other });
    await rules.set(other, { days: null }, by);
    await walk();
    expect(await left()).toEqual(['sesn_for_ever']);
    await rules.clear(other, by);
    await walk();
    expect(await left()).toEqual([]);
  });

  test('without a setting, only agents with a rule of their own lose sessions', async () => {
    const { rules } = room({ defaults: nothing });
    const other = `${agent_id}_other`;
    await opened.store.write((tx) => insertAgent(tx, sampleAgent(other)));
    await seed('sesn_a');
    await seed('sesn_b', { agent_id: other });
    await rules.set(other, { days: 30 }, by);
    await walk({ defaults: nothing });
    expect(await left()).toEqual(['sesn_a']);
  });

  test('a session that was made for an eval run stays until the run is over', async () => {
    const { store } = opened;
    const id = `erun_of_${agent_id}`;
    await store.write((tx) => insertEvalRun(tx, sampleRun(id, { status: 'running' })));
    await seed('sesn_of_run', { metadata: JSON.stringify({ [evalRunKey]: id }) });
    await walk();
    expect(await left()).toEqual(['sesn_of_run']);
    await store.db.updateTable('eval_runs').set({ status: 'completed' }).where('id', '=', id).execute();
    await walk();
    expect(await left()).toEqual([]);
  });

  test('sessions stay while what users said to their agent is put to another version', async () => {
    const { store } = opened;
    const [run, revision] = [`erun_of_${agent_id}`, `drev_of_${agent_id}`];
    await store.write(async (tx) => {
      const times = { created_at: ago(1), updated_at: ago(1), archived_at: null };
      const dataset = { id: `dset_of_${agent_id}`, name: recordedDataset(agent_id) };
      await insertDataset(tx, { ...dataset, description: null, latest_revision_id: null, ...times });
      const content = { hash: 'hash', cases: 1, summary: '{}', created_at: ago(1) };
      await insertRevision(tx, { id: revision, dataset_id: dataset.id, ...content });
      await insertEvalRun(tx, sampleRun(run, { dataset_revision_id: revision, status: 'pending' }));
    });
    await seed('sesn_recorded');
    await walk();
    expect(await left()).toEqual(['sesn_recorded']);
    await store.db.updateTable('eval_runs').set({ status: 'failed' }).where('id', '=', run).execute();
    await walk();
    expect(await left()).toEqual([]);
  });

  test('evidence of a rollout stays until that is over, and what was counted stays for good', async () => {
    const { store } = opened;
    const rollout_id = `roll_of_${agent_id}`;
    await seedRollout(store, agent_id, rollout_id);
    await seed('sesn_canary', { rollout_id, arm: 'canary', weight: 100, unit: 'unit' });
    const counted = { session_id: 'sesn_canary', rollout_id, counted: '{}' };
    await store.db.insertInto('rollout_sessions').values(counted).execute();
    await walk();
    expect(await left()).toEqual(['sesn_canary']);
    const over = { status: 'completed', ended_at: ago(1) } as const;
    await store.db.updateTable('rollouts').set(over).where('id', '=', rollout_id).execute();
    await walk();
    expect(await left()).toEqual([]);
    const kept = store.db.selectFrom('rollout_sessions').selectAll().where('rollout_id', '=', rollout_id);
    expect(await kept.execute()).toEqual([counted]);
    await store.db.deleteFrom('rollout_sessions').execute();
  });

  test('a session that a shadow copies stays with its copy until the shadow is done', async () => {
    const { store } = opened;
    const shadow_id = `shdw_of_${agent_id}`;
    await seedShadow(store, agent_id, shadow_id);
    await seed('sesn_copied');
    await seed('sesn_copy', { copy_of: 'sesn_copied' });
    await seed('sesn_not_copied');
    await store.write((tx) =>
      insertShadowPairs(tx, [
        {
          ...{ shadow_id, session_id: 'sesn_copied', shadow_session_id: 'sesn_copy', status: 'open' },
          ...{ seen_turns: 1, turns: 1, tally: null, reason: null, created_at: ago(41) },
        },
      ]),
    );
    await walk();
    expect(await left()).toEqual(['sesn_copied', 'sesn_copy']);
    const done = { status: 'completed', ended_at: ago(1), copies_archived: 1 } as const;
    await store.db.updateTable('shadows').set(done).where('id', '=', shadow_id).execute();
    await walk();
    expect(await left()).toEqual([]);
  });

  test('a session that goes on between the look and the deletion stays', async () => {
    await seed('sesn_wakes');
    const { tick } = room({}, async (store, id, agree) => {
      await store.write((tx) => updateSession(tx, id, { updated_at: ago(0) }));
      await removeFrom(store, id, agree);
    });
    while (!(await tick()));
    expect(await isThere('sesn_wakes')).toBe(true);
  });

  test('a rule that is changed while sessions are being deleted holds at once', async () => {
    for (const id of ['sesn_0', 'sesn_1', 'sesn_2']) await seed(id);
    const { rules } = room();
    const { tick } = room({}, async (store, id, agree) => {
      if (id === 'sesn_1') await rules.set(agent_id, { days: null }, by);
      await removeFrom(store, id, agree);
    });
    while (!(await tick()));
    expect(await left()).toEqual(['sesn_1', 'sesn_2']);
  });

  test('a process whose duty it is not any more stops at the next session', async () => {
    for (const id of ['sesn_0', 'sesn_1', 'sesn_2']) await seed(id);
    let isMine = true;
    let wake = (): void => {};
    const duty: Pick<Duty, 'isMine' | 'onWake'> = {
      isMine: () => isMine,
      onWake: (onWake) => {
        wake = onWake;
      },
    };
    const { start, stop } = room({ duty }, async (store, id, agree) => {
      isMine = isMine && id !== 'sesn_1';
      await removeFrom(store, id, agree);
    });
    start();
    await vi.waitFor(async () => expect(await left()).toEqual(['sesn_2']));
    isMine = true;
    await vi.waitFor(async () => {
      wake();
      expect(await left()).toEqual([]);
    });
    await stop();
  });

  test('a session is exported as it was, with its events, scores and queue, and only then deleted', async () => {
    const { store } = opened;
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
    await walk({ defaults, exports: openExportFolder(folder) });
    expect(await left()).toEqual([]);
    expect(written()).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d\/\d{12}-sesn_told\.jsonl\.gz$/)]);
    expect(exported()).toEqual([
      expect.objectContaining({
        ...{ id, title: 'Parcel', metadata: { user: 'u1' }, vault_ids: ['vlt_1'], complete: true, events },
        agent: expect.objectContaining({ id: agent_id, version: 1 }) as unknown,
        scores: [expect.objectContaining({ name: 'helpful', value: 1, actor: { name: 'ann' } })],
        queued: [{ id: 'sevt_q' }],
      }),
    ]);
    expect(logged).toEqual([expect.objectContaining({ agent_id, sessions: 1 })]);
  });

  test('nothing is deleted that could not be exported, and other agents are seen to all the same', async () => {
    writeFileSync(join(folder, 'taken'), '');
    const exports = openExportFolder(join(folder, 'taken'));
    const other = `${agent_id}_other`;
    await opened.store.write((tx) => insertAgent(tx, sampleAgent(other)));
    const defaults = { ...month, export: true };
    const { rules, tick } = room({ defaults, exports });
    await rules.set(other, { days: 30, export: false }, by);
    await seed('sesn_stays');
    await seed('sesn_goes', { agent_id: other });
    while (!(await tick()));
    expect(await left()).toEqual(['sesn_stays']);
    expect(logged).toContainEqual(expect.objectContaining({ agent_id, err: expect.any(Error) as unknown }));
  });

  test('nothing is deleted where a rule asks for an export and there is no folder any more', async () => {
    const before = room({ defaults: { ...month, export: true } });
    await before.rules.set(agent_id, { days: 30 }, by);
    await seed('sesn_stays');
    await walk({ defaults: month });
    expect(await left()).toEqual(['sesn_stays']);
  });

  test('a walk that breaks off between export and deletion is taken up: nothing is lost, and some is twice', async () => {
    for (let i = 0; i < 5; i++) await seed(`sesn_${i}`);
    const defaults = { ...month, export: true };
    const exports = openExportFolder(folder);
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
    await expect(openExportFolder(folder).write(failing(), place)).rejects.toThrow('The database is gone');
    expect(written()).toEqual([]);
  });

  test('a walk is done in parts, and goes on behind what has to stay', async () => {
    const { store } = opened;
    const rollout_id = `roll_of_${agent_id}`;
    await seedRollout(store, agent_id, rollout_id);
    const names = Array.from({ length: 250 }, (_, i) => `sesn_${String(i).padStart(3, '0')}`);
    for (const name of names) await seed(name, { rollout_id, arm: 'control', weight: 1, unit: name });
    await seed('sesn_last', { updated_at: ago(39) });
    await walk();
    expect(await left()).toEqual(names);
    const { due } = await room().rules.retrieve(agent_id);
    expect(due).toEqual({ sessions: 0, kept: 250, more: false });
    const over = { status: 'aborted', ended_at: ago(1) } as const;
    await store.db.updateTable('rollouts').set(over).where('id', '=', rollout_id).execute();
    const { due: then } = await room().rules.retrieve(agent_id);
    expect(then).toEqual({ sessions: 250, kept: 0, more: false });
    await walk();
    expect(await left()).toEqual([]);
  });

  test('a rule is in the audit log with what it replaced, and one that changes nothing is not', async () => {
    const { rules } = room();
    const entries = async () =>
      (await readAudit(opened.store.db, 0, 10_000)).filter(({ subject_id }) => subject_id === agent_id);
    const reason = 'As our notice says';
    await rules.set(agent_id, { days: 90, export: false }, { actor: localActor, reason });
    await rules.set(agent_id, { days: 90, export: false }, by);
    await rules.clear(agent_id, by);
    await rules.clear(agent_id, by);
    const found = await entries();
    expect(found.map(({ action, reason, before, after }) => [action, reason, before, after])).toEqual([
      ['retention.changed', reason, 'null', '{"days":90,"export":false}'],
      ['retention.changed', null, '{"days":90,"export":false}', 'null'],
    ]);
  });

  test('an export that there is no folder for is refused by name, and so is a rule for no agent', async () => {
    const { rules } = room();
    const refused = rules.set(agent_id, { days: 1, export: true }, by);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(refused).rejects.toThrow(/^export: must be false/);
    await expect(rules.set('agent_none', { days: 1 }, by)).rejects.toMatchObject({ code: 'agent_not_found' });
    expect(await rules.retrieve(agent_id)).toMatchObject({ source: 'server', days: 30, updated_at: null });
  });

  test('the list says of each agent which rule it has', async () => {
    const { rules } = room();
    await rules.set(agent_id, { days: 5 }, by);
    const list = { name: 'retention', key: ['string', 'string'], backwards: false } as const;
    const request: PageRequest = { list, limit: 100, order: 'desc', cursor: null };
    const { data } = await rules.list(request);
    const found = data.find((one) => one.agent_id === agent_id);
    expect(found).toMatchObject({ agent_name: 'Porter', source: 'agent', days: 5, export: false });
    expect(data.filter(({ source }) => source === 'agent')).toHaveLength(1);
  });

  describe('Files', () => {
    async function filesRoom() {
      const { store } = opened;
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
      opened.store.write((tx) =>
        insertFile(tx, {
          ...{ id, filename: 'a.txt', mime_type: 'text/plain', size_bytes: 1, created_at },
          ...{ expires_at: null, expired: 0 },
        }),
      );

    const naming = (file_id: string): string =>
      JSON.stringify({ content: [{ type: 'document', source: { type: 'file', file_id } }] });

    test('that are old go, unless an open session names them in its history or its inbox', async () => {
      const { store } = opened;
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
      const removals = (await readAudit(store.db, 0, 10_000)).filter(
        ({ action }) => action === 'file.deleted',
      );
      expect(removals.map(({ subject_id, actor }) => [subject_id, JSON.parse(actor)])).toContainEqual([
        'file_alone',
        expect.objectContaining({ name: 'pawl', key_id: null }),
      ]);
      await files.stop();
    });

    test('are not deleted while somebody is about to name them', async () => {
      const { store } = opened;
      await seedFile('file_raced');
      await seed('sesn_naming', { updated_at: ago(1) });
      const { files } = await filesRoom();
      let removal: Promise<boolean> | null = null;
      await store.write(async (tx) => {
        const event = { type: 'user.message', processed_at: ago(1), data: naming('file_raced') };
        await insertEvents(tx, [{ ...event, session_id: 'sesn_naming', seq: 1 }]);
        removal ??= files.removeUnnamed('file_raced', localActor);
      });
      expect(await removal).toBe(false);
      await files.stop();
    });
  });
});

async function seedRollout(store: Store, agent_id: string, id: string): Promise<void> {
  const [alias, promotion_id] = ['production', `promo_of_${agent_id}`];
  const times = { created_at: ago(60), updated_at: ago(60) };
  await store.write(async (tx) => {
    await insertAlias(tx, {
      ...{ agent_id, name: alias, version: 1, move: 0, hold: null, policy: '{}' },
      ...{ rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null, ...times },
    });
    await insertPromotion(tx, {
      ...{ id: promotion_id, agent_id, alias, candidate_version: 1, status: 'approved', author: '{}' },
      ...{ reason: null, basis: '{}', basis_hash: 'hash', reviews: 0, comparison_id: null, override: null },
      ...{ move: null, rollout_id: null, ended_at: null, ...times },
    });
    await insertRollout(tx, {
      ...{ id, agent_id, alias, promotion_id, baseline_version: 1, candidate_version: 1, salt: 's' },
      ...{ retry_of: null, settings: '{}', status: 'running', step: 0, weight: 100, step_since: ago(60) },
      ...{ pause: null, state: '{}', decision: null, looks: 0, last_look_at: null, next_look_at: null },
      ...{ last_traffic_at: ago(60), events: 0, actor: '{}', reason: null, ...times, ended_at: null },
      ...{ ended_by: null, end_reason: null },
    });
  });
}

async function seedShadow(store: Store, agent_id: string, id: string): Promise<void> {
  const times = { created_at: ago(60), updated_at: ago(60) };
  await store.write(async (tx) => {
    await insertAlias(tx, {
      ...{ agent_id, name: 'production', version: 1, move: 0, hold: null, policy: '{}' },
      ...{ rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null, ...times },
    });
    await insertShadow(tx, {
      ...{ id, agent_id, alias: 'production', baseline_version: 1, candidate_version: 1, sample: 1 },
      ...{ max_sessions: 10, begun: 1, eval_id: null, status: 'running', ended_reason: null },
      ...{ copies_archived: 0, seen_until: ago(1), actor: '{}', ...times, ended_at: null },
    });
  });
}
