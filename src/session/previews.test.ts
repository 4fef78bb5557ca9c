import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ownHub } from '../../test/own-hub.ts';
import { silentBus } from '../core/bus.ts';
import type { EventRow } from '../store/events.ts';
import { sampleEvent } from '../store/store.testsuite.ts';
import { createPreviews, type PreviewEvent, type PreviewListener } from './previews.ts';

const session = 'sesn_1';
/** The previews of a process that is alone. */
const ownPreviews = () => createPreviews({ bus: silentBus, elapsed: () => 0 });
const request = { span_id: 'sevt_span', event_id: 'sevt_message' };

function row(seq: number, type: string, id = `sevt_${seq}`): EventRow {
  return sampleEvent(session, seq, { type, data: JSON.stringify({ id, type }) });
}

const started = (span = request.span_id): EventRow[] => [row(1, 'span.model_request_start', span)];
const message = row(2, 'agent.message', request.event_id);
const ended = row(3, 'span.model_request_end');

/** A preview in few words: the id of a start, or where a piece of text goes. */
function brief(event: PreviewEvent): string {
  if (event.type === 'event_start') return `start ${event.event.id}`;
  return `${event.event_id}/${event.delta.index} ${event.delta.content.text}`;
}

/** A listener that notes what it sees, call by call, and is ready for as long as it is told to be. */
function watcher() {
  const seen: string[][] = [];
  const state = { ready: true };
  const listener: PreviewListener = {
    isReady: () => state.ready,
    onPreview: (events) => void seen.push(events.map(brief)),
  };
  return { seen, state, listener };
}

describe('A listener', () => {
  test('sees a reply arrive under the id of its message, beginning with the first text', () => {
    const previews = ownPreviews();
    const { seen, listener } = watcher();
    const follower = previews.follow(session, listener);
    follower.passed(started());
    const preview = previews.open(session, request);
    expect(seen).toEqual([]);
    for (const text of ['Hel', '', 'lo']) preview.text(text, 0);
    preview.text('Bye', 1);
    expect(seen).toEqual([
      ['start sevt_message', 'sevt_message/0 Hel'],
      ['sevt_message/0 lo'],
      ['sevt_message/1 Bye'],
    ]);
  });

  test('that hears late of the start of the request sees then what has arrived, block by block', () => {
    const previews = ownPreviews();
    const { seen, listener } = watcher();
    const follower = previews.follow(session, listener);
    const preview = previews.open(session, request);
    preview.text('Hel', 0);
    preview.text('lo', 0);
    preview.text('Bye', 1);
    follower.passed([row(1, 'session.status_running')]);
    expect(seen).toEqual([]);
    follower.passed(started());
    preview.text('!', 1);
    expect(seen).toEqual([
      ['start sevt_message', 'sevt_message/0 Hello', 'sevt_message/1 Bye'],
      ['sevt_message/1 !'],
    ]);
  });

  test('that hears of a request only when it is over sees nothing of it', () => {
    const previews = ownPreviews();
    const { seen, listener } = watcher();
    const follower = previews.follow(session, listener);
    const preview = previews.open(session, request);
    preview.text('Hello', 0);
    follower.passed([...started(), message]);
    preview.text('!', 0);
    follower.passed([ended]);
    expect(seen).toEqual([]);
  });

  test.each([
    ['message', message],
    ['end of the request', ended],
  ])('sees nothing of a reply behind its %s', (_what, last) => {
    const previews = ownPreviews();
    const { seen, listener } = watcher();
    const follower = previews.follow(session, listener);
    follower.passed(started());
    const preview = previews.open(session, request);
    preview.text('Hello', 0);
    follower.passed([last]);
    preview.text('!', 0);
    expect(seen).toHaveLength(1);
  });

  test('that begins in the middle of a request sees nothing of it, and all of the next one', () => {
    const previews = ownPreviews();
    const [early, late] = [watcher(), watcher()];
    previews.follow(session, early.listener).passed(started());
    const preview = previews.open(session, request);
    preview.text('Hel', 0);
    const follower = previews.follow(session, late.listener);
    preview.text('lo', 0);
    follower.passed([message, ended]);
    expect([early.seen.length, late.seen]).toEqual([2, []]);
    preview.close();
    const next = previews.open(session, { span_id: 'sevt_4', event_id: 'sevt_5' });
    follower.passed([row(4, 'span.model_request_start')]);
    next.text('Again', 0);
    expect(late.seen).toEqual([['start sevt_5', 'sevt_5/0 Again']]);
  });

  test('does not see the reply to a request while an earlier one is open for it', () => {
    const previews = ownPreviews();
    const { seen, listener } = watcher();
    const follower = previews.follow(session, listener);
    follower.passed(started('sevt_before'));
    const preview = previews.open(session, request);
    preview.text('Hello', 0);
    expect(seen).toEqual([]);
  });

  test('that is not ready is told later, of all that it has missed, or never', () => {
    const previews = ownPreviews();
    const [slow, stuck] = [watcher(), watcher()];
    for (const { listener } of [slow, stuck]) previews.follow(session, listener).passed(started());
    const preview = previews.open(session, request);
    preview.text('a', 0);
    for (const { state } of [slow, stuck]) state.ready = false;
    for (const text of ['b', 'c', 'd']) preview.text(text, 0);
    slow.state.ready = true;
    preview.text('e', 0);
    const first = ['start sevt_message', 'sevt_message/0 a'];
    expect([slow.seen, stuck.seen]).toEqual([[first, ['sevt_message/0 bcde']], [first]]);
  });

  test('sees nothing more once it is closed, and another one goes on', () => {
    const previews = ownPreviews();
    const [leaver, stayer] = [watcher(), watcher()];
    const followers = [leaver, stayer].map(({ listener }) => previews.follow(session, listener));
    for (const follower of followers) follower.passed(started());
    const preview = previews.open(session, request);
    preview.text('a', 0);
    followers[0]?.close();
    followers[0]?.close();
    preview.text('b', 0);
    followers[0]?.passed(started());
    expect([leaver.seen.length, stayer.seen.length]).toEqual([1, 2]);
  });

  test('that closes twice does not disturb one that has come since', () => {
    const previews = ownPreviews();
    const gone = previews.follow(session, watcher().listener);
    gone.close();
    const { seen, listener } = watcher();
    previews.follow(session, listener).passed(started());
    gone.close();
    previews.open(session, request).text('Hello', 0);
    expect(seen).toHaveLength(1);
  });

  test('sees nothing of other sessions', () => {
    const previews = ownPreviews();
    const { seen, listener } = watcher();
    previews.follow('sesn_2', listener).passed(started());
    previews.open(session, request).text('Hello', 0);
    expect(seen).toEqual([]);
  });

  test('that fails harms neither the reply nor the others', () => {
    const previews = ownPreviews();
    const other = watcher();
    let failures = 0;
    const failing: PreviewListener = {
      isReady: () => true,
      onPreview: () => {
        failures++;
        throw new Error('The socket is gone');
      },
    };
    for (const listener of [failing, other.listener]) previews.follow(session, listener).passed(started());
    const preview = previews.open(session, request);
    preview.text('a', 0);
    preview.text('b', 0);
    expect([failures, other.seen.length]).toEqual([1, 2]);
  });
});

