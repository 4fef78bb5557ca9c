import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach } from 'vitest';
import { createAudit } from '../../access/audit.ts';
import { localActor } from '../../access/keys.ts';
import { createClock, formatTime } from '../../core/clock.ts';
import { createIds } from '../../core/ids.ts';
import type { Duty } from '../../queue/duties.ts';
import { insertAgent } from '../../store/agents.ts';
import type { Handle, Store } from '../../store/dialect.ts';
import { insertEnvironment } from '../../store/environments.ts';
import { openSeeded } from '../../store/evals.testsuite.ts';
import { deleteSession, insertSession, lockSession, type SessionRow } from '../../store/sessions.ts';
import { sampleAgent, sampleEnvironment, sampleSession } from '../../store/store.testsuite.ts';
import type { ExportFolder } from './export-folder.ts';
import { createRetention } from './retention.ts';
import { createRetentionRules, type RetentionDefaults } from './rules.ts';

const dayUs = 86_400_000_000;
const now = 1_800_000_000_000_000;

/** A moment so many days before the one at which tests look. */
export const ago = (days: number): string => formatTime(now - days * dayUs);
export const nothing: RetentionDefaults = { days: null, file_days: null, export: false };
export const month: RetentionDefaults = { ...nothing, days: 30 };
export const by = { actor: localActor, reason: null } as const;

type RetentionDuty = Pick<Duty, 'isMine' | 'onWake'>;
/** What this process always sees to. */
export const ours: RetentionDuty = { isMine: () => true, onWake: () => {} };

type Agree = (session: SessionRow, tx: Handle) => Promise<void>;

/** Deletes a session, without telling anybody; a test may put its own in place of it. */
export async function removeFrom(store: Store, id: string, agree?: Agree): Promise<void> {
  await store.write(async (tx) => {
    const session = await lockSession(tx, store.dialect, id);
    if (session !== null) await agree?.(session, tx);
    await deleteSession(tx, id);
  });
}

export type RoomOptions = {
  readonly defaults?: RetentionDefaults;
  readonly exports?: ExportFolder | null;
  readonly duty?: RetentionDuty;
};

/** A database of a kind, with an agent and a folder of its own for each test of a `describe`. */
export function openBench(kind: string) {
  const opened = openSeeded(kind);
  const fresh = { folder: '', agent_id: '', logged: [] as unknown[], clock: createClock(() => now / 1000) };
  let agents = 0;

  beforeAll(async () => {
    await opened.store.write((tx) => insertEnvironment(tx, sampleEnvironment('env_a')));
  });
  beforeEach(async () => {
    const agent_id = `agent_${String(++agents).padStart(3, '0')}`;
    const folder = mkdtempSync(join(tmpdir(), 'pawl-retention-'));
    Object.assign(fresh, { folder, agent_id, logged: [], clock: createClock(() => now / 1000) });
    await opened.store.write((tx) => insertAgent(tx, sampleAgent(agent_id)));
  });
  afterEach(async () => {
    rmSync(fresh.folder, { recursive: true });
    await opened.store.db.deleteFrom('sessions').execute();
    await opened.store.db.deleteFrom('retention_rules').execute();
  });

  /** The loop and the rules, on what is there. */
  function room({ defaults = month, exports = null, duty = ours }: RoomOptions = {}, remove = removeFrom) {
    const { store } = opened;
    const { clock } = fresh;
    const audit = createAudit({ store, clock, ids: createIds(clock, randomBytes) });
    const keep = (fields: object, message: string): void => void fresh.logged.push({ ...fields, message });
    const log = { debug: () => {}, info: keep, warn: keep, error: keep };
    const sessions = { remove: (id: string, agree?: Agree) => remove(store, id, agree) };
    const files = { removeUnnamed: async () => false };
    return {
      ...createRetention({ ...{ store, clock, log, sessions, files, duty, defaults }, folder: exports }),
      rules: createRetentionRules({ store, clock, audit, defaults }),
    };
  }

  return {
    get store(): Store {
      return opened.store;
    },
    fresh,
    room,

    /** Walks to the end. */
    async walk(options: RoomOptions = {}): Promise<void> {
      const { tick } = room(options);
      while (!(await tick()));
    },

    /** A session of the agent that nothing has happened in for forty days. */
    async seed(id: string, fields: Partial<SessionRow> = {}): Promise<string> {
      const times = { created_at: ago(50), updated_at: ago(40) };
      const place = { agent_id: fresh.agent_id, environment_id: 'env_a' };
      const row = sampleSession(id, { ...place, ...times, ...fields });
      await opened.store.write((tx) => insertSession(tx, row));
      return id;
    },

    /** The ids of the sessions that are there. */
    async left(): Promise<string[]> {
      const rows = await opened.store.db.selectFrom('sessions').select('id').orderBy('id').execute();
      return rows.map(({ id }) => id);
    },
  };
}
