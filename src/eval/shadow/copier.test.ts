import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Session } from '../../session/opening.ts';
import type { Store } from '../../store/dialect.ts';
import { insertEvents } from '../../store/events.ts';
import { openStore } from '../../store/open.ts';
import { insertSession, updateSession } from '../../store/sessions.ts';
import {
  insertShadowPairs,
  listShadowPairs,
  type ShadowPairRow,
  type ShadowRow,
  updateShadow,
} from '../../store/shadows.ts';
import { at, sampleSession } from '../../store/store.testsuite.ts';
import { createCopier } from './copier.ts';
import { rowsOf, seedShadow, seedTalk, turnOf } from './shadow.testsuite.ts';

let store: Store;
let shadow: ShadowRow;
beforeEach(async () => {
  store = await openStore({ kind: 'memory' });
  shadow = await seedShadow(store, 'shdw_1');
});
afterEach(() => store.close());

const over = { status: 'stopped', ended_reason: 'enough', ended_at: at(3) } as const;
const stop = (): Promise<boolean> => store.write((tx) => updateShadow(tx, shadow.id, over));

/** A copier whose candidate answers at once; gives what was sent to it. */
function copying({
  onSend = async () => {},
  turn = turnOf,
}: {
  readonly onSend?: () => Promise<unknown>;
  readonly turn?: typeof turnOf;
} = {}) {
  const sent: string[] = [];
  const copier = createCopier({
    store,
    sessions: {
      async create(): Promise<Session> {
        const { agent_id } = shadow;
        const row = sampleSession('sesn_copy', { agent_id, environment_id: `env_of_${shadow.id}` });
        await store.write((tx) => insertSession(tx, row));
        return { row } as Session;
      },
    },
    inbox: {
      async send(id, bodies) {
        const text = JSON.stringify(bodies);
        const events = rowsOf(id, turn(text), sent.length * 4);
        sent.push(text);
        await store.write(async (tx) => {
          await insertEvents(tx, events);
          await updateSession(tx, id, { turns: sent.length, last_seq: sent.length * 4 });
        });
        await onSend();
        return [];
      },
    },
  });
  return { sent, copier };
}

async function pairOf(messages: readonly string[]): Promise<ShadowPairRow> {
  await seedTalk(store, shadow, 'sesn_1', messages);
  const row: ShadowPairRow = {
    ...{ shadow_id: shadow.id, session_id: 'sesn_1', shadow_session_id: null, status: 'open' },
    ...{ seen_turns: 0, turns: 0, tally: null, reason: null, created_at: at(2) },
  };
  await store.write((tx) => insertShadowPairs(tx, [row]));
  return row;
}

async function known(): Promise<ShadowPairRow | undefined> {
  return (await listShadowPairs(store.db, shadow.id, { after: '', limit: 2 }))[0];
}

test('All turns of a session are sent, in their order', async () => {
  const { sent, copier } = copying();
  await copier.copy(shadow, await pairOf(['One', 'Two', 'Three']), new AbortController().signal);
  expect(sent.map((text) => /One|Two|Three/.exec(text)?.[0])).toEqual(['One', 'Two', 'Three']);
  expect(await known()).toMatchObject({ turns: 3, seen_turns: 3, shadow_session_id: 'sesn_copy' });
});

test('A shadow that is stopped in the middle of a session sends no further turn of it', async () => {
  const { sent, copier } = copying({ onSend: stop });
  await copier.copy(shadow, await pairOf(['One', 'Two', 'Three']), new AbortController().signal);
  expect(sent).toHaveLength(1);
  expect(await known()).toMatchObject({ turns: 1, seen_turns: 0, status: 'open' });
});

test('A shadow that is stopped before a session was begun opens none for it', async () => {
  const { sent, copier } = copying();
  const pair = await pairOf(['One']);
  await stop();
  await copier.copy(shadow, pair, new AbortController().signal);
  expect(sent).toEqual([]);
  expect(await known()).toMatchObject({ shadow_session_id: null, status: 'open' });
});

test('A copy that waits for the answer to a call is sent nothing more, and says so', async () => {
  const call = { id: 'sevt_1', type: 'agent.custom_tool_use', name: 'look_up', input: {} };
  const stop_reason = { type: 'requires_action', event_ids: ['sevt_1'] };
  const turn = (text: string): readonly object[] => [
    ...turnOf(text).slice(0, 2),
    ...[call, { type: 'session.status_idle', stop_reason }],
  ];
  const { sent, copier } = copying({ turn });
  await copier.copy(shadow, await pairOf(['One', 'Two']), new AbortController().signal);
  expect(sent).toHaveLength(1);
  const reason = 'in the copy, the agent called the tool look_up, which nobody has answered';
  expect(await known()).toMatchObject({ turns: 1, status: 'failed', reason });
});

test('A session that is too long is skipped, and says so', async () => {
  const { sent, copier } = copying();
  const pair = await pairOf(['x'.repeat(1024 * 1024)]);
  await copier.copy(shadow, pair, new AbortController().signal);
  expect(sent).toEqual([]);
  const reason = 'the session is longer than 1048576 characters';
  expect(await known()).toMatchObject({ status: 'skipped', reason });
});