describe('A preview', () => {
  test('ends where a block comes before the one in front of it', () => {
    const previews = ownPreviews();
    const { seen, listener } = watcher();
    previews.follow(session, listener).passed(started());
    const preview = previews.open(session, request);
    preview.text('a', 0);
    preview.text('c', 2);
    preview.text('b', 1);
    expect(seen).toEqual([['start sevt_message', 'sevt_message/0 a']]);
  });

  test('that is over does not disturb the next one of its session', () => {
    const previews = ownPreviews();
    const { seen, listener } = watcher();
    const follower = previews.follow(session, listener);
    const first = previews.open(session, request);
    const second = previews.open(session, { span_id: 'sevt_4', event_id: 'sevt_5' });
    follower.passed([...started(), message, ended, row(4, 'span.model_request_start')]);
    first.text('old', 0);
    first.close();
    second.text('new', 0);
    expect(seen).toEqual([['start sevt_5', 'sevt_5/0 new']]);
  });

  test('that nobody can see keeps nothing for those who come later', () => {
    const previews = ownPreviews();
    const preview = previews.open(session, request);
    preview.text('Hello', 0);
    const { seen, listener } = watcher();
    previews.follow(session, listener).passed(started());
    preview.text('!', 0);
    preview.close();
    expect(seen).toEqual([]);
  });

  test('is forgotten when the last listener leaves', () => {
    const previews = ownPreviews();
    previews.follow(session, watcher().listener).close();
    const { seen, listener } = watcher();
    const preview = previews.open(session, request);
    previews.follow(session, listener).passed(started());
    preview.text('Hello', 0);
    expect(seen).toEqual([]);
  });
});

