import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAudit } from '../src/access/audit.ts';
import { localActor } from '../src/access/keys.ts';
import { createAgents } from '../src/agent/agents.ts';
import { createVersions } from '../src/agent/versions.ts';
import { createClock, formatTime } from '../src/core/clock.ts';
import { createIds } from '../src/core/ids.ts';
import { insertAlias } from '../src/store/aliases.ts';
import { openSqlite } from '../src/store/sqlite.ts';

/** The rooms around agents, in this process, over SQLite in a file. Whoever opens them disposes of them. */
export async function openRooms() {
  const folder = await mkdtemp(join(tmpdir(), 'pawl-rooms-'));
  const store = await openSqlite(folder);
  const clock = createClock(Date.now);
  const ids = createIds(clock, randomBytes);
  const audit = createAudit({ store, clock, ids });
  const versions = createVersions(store);
  const agents = createAgents({
    ...{ store, clock, ids, audit, versions, serves: () => true },
    notify: { enqueue: async () => {}, wake: () => {} },
  });

  return {
    ...{ store, clock, ids, agents },

    /** An agent of two versions and an alias for the first. Gives its id. */
    async addAgent(alias: string): Promise<string> {
      const made = { by: localActor, message: null };
      const first = await agents.create(
        { name: 'triage', model: { id: 'claude-bench', effort: null }, system: 'Route the ticket.' },
        made,
      );
      const { id } = first.row;
      await agents.update(id, { basedOn: 1, changes: { system: 'Route it well.' }, ...made });
      const now = formatTime(clock.now());
      await store.write((tx) =>
        insertAlias(tx, {
          ...{ agent_id: id, name: alias, version: 1, move: 0, hold: null, policy: '{}' },
          ...{ rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null },
          ...{ created_at: now, updated_at: now },
        }),
      );
      return id;
    },

    async dispose(): Promise<void> {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Rooms = Awaited<ReturnType<typeof openRooms>>;

/** The processor time that this process has used so far, in µs. */
export function ownMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
