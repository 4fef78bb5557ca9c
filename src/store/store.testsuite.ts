import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AgentConfig } from '../core/agent-config.ts';
import { formatTime } from '../core/clock.ts';
import { maxInteger, type PageRequest } from '../core/page.ts';
import { noSessionUsage } from '../core/usage.ts';
import {
  type AgentAtVersion,
  type AgentRow,
  findAgent,
  findVersion,
  insertAgent,
  insertVersion,
  listVersions,
  lockAgent,
  type VersionRow,
} from './agents.ts';
import type { Handle, Store } from './dialect.ts';
import {
  deleteEnvironment,
  type EnvironmentRow,
  findEnvironment,
  insertEnvironment,
} from './environments.ts';
import { clearInbox, type EventRow, insertEvents, insertInbox, listEvents, listInbox } from './events.ts';
import type { KeyRow } from './keys.ts';
import {
  deleteSession,
  findSession,
  insertSession,
  listSessions,
  lockSession,
  type SessionRow,
  updateSession,
} from './sessions.ts';

/** A time for a test: so many microseconds after a fixed moment. */
export const at = (us: number): string => formatTime(1_800_000_000_000_000 + us);

const config: AgentConfig = {
  ...{ name: 'Porter', multiagent: null },
  model: { id: 'offline-1', effort: { type: 'high' }, speed: 'standard' },
  ...{ system: 'Carry things.', description: null, metadata: {}, tools: [], mcp_servers: [], skills: [] },
  execution_identity: { type: 'service_account' },
};

export function sampleVersion(agent_id: string, version: number, text = JSON.stringify(config)): VersionRow {
  const rest = { config_hash: 'hash', effective_hash: 'hash', author: null, message: null };
  return { agent_id, version, config: text, ...rest, created_at: at(version) };
}

export function sampleAgent(id: string, fields: Partial<AgentRow> = {}): AgentAtVersion {
  const times = { created_at: at(1), updated_at: at(1), archived_at: null };
  const agent = { id, latest_version: 1, default_alias: null, ...times, ...fields };
  return { agent, version: sampleVersion(id, 1) };
}

export function sampleEnvironment(id: string, fields: Partial<EnvironmentRow> = {}): EnvironmentRow {
  return { id, settings: '{}', created_at: at(1), updated_at: at(1), archived_at: null, ...fields };
}

export function sampleKey(id: string, fields: Partial<KeyRow> = {}): KeyRow {
  const row = { id, name: id, role: 'editor', hash: `hash of ${id}`, hint: 'abcd', created_at: at(1) };
  return { ...row, expires_at: null, revoked_at: null, rate_limit_per_minute: null, ...fields };
}

/** A session of the agent `agent_of_…` in the environment `env_of_…`, which {@link seedSession} makes. */
export function sampleSession(id: string, fields: Partial<SessionRow> = {}): SessionRow {
  return {
    ...{ id, agent_id: `agent_of_${id}`, agent_version: 1, agent_name: 'Porter' },
    ...{ environment_id: `env_of_${id}`, title: null, metadata: '{}', overrides: null, stopped_at: null },
    ...{ resolution_reason: 'latest', resolution_alias: null, effective_hash: 'hash' },
    ...{ last_seq: 0, last_event_at: null, last_position: 0, queued: 0, open_span: null },
    ...{ usage: JSON.stringify(noSessionUsage), active_us: 0, running_since: null, archived_at: null },
    ...{ created_at: at(1), updated_at: at(1), rollout_id: null, arm: null, weight: null, unit: null },
    ...{ status: 'idle', attempt: 0, turns: 0, failed_turns: 0, refused_turns: 0, scores: 0, unseen: 0 },
    ...{ open_calls: null, rounds: 0, vault_ids: null, budget: null, list_cost_usd: null, context_from: 0 },
    ...{ copy_of: null, ...fields },
  };
}