/** The commits of two requests, and the id and the words of what each of them says. */
const commits = [
  [row(1, 'session.status_running'), row(2, 'span.model_request_start', 'span_1')],
  [row(3, 'agent.message', 'message_1'), row(4, 'span.model_request_end')],
  [row(5, 'span.model_request_start', 'span_2')],
  [row(6, 'agent.message', 'message_2'), row(7, 'span.model_request_end'), row(8, 'session.status_idle')],
] as const;
const replies = [
  [
    ['one ', 0],
    ['two', 0],
    ['three', 1],
  ],
  [
    ['four ', 0],
    ['five ', 0],
    ['six', 0],
  ],
] as const;

type Heard = { readonly seq: number } | PreviewEvent;

/** Complains about whatever in a stream would not fit the protocol. */
function complaints(heard: readonly Heard[]): string[] {
  const wrong: string[] = [];
  let open: { id: string; blocks: string[] } | null = null;
  let span = 0;
  let last = 0;
  for (const one of heard) {
    if ('seq' in one) {
      if (one.seq !== last + 1) wrong.push(`event ${one.seq} after ${last}`);
      last = one.seq;
      if (last === 2 || last === 5) span = last === 2 ? 1 : 2;
      if ([3, 4, 6, 7].includes(last)) [span, open] = [0, null];
    } else if (one.type === 'event_start') {
      if (open !== null || one.event.id !== `message_${span}`) wrong.push(`${brief(one)} after ${last}`);
      open = { id: one.event.id, blocks: [] };
    } else if (open === null || one.event_id !== open.id || one.delta.index > open.blocks.length) {
      wrong.push(`${brief(one)} after ${last}`);
    } else {
      const { index, content } = one.delta;
      open.blocks[index] = (open.blocks[index] ?? '') + content.text;
      const whole = (replies[span - 1] ?? []).filter(([, block]) => block === index).map(([text]) => text);
      if (!whole.join('').startsWith(open.blocks[index])) wrong.push(`${brief(one)} is no part of the reply`);
    }
  }
  return wrong;
}

test('Whatever is reported late, read slowly or opened in between, a stream stays in order', async () => {
  const action = fc.constantFrom('report', 'overtake', 'read', 'listen', 'stall', 'drain' as const);
  let previewed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), fc.boolean(), async (actions, listensFirst) => {
      const history: EventRow[] = [];
      const late: (readonly EventRow[])[] = [];
      const reads: (() => void)[] = [];
      const hub = ownHub(
        (_id, seq) =>
          new Promise((resolve) => {
            reads.push(() => resolve(history.filter((one) => one.seq > seq)));
          }),
      );
      const previews = ownPreviews();
      const streams: { heard: Heard[]; ready: boolean; from: number }[] = [];
      const listen = (): void => {
        const stream = { heard: [] as Heard[], ready: true, from: history.length };
        streams.push(stream);
        const follower = previews.follow(session, {
          isReady: () => stream.ready,
          onPreview: (events) => void stream.heard.push(...events),
        });
        const onEvents = (rows: readonly EventRow[]): void => {
          stream.heard.push(...rows.map(({ seq }) => ({ seq })));
          follower.passed(rows);
        };
        hub.subscribe(session, { onEvents, onQueued() {}, onDeleted() {} }).startAfter(history.length);
      };
      const script = [...actions];
      const act = async (): Promise<void> => {
        const next = script.shift();
        if (next === 'report') hub.publish(session, late.shift() ?? []);
        if (next === 'overtake') hub.publish(session, late.pop() ?? []);
        if (next === 'read') reads.shift()?.();
        if (next === 'listen') listen();
        for (const stream of streams)
          if (next === 'stall' || next === 'drain') stream.ready = next === 'drain';
        await Promise.resolve();
      };
      const commit = (rows: readonly EventRow[]): void => {
        history.push(...rows);
        late.push(rows);
      };
      if (listensFirst) listen();
      for (const [i, reply] of replies.entries()) {
        commit(commits[2 * i] ?? []);
        await act();
        const preview = previews.open(session, { span_id: `span_${i + 1}`, event_id: `message_${i + 1}` });
        for (const [text, index] of reply) {
          await act();
          preview.text(text, index);
        }
        await act();
        preview.close();
        commit(commits[2 * i + 1] ?? []);
        await act();
      }
      while (script.length > 0) await act();
      for (const { heard, from } of streams) {
        const asFromOne = [...Array.from({ length: from }, (_, i) => ({ seq: i + 1 })), ...heard];
        expect(complaints(asFromOne)).toEqual([]);
        previewed += heard.filter((one) => !('seq' in one)).length;
      }
    }),
    { seed: 20261122, numRuns: 500 },
  );
  expect(previewed).toBeGreaterThan(200);
});
