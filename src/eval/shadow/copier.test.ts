import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownDuty } from '../../../test/own-duty.ts';
import type { Duty } from '../../queue/duties.ts';
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
  duty = ownDuty(),
}: {
  readonly onSend?: () => Promise<unknown>;
  readonly duty?: Pick<Duty, 'isMine'>;
  readonly turn?: typeof turnOf;
} = {}) {
  const sent: string[] = [];
  const copier = createCopier({
    ...{ store, duty },
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

/** A session with one turn for each message, and `more` behind them. */
async function pairOf(
  messages: readonly string[],
  more: readonly (object | undefined)[] = [],
): Promise<ShadowPairRow> {
  const { last_seq } = await seedTalk(store, shadow, 'sesn_1', messages);
  const events = more.filter((event) => event !== undefined);
  await store.write(async (tx) => {
    await insertEvents(tx, rowsOf('sesn_1', events, last_seq));
    if (events.length > 0) await updateSession(tx, 'sesn_1', { last_seq: last_seq + events.length });
  });
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

test('A process that somebody else has taken over from sends nothing more', async () => {
  let isMine = true;
  const onSend = async (): Promise<void> => {
    isMine = false;
  };
  const { sent, copier } = copying({ onSend, duty: { isMine: () => isMine } });
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

test('A copy that rests in the middle of a turn is sent nothing more, and says so', async () => {
  const call = { id: 'sevt_1', type: 'agent.custom_tool_use', name: 'look_up', input: {} };
  const stop_reason = { type: 'requires_action', event_ids: ['sevt_1'] };
  const turn = (text: string): readonly object[] => [
    ...turnOf(text).slice(0, 2),
    ...[call, { type: 'session.status_idle', stop_reason }],
  ];
  const { sent, copier } = copying({ turn });
  await copier.copy(shadow, await pairOf(['One', 'Two']), new AbortController().signal);
  expect(sent).toHaveLength(1);
  const reason = 'in the copy, turn 1 has not come to its end';
  expect(await known()).toMatchObject({ turns: 0, status: 'failed', reason });
});

test('What the application has told the agent is told in the copy, as the last thing of its turn', async () => {
  const { sent, copier } = copying();
  const block = (text: string) => [{ type: 'text', text }];
  const system = (text: string) => ({ type: 'system.message', content: block(text) });
  const [asks, said] = turnOf('Hello');
  await copier.copy(
    shadow,
    await pairOf([], [system('It is Monday.'), asks, system('Be brief.'), ...turnOf('Hi').slice(1), said]),
    new AbortController().signal,
  );
  expect(sent.map((text) => JSON.parse(text))).toEqual([
    [
      { type: 'user.message', content: block('Hello') },
      { type: 'system.message', content: [...block('It is Monday.'), ...block('Be brief.')] },
    ],
  ]);
});

test('A turn that was told something in its middle ends the copying, and says so', async () => {
  const { sent, copier } = copying();
  const told = { type: 'system.message', content: [{ type: 'text', text: 'Be brief.' }] };
  const [asks, begun, ...rest] = turnOf('Two');
  const pair = await pairOf(['One'], [asks, begun, told, ...rest]);
  await copier.copy(shadow, pair, new AbortController().signal);
  expect(sent).toHaveLength(1);
  const reason = 'turn 2 was told something in its middle';
  expect(await known()).toMatchObject({ status: 'skipped', turns: 1, reason });
});

test('A turn of the user that waits is not copied before it has ended', async () => {
  const { sent, copier } = copying();
  const stop_reason = { type: 'requires_action', event_ids: ['sevt_1'] };
  const call = { id: 'sevt_1', type: 'agent.custom_tool_use', name: 'look_up', input: {} };
  const waits = [...turnOf('Two').slice(0, 2), call, { type: 'session.status_idle', stop_reason }];
  const pair = await pairOf(['One'], waits as object[]);
  await copier.copy(shadow, pair, new AbortController().signal);
  expect(sent).toHaveLength(1);
  expect(await known()).toMatchObject({ status: 'open', turns: 1, seen_turns: 1 });
});

test('A session that is too long is skipped, and says so', async () => {
  const { sent, copier } = copying();
  const pair = await pairOf(['x'.repeat(1024 * 1024)]);
  await copier.copy(shadow, pair, new AbortController().signal);
  expect(sent).toEqual([]);
  const reason = 'the session is longer than 1048576 characters';
  expect(await known()).toMatchObject({ status: 'skipped', reason });
});