/** Remembers a session with all that it needs. */
export async function seedSession(
  store: Store,
  id: string,
  fields: Partial<SessionRow> = {},
): Promise<SessionRow> {
  const session = sampleSession(id, fields);
  await store.write(async (tx) => {
    await insertAgent(tx, sampleAgent(session.agent_id));
    await insertEnvironment(tx, sampleEnvironment(session.environment_id));
    await insertSession(tx, session);
  });
  return session;
}

export function sampleEvent(session_id: string, seq: number, fields: Partial<EventRow> = {}): EventRow {
  return { session_id, seq, type: 'user.message', processed_at: at(seq), data: `{"seq":${seq}}`, ...fields };
}

/** What databases and encodings stumble over. */
const awkwardTexts = [
  '',
  ' \t\r\n ',
  `'"\`\\;--/* $1 ? :name %s {{x}}`,
  '🧑🏽‍🚀🏳️‍🌈 e\u0301 \u00e9',
  '\u202eשלום مرحبا\u202c \u200f',
  '\u0001\u001b[31m\u007f\u0085\u2028\u2029\ufeff\ufffe\uffff',
  'z\u030d'.repeat(50),
];

const whole = { filter: {}, order: 'asc', after: null, limit: 99 } as const;

export type OpenStore = {
  readonly store: Store;
  /** Closes the store and opens what it left behind; absent where nothing is left. */
  readonly reopen?: () => Promise<Store>;
  readonly destroy: () => Promise<void>;
};

