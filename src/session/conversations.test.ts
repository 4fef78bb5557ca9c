import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../store/dialect.ts';
import { insertEvents } from '../store/events.ts';
import { openStore } from '../store/open.ts';
import { findSession, type SessionRow, updateSession } from '../store/sessions.ts';
import { seedSession } from '../store/store.testsuite.ts';
import { type Conversation, type Conversations, createConversations } from './conversations.ts';

let store: Store;
let conversations: Conversations;

beforeEach(async () => {
  store = await openStore({ kind: 'memory' });
  conversations = createConversations(store);
});
afterEach(() => store.close());

async function rowOf(id: string): Promise<SessionRow> {
  const row = await findSession(store.db, id);
  if (row === null) throw new Error(`There is no session ${id}`);
  return row;
}

/** Goes on with a session: so many messages, each followed by an event that no model reads. */
async function say(id: string, count: number): Promise<SessionRow> {
  const { last_seq } = await rowOf(id);
  const rows = Array.from({ length: 2 * count }, (_, i) => {
    const seq = last_seq + 1 + i;
    const type = i % 2 === 0 ? 'user.message' : 'session.status_running';
    const data = JSON.stringify({
      id: `sevt_${seq}`,
      type,
      content: [{ type: 'text', text: `said at ${seq}` }],
    });
    return {
      session_id: id,
      seq,
      type,
      processed_at: `2026-01-01T00:00:00.${String(seq).padStart(6, '0')}Z`,
      data,
    };
  });
  await store.write(async (tx) => {
    await insertEvents(tx, rows);
    await updateSession(tx, id, { last_seq: last_seq + rows.length });
  });
  return rowOf(id);
}

const textsOf = ({ events }: Pick<Conversation, 'events'>): string[] =>
  events.flatMap((event) => JSON.stringify(event).match(/(said|changed) at \d+/)?.[0] ?? []);

/** What the database holds is changed behind everybody's back, to see who reads it again. */
async function tamper(): Promise<void> {
  await sql`drop trigger events_refuse_update`.execute(store.db);
  await sql`update events set data = replace(data, 'said', 'changed')`.execute(store.db);
}

test('A conversation is what both sides said, in order, and grows with its session', async () => {
  const { id } = await seedSession(store, 'sesn_1');
  expect(textsOf(await conversations.read(await say(id, 20)))).toHaveLength(20);
  const grown = await conversations.read(await say(id, 3));
  const { events } = await createConversations(store).read(await rowOf(id));
  expect(grown.events).toEqual(events);
  expect(textsOf(grown)).toHaveLength(23);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => 1 + 2 * i));
});

test('Of a long one, only what is new is read again', async () => {
  const { id } = await seedSession(store, 'sesn_1');
  await conversations.read(await say(id, 20));
  await say(id, 1);
  await tamper();
  const texts = textsOf(await conversations.read(await rowOf(id)));
  expect(texts.filter((text) => text.startsWith('changed'))).toEqual(['changed at 41']);
});

test('A short one is not kept', async () => {
  const { id } = await seedSession(store, 'sesn_1');
  await conversations.read(await say(id, 5));
  await tamper();
  expect(textsOf(await conversations.read(await rowOf(id)))).toContain('changed at 1');
});

test('From a summary on, what was before is gone', async () => {
  const { id } = await seedSession(store, 'sesn_1');
  await conversations.read(await say(id, 20));
  await store.write((tx) => updateSession(tx, id, { context_from: 31 }));
  expect(textsOf(await conversations.read(await rowOf(id)))).toEqual(
    [31, 33, 35, 37, 39].map((seq) => `said at ${seq}`),
  );
});

test('A row that is behind the history gets what is there, and nothing twice', async () => {
  const { id } = await seedSession(store, 'sesn_1');
  const early = await say(id, 20);
  await say(id, 2);
  expect(textsOf(await conversations.read(early))).toHaveLength(22);
  expect(textsOf(await conversations.read(await say(id, 1)))).toHaveLength(23);
});
