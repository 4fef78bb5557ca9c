import { randomBytes } from 'node:crypto';
import { noTelemetry } from '../../test/no-telemetry.ts';
import { eventually, type SessionEvent } from '../../test/story.ts';
import { tellsNobody } from '../../test/tells-nobody.ts';
import { createVersions } from '../agent/versions.ts';
import { createClock } from '../core/clock.ts';
import type { ClientEventBody } from '../core/events.ts';
import { createIds } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import { noRequestUsage } from '../core/usage.ts';
import type { Provider } from '../model/model.ts';
import { defaultRetryLimits } from '../model/retry.ts';
import type { Router } from '../model/router.ts';
import { type Line, lineOfOne } from '../queue/line.ts';
import type { Store } from '../store/dialect.ts';
import { listEvents, listInboxBetween } from '../store/events.ts';
import { findSession } from '../store/sessions.ts';
import { createAsking } from './asking.ts';
import { createHub } from './hub.ts';
import { createInbox } from './inbox.ts';
import { createJournal } from './journal.ts';
import { createPreviews } from './previews.ts';
import type { Toolbox } from './toolbox.ts';
import { createTurns } from './turn.ts';
import { createTurnRecord } from './turn-record.ts';
import { createWorker } from './worker.ts';

/** A request at the model: which session it is for, seen by what was last said, and how to answer it. */
type Asked = { readonly said: string; readonly answer: () => void };

function heldModel() {
  const asked: Asked[] = [];
  const provider: Provider = {
    name: 'offline',
    send: ({ messages }, { signal }) =>
      new Promise((resolve, reject) => {
        const last = messages.at(-1)?.content.at(-1);
        const said = last?.type === 'text' ? last.text : '';
        const answer = (): void =>
          resolve({
            ...{ content: [{ type: 'text', text: `${said}!` }], tool_uses: [] },
            ...{ refusal: null, usage: noRequestUsage, served_model: 'held' },
          });
        asked.push({ said, answer });
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  };
  const nth = (n: number) => eventually(`request ${n} at the model`, () => asked[n - 1]);
  return { asked, provider, nth, saids: () => asked.map(({ said }) => said) };
}

/** A store that commits and then loses the answer, for as many of the next writes as it is told. */
function losing(store: Store) {
  const state = { left: 0, writes: 0 };
  let held: { until: Promise<void>; committed: () => void } | null = null;
  /** Holds the answer of the next write back; resolves when that is committed. */
  const holdNext = (until: Promise<void>): Promise<void> =>
    new Promise((committed) => {
      held = { until, committed };
    });
  const write: Store['write'] = async (work) => {
    const done = await store.write(work);
    state.writes++;
    const hold = held;
    held = null;
    hold?.committed();
    await hold?.until;
    if (state.left === 0) return done;
    state.left--;
    throw new Error('Connection terminated unexpectedly');
  };
  return { state, holdNext, store: { ...store, write } };
}

const says = (text: string): ClientEventBody => ({ type: 'user.message', content: [{ type: 'text', text }] });
const interrupt: ClientEventBody = { type: 'user.interrupt' };

export const noTools: Toolbox = {
  ...{ definitions: [], troubles: [], find: () => null, mcpName: (_server, tool) => tool },
  call: () => Promise.reject(new Error('There are no tools')),
};

/** One life of a process on a store: its worker, its inbox and its model. */
export function live(
  given: Store,
  {
    max_turns = 4,
    line = lineOfOne(),
    open = async () => noTools,
    repair_ms = 1000,
  }: { max_turns?: number; line?: Line; open?: () => Promise<Toolbox>; repair_ms?: number } = {},
) {
  const { queue, bus } = line;
  const { state, holdNext, store } = losing(given);
  const model = heldModel();
  const logged: string[] = [];
  const log: Log = {
    ...{ debug: () => {}, info: () => {}, warn: () => {} },
    error: ({ err }, message) => void logged.push(`${message}: ${err instanceof Error ? err.message : ''}`),
  };
  const clock = createClock(Date.now);
  const ids = createIds(clock, randomBytes);
  const hub = createHub({
    bus,
    readAfter: (id, seq) => listEvents(store.db, id, { filter: {}, order: 'asc', after: seq, limit: 1000 }),
    readQueued: (id, between) => listInboxBetween(store.db, id, between),
  });
  const journal = createJournal({ store, clock, hub, notify: tellsNobody, queue });
  const router: Router = {
    route: (id) => ({ provider: 'offline', model: id, because: 'default' }),
    provider: async () => model.provider,
    named: [],
  };
  const record = createTurnRecord({ journal, clock, ids, log, telemetry: noTelemetry, max_rounds: 9 });
  const turns = createTurns({
    ...{ store, versions: createVersions(store), router, record, log, max_tokens: 100, hasPrice: () => true },
    ...{ toolboxes: { open }, attachments: { ready: async () => [] } },
    telemetry: noTelemetry,
    asking: createAsking({
      ...{ router, ids, log, record, retries: defaultRetryLimits },
      ...{ random: () => 0, costOf: () => null, previews: createPreviews({ bus, elapsed: () => 0 }) },
      telemetry: noTelemetry,
    }),
  });
  const worker = createWorker({
    ...{ store, queue, bus, journal, turns, record, hub, log, max_turns, repair_ms },
    max_turns_per_agent: max_turns,
  });
  worker.start();
  const inbox = createInbox({
    ...{ journal, clock, ids, max_rounds: 9, requireFiles: async () => {} },
    ...{ requireSystemMessages: async () => {} },
    ...{ onInterrupt: worker.interrupt, onUncertain: worker.adopt, requireRoomForTurn: () => {} },
  });
  return {
    ...{ model, worker, logged, hub, state, holdNext },
    say: (id: string, ...texts: string[]) => inbox.send(id, texts.map(says)),
    interrupt: (id: string) => inbox.send(id, [interrupt]),
    /** What a stream that is opened now hears. */
    listen(id: string): readonly SessionEvent[] {
      const heard: SessionEvent[] = [];
      const subscription = hub.subscribe(id, {
        onEvents: (rows) => heard.push(...rows.map((row) => JSON.parse(row.data) as SessionEvent)),
        onQueued: () => {},
        onDeleted: () => {},
      });
      subscription.startAfter(0);
      return heard;
    },
  };
}

/** A session's history, as it was written. */
export async function historyOf(store: Store, id: string): Promise<SessionEvent[]> {
  const rows = await listEvents(store.db, id, { filter: {}, order: 'asc', after: null, limit: 1000 });
  return rows.map((row) => JSON.parse(row.data) as SessionEvent);
}

/** Waits until a session is idle, and gives its history. */
export const untilIdle = (store: Store, id: string): Promise<SessionEvent[]> =>
  eventually(`session ${id} idle`, async () =>
    (await findSession(store.db, id))?.status === 'idle' ? historyOf(store, id) : null,
  );

/** The texts of all messages of one side. */
export const textsOf = (
  events: readonly SessionEvent[],
  type: 'user.message' | 'agent.message',
): (string | null)[] =>
  events.flatMap((event) =>
    event.type === type ? JSON.stringify(event.content).match(/[\w!]+(?="})/g) : [],
  );