/** What every store does, whichever database is behind it. */
export function describeStore(name: string, open: () => Promise<OpenStore>): void {
  describe(name, () => {
    let opened: OpenStore;
    let store: Store;
    let count = 0;
    /** A name that no other test of this store uses. */
    const fresh = (kind: string): string => `${kind}_${String(++count).padStart(5, '0')}`;
    const run = (text: string) => store.write((tx) => sql.raw(text).execute(tx));

    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(() => opened.destroy());

    describe('agents and versions', () => {
      test('come back exactly as they were written', async () => {
        const id = fresh('agent');
        const written = sampleAgent(id);
        await store.write((tx) => insertAgent(tx, written));
        expect(await findAgent(store.db, id)).toEqual(written.agent);
        expect(await findVersion(store.db, id, 1)).toEqual(written.version);
        expect(await findAgent(store.db, 'agent_none')).toBeNull();
        expect(await findVersion(store.db, id, 2)).toBeNull();
      });

      test('are numbered without gaps when many updates lock the same agent', async () => {
        const id = fresh('agent');
        await store.write((tx) => insertAgent(tx, sampleAgent(id)));
        const numbers = await Promise.all(
          Array.from({ length: 30 }, () =>
            store.write(async (tx) => {
              const agent = await lockAgent(tx, store.dialect, id);
              const version = (agent?.latest_version ?? 0) + 1;
              await insertVersion(tx, sampleVersion(id, version));
              return version;
            }),
          ),
        );
        expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i + 2));
        expect((await findAgent(store.db, id))?.latest_version).toBe(31);
      });

      test('a second version with the same number is refused, and the agent stays as it was', async () => {
        const { agent, version } = sampleAgent(fresh('agent'));
        await store.write((tx) => insertAgent(tx, { agent, version }));
        const again = { ...sampleVersion(agent.id, 1), config: '"other"', created_at: at(9) };
        await expect(store.write((tx) => insertVersion(tx, again))).rejects.toThrow(/unique|never/i);
        expect(await findAgent(store.db, agent.id)).toEqual(agent);
        expect(await findVersion(store.db, agent.id, 1)).toEqual(version);
      });
    });

    describe('what is written once', () => {
      test('a version can be neither changed nor deleted, whoever asks', async () => {
        const { agent, version } = sampleAgent(fresh('agent'));
        await store.write((tx) => insertAgent(tx, { agent, version }));
        const where = `where agent_id = '${agent.id}'`;
        const refused = /agent_versions rows are never changed/;
        await expect(run(`update agent_versions set config = '{}' ${where}`)).rejects.toThrow(refused);
        await expect(run(`update agent_versions set version = version ${where}`)).rejects.toThrow(refused);
        await expect(run(`delete from agent_versions ${where}`)).rejects.toThrow(refused);
        const values = `('${agent.id}', 1, '{}', 'x', 'x', null, null, 'x')`;
        const upsert = `insert into agent_versions values ${values} on conflict (agent_id, version)`;
        await expect(run(`${upsert} do update set config = excluded.config`)).rejects.toThrow(refused);
        expect(await findVersion(store.db, agent.id, 1)).toEqual(version);
      });

      test('a version is not replaced by inserting it again', async () => {
        const { agent, version } = sampleAgent(fresh('agent'));
        await store.write((tx) => insertAgent(tx, { agent, version }));
        const insert = store.dialect.name === 'sqlite' ? 'insert or replace' : 'insert';
        const values = `('${agent.id}', 1, '{}', 'x', 'x', null, null, 'x')`;
        await expect(run(`${insert} into agent_versions values ${values}`)).rejects.toThrow();
        expect(await findVersion(store.db, agent.id, 1)).toEqual(version);
      });

      test('an event can be changed by nobody', async () => {
        const session = await seedSession(store, fresh('sesn'));
        const event = sampleEvent(session.id, 1);
        await store.write((tx) => insertEvents(tx, [event]));
        const where = `where session_id = '${session.id}'`;
        const refused = /events rows are never changed/;
        await expect(run(`update events set data = '{}' ${where}`)).rejects.toThrow(refused);
        const values = `('${session.id}', 1, 'x', 'x', '{}')`;
        const upsert = `insert into events values ${values} on conflict (session_id, seq)`;
        await expect(run(`${upsert} do update set data = excluded.data`)).rejects.toThrow(refused);
        expect(await listEvents(store.db, session.id, whole)).toEqual([event]);
      });

      test('an event goes only with its session', async () => {
        const session = await seedSession(store, fresh('sesn'));
        await store.write((tx) => insertEvents(tx, [sampleEvent(session.id, 1)]));
        await expect(run(`delete from events where session_id = '${session.id}'`)).rejects.toThrow(/never/);
      });
    });

    describe('references', () => {
      test('a session needs its version and its environment', async () => {
        const there = await seedSession(store, fresh('sesn'));
        for (const missing of [
          { agent_version: 2 },
          { agent_id: 'agent_none' },
          { environment_id: 'env_none' },
        ]) {
          const session = { ...there, id: fresh('sesn'), ...missing };
          await expect(store.write((tx) => insertSession(tx, session))).rejects.toThrow(/foreign key/i);
          expect(await findSession(store.db, session.id)).toBeNull();
        }
      });

      test('nothing is kept for a session that does not exist', async () => {
        const row = { session_id: 'sesn_none', position: 1, type: 'user.message', data: '{}' };
        await expect(store.write((tx) => insertEvents(tx, [sampleEvent('sesn_none', 1)]))).rejects.toThrow();
        await expect(store.write((tx) => insertInbox(tx, [row]))).rejects.toThrow(/foreign key/i);
      });

      test('an environment stays while any session refers to it, an archived one as well', async () => {
        const session = await seedSession(store, fresh('sesn'), { archived_at: at(5) });
        const id = session.environment_id;
        const refused = await store.write((tx) => deleteEnvironment(tx, id)).catch((error: unknown) => error);
        expect(store.dialect.isBrokenReference(refused)).toBe(true);
        expect(await findEnvironment(store.db, id)).not.toBeNull();
        await store.write((tx) => deleteSession(tx, session.id));
        await store.write((tx) => deleteEnvironment(tx, id));
        expect(await findEnvironment(store.db, id)).toBeNull();
      });

      test('a broken reference is told from everything else that is refused', async () => {
        const session = await seedSession(store, fresh('sesn'));
        const refusal = (work: (tx: Handle) => Promise<unknown>) =>
          store.write(work).then(
            () => 'done',
            (error: unknown) => error,
          );
        const broken = [
          await refusal((tx) => insertSession(tx, { ...session, id: fresh('sesn'), agent_version: 9 })),
          await refusal((tx) => insertEvents(tx, [sampleEvent('sesn_none', 1)])),
          await refusal((tx) => tx.deleteFrom('agents').where('id', '=', session.agent_id).execute()),
        ];
        expect(broken.map((error) => store.dialect.isBrokenReference(error))).toEqual([true, true, true]);
        const other = [
          await refusal((tx) => insertSession(tx, session)),
          await refusal((tx) => updateSession(tx, session.id, { queued: -1 })),
          await refusal((tx) => tx.updateTable('agent_versions').set({ config: '' }).execute()),
          await refusal((tx) => sql`select * from nothing`.execute(tx)),
          new Error('something else'),
          null,
        ];
        expect(other.map((error) => store.dialect.isBrokenReference(error))).toEqual(other.map(() => false));
      });

      test('a session takes its events and its inbox along, and nobody else’s', async () => {
        const [gone, kept] = [
          await seedSession(store, fresh('sesn')),
          await seedSession(store, fresh('sesn')),
        ];
        const queued = (session_id: string) => ({
          session_id,
          position: 1,
          type: 'user.message',
          data: '{}',
        });
        await store.write(async (tx) => {
          await insertEvents(
            tx,
            [gone, kept].flatMap(({ id }) => [1, 2].map((seq) => sampleEvent(id, seq))),
          );
          await insertInbox(tx, [queued(gone.id), queued(kept.id)]);
        });
        await store.write((tx) => deleteSession(tx, gone.id));
        expect(await listEvents(store.db, gone.id, whole)).toEqual([]);
        expect(await listInbox(store.db, gone.id)).toEqual([]);
        expect(await listEvents(store.db, kept.id, whole)).toHaveLength(2);
        expect(await listInbox(store.db, kept.id)).toHaveLength(1);
      });

      test('values that no session can have are refused', async () => {
        const { id } = await seedSession(store, fresh('sesn'));
        for (const wrong of [{ status: 'asleep' }, { queued: -1 }, { resolution_reason: 'luck' }]) {
          const change = store.write((tx) => updateSession(tx, id, wrong as Partial<SessionRow>));
          await expect(change).rejects.toThrow(/check constraint/i);
        }
      });
    });

    describe('histories and inboxes', () => {
      test('a history is read by number from either end, by type and by time', async () => {
        const { id } = await seedSession(store, fresh('sesn'));
        const rows = Array.from({ length: 12 }, (_, i) =>
          sampleEvent(id, i + 1, i % 2 === 0 ? { type: 'agent.message' } : {}),
        );
        await store.write((tx) => insertEvents(tx, rows));
        const read = async (fields: Partial<Parameters<typeof listEvents>[2]>) => {
          return (await listEvents(store.db, id, { ...whole, ...fields })).map((row) => row.seq);
        };
        expect(await read({ limit: 3 })).toEqual([1, 2, 3]);
        expect(await read({ limit: 3, order: 'desc' })).toEqual([12, 11, 10]);
        expect(await read({ after: 9 })).toEqual([10, 11, 12]);
        expect(await read({ after: 3, order: 'desc' })).toEqual([2, 1]);
        expect(await read({ limit: Number.MAX_SAFE_INTEGER })).toHaveLength(12);
        expect(await read({ filter: { types: ['user.message'] } })).toEqual([2, 4, 6, 8, 10, 12]);
        expect(await read({ filter: { processed_at: { gt: at(2), lte: at(4) } } })).toEqual([3, 4]);
      });

      test('a number that a history has already is refused with all that came along', async () => {
        const { id } = await seedSession(store, fresh('sesn'));
        await store.write((tx) => insertEvents(tx, [sampleEvent(id, 1)]));
        const repeated = [sampleEvent(id, 2), sampleEvent(id, 1)];
        await expect(store.write((tx) => insertEvents(tx, repeated))).rejects.toThrow(/unique/i);
        expect(await listEvents(store.db, id, whole)).toHaveLength(1);
      });

      test('a history takes a very long queue at once', async () => {
        const { id } = await seedSession(store, fresh('sesn'));
        // More values than one statement can have in either database.
        const rows = Array.from({ length: 14_000 }, (_, i) => sampleEvent(id, i + 1));
        await store.write((tx) => insertEvents(tx, rows));
        const last = { ...whole, order: 'desc', limit: 1 } as const;
        expect((await listEvents(store.db, id, last))[0]?.seq).toBe(14_000);
      });

      test('an inbox is read in order of arrival and emptied for one session alone', async () => {
        const [one, two] = [await seedSession(store, fresh('sesn')), await seedSession(store, fresh('sesn'))];
        const queued = (session_id: string, position: number) => ({
          session_id,
          position,
          type: 't',
          data: '{}',
        });
        await store.write((tx) =>
          insertInbox(
            tx,
            [10, 9, 2, 1].map((position) => queued(one.id, position)),
          ),
        );
        await store.write((tx) => insertInbox(tx, [queued(two.id, 1)]));
        expect((await listInbox(store.db, one.id)).map((row) => row.position)).toEqual([1, 2, 9, 10]);
        await store.write((tx) => clearInbox(tx, one.id));
        expect(await listInbox(store.db, one.id)).toEqual([]);
        expect(await listInbox(store.db, two.id)).toHaveLength(1);
      });
    });

    describe('write', () => {
      const titleOf = async (id: string) => (await findSession(store.db, id))?.title;

      test('keeps nothing of work that throws, and passes the error on', async () => {
        const { id } = await seedSession(store, fresh('sesn'));
        const failure = new Error('changed my mind');
        const work = store.write(async (tx) => {
          await updateSession(tx, id, { title: 'half' });
          throw failure;
        });
        await expect(work).rejects.toBe(failure);
        expect(await titleOf(id)).toBeNull();
      });

      test('lets what fails fail alone among what is written at the same time', async () => {
        const { id, ...base } = await seedSession(store, fresh('sesn'));
        const works = Array.from({ length: 20 }, (_, i) => {
          const session = { ...base, id: `${id}_${i}`, agent_version: i % 3 === 0 ? 99 : 1 };
          return store.write(async (tx) => {
            await insertEnvironment(tx, sampleEnvironment(session.id));
            await insertSession(tx, session);
          });
        });
        const outcomes = (await Promise.allSettled(works)).map((outcome) => outcome.status === 'fulfilled');
        expect(outcomes).toEqual(works.map((_, i) => i % 3 !== 0));
        for (const [i, kept] of outcomes.entries()) {
          expect((await findSession(store.db, `${id}_${i}`)) !== null).toBe(kept);
          expect((await findEnvironment(store.db, `${id}_${i}`)) !== null).toBe(kept);
        }
      });

      test('is visible to readers as soon as it resolves, and not before', async () => {
        const { id } = await seedSession(store, fresh('sesn'));
        for (const title of ['one', 'two', 'three']) {
          await store.write((tx) => updateSession(tx, id, { title }));
          expect(await titleOf(id)).toBe(title);
        }
        let seen: unknown = 'nothing';
        await store.write(async (tx) => {
          await updateSession(tx, id, { title: 'uncommitted' });
          // In memory a reader waits for the commit; elsewhere it sees what was there before.
          const reading = titleOf(id).then((title) => {
            seen = title;
          });
          if (opened.reopen !== undefined) await reading;
        });
        expect(seen).toBe(opened.reopen === undefined ? 'nothing' : 'three');
        expect(await titleOf(id)).toBe('uncommitted');
      });

      test('loses none of many changes to the same row', async () => {
        const { id } = await seedSession(store, fresh('sesn'));
        const attempts = await Promise.all(
          Array.from({ length: 300 }, () =>
            store.write(async (tx) => {
              const session = await lockSession(tx, store.dialect, id);
              const attempt = (session?.attempt ?? 0) + 1;
              await updateSession(tx, id, { attempt });
              return attempt;
            }),
          ),
        );
        expect(new Set(attempts).size).toBe(300);
        expect((await findSession(store.db, id))?.attempt).toBe(300);
      });
    });

    describe('values', () => {
      test('a number that nothing can reach is simply not found', async () => {
        const session = await seedSession(store, fresh('sesn'));
        await store.write((tx) => insertEvents(tx, [sampleEvent(session.id, 1)]));
        const list = { name: 'versions', key: ['number'], backwards: false } as const;
        for (const number of [0, maxInteger]) {
          expect(await findVersion(store.db, session.agent_id, number)).toBeNull();
          const cursor = { list: list.name, order: 'desc', direction: 'next', key: [number] } as const;
          const page: PageRequest = { list, limit: 9, order: 'desc', cursor };
          const after = { ...whole, after: number };
          expect(await listVersions(store.db, session.agent_id, page)).toHaveLength(number > 0 ? 1 : 0);
          expect(await listEvents(store.db, session.id, after)).toHaveLength(number > 0 ? 0 : 1);
        }
      });

      test('an empty list of types or statuses matches nothing', async () => {
        const { id, agent_id } = await seedSession(store, fresh('sesn'));
        await store.write((tx) => insertEvents(tx, [sampleEvent(id, 1)]));
        expect(await listEvents(store.db, id, { ...whole, filter: { types: [] } })).toEqual([]);
        const filter = { include_archived: true, created_at: {}, agent_id, statuses: [] };
        const list = { name: 'sessions', key: ['string', 'string'], backwards: true } as const;
        const page: PageRequest = { list, limit: 9, order: 'asc', cursor: null };
        expect(await listSessions(store.db, filter, page)).toEqual([]);
      });

      test('text comes back byte for byte, from columns and from inside JSON', async () => {
        const { id } = await seedSession(store, fresh('sesn'));
        const long = '🦫'.repeat(262_144);
        for (const text of [...awkwardTexts, long]) {
          await store.write((tx) => updateSession(tx, id, { title: text }));
          expect((await findSession(store.db, id))?.title === text).toBe(true);
        }
        const inside = [...awkwardTexts, 'NUL \0 inside', 'half \ud83e of a pair \udd97'];
        await store.write((tx) =>
          insertEvents(
            tx,
            inside.map((text, i) => sampleEvent(id, i + 1, { data: JSON.stringify({ text }) })),
          ),
        );
        const data = (await listEvents(store.db, id, whole)).map((row) => row.data);
        expect(data).toEqual(inside.map((text) => JSON.stringify({ text })));
        expect(data.map((text) => JSON.parse(text).text)).toEqual(inside);
      });

      test('numbers come back as numbers, however large', async () => {
        const { id } = await seedSession(store, fresh('sesn'));
        const large = { active_us: Number.MAX_SAFE_INTEGER, last_seq: 2_147_483_647 };
        await store.write((tx) => updateSession(tx, id, large));
        expect(await findSession(store.db, id)).toMatchObject(large);
        const counted = await store.db
          .selectFrom('sessions')
          .select((eb) => eb.fn.countAll().as('n'))
          .execute();
        expect(counted[0]?.n).toBeTypeOf('number');
      });
    });

    test('what was written is there after reopening, and a closed store takes no more', async () => {
      const { id } = await seedSession(store, fresh('sesn'), { title: 'kept' });
      if (opened.reopen !== undefined) {
        const before = store;
        store = await opened.reopen();
        await expect(before.write((tx) => updateSession(tx, id, { title: 'late' }))).rejects.toThrow();
      }
      expect((await findSession(store.db, id))?.title).toBe('kept');
    });
  });
}
