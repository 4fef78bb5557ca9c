import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { linkedBuses } from '../../test/linked-buses.ts';
import type { Signal } from '../core/bus.ts';
import { sampleEvent } from '../store/store.testsuite.ts';
import { createPreviews, type PreviewEvent } from './previews.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

const session = 'sesn_1';
const request = { span_id: 'sevt_span', event_id: 'sevt_message' };
const started = (span = request.span_id) => [
  sampleEvent(session, 1, {
    type: 'span.model_request_start',
    data: JSON.stringify({ id: span, type: 'span.model_request_start' }),
  }),
];

const brief = (event: PreviewEvent): string =>
  event.type === 'event_start'
    ? `start ${event.event.id}`
    : `${event.delta.index} ${event.delta.content.text}`;

/** A process that asks the model, and one where somebody follows; what is carried between them goes by `carries`. */
function twoProcesses(carries: (signal: Signal) => boolean = () => true) {
  const time = { now: 0 };
  const elapsed = () => time.now;
  const [busHere, busThere] = linkedBuses(2, (deliver, signal) => {
    if (carries(signal)) deliver();
  });
  const here = createPreviews({ bus: busHere, elapsed });
  const there = createPreviews({ bus: busThere, elapsed });
  const follow = () => {
    const seen: string[] = [];
    const listener = {
      isReady: () => true,
      onPreview: (events: readonly PreviewEvent[]) => void seen.push(...events.map(brief)),
    };
    return { seen, ...there.follow(session, listener) };
  };
  const said = (type: Signal['type']) => busHere.said.filter((signal) => signal.type === type);
  return { time, here, there, follow, said, busThere };
}

describe('A reply that another process reads', () => {
  test('is seen piece by piece by whoever follows, and by nobody after its end', async () => {
    const { here, follow, said } = twoProcesses();
    const follower = follow();
    await follower.known;
    follower.passed(started());
    const preview = here.open(session, request);
    for (const text of ['Hel', 'lo']) preview.text(text, 0);
    preview.text('Bye', 1);
    expect(follower.seen).toEqual(['start sevt_message', '0 Hel', '0 lo', '1 Bye']);
    preview.close();
    preview.text('late', 1);
    expect(follower.seen).toHaveLength(4);
    expect(said('preview')).toHaveLength(4);
  });

  test('is not sent where nobody follows, nor long after somebody did', () => {
    const { here, follow, said, time } = twoProcesses();
    here.open(session, request).text('Hello', 0);
    expect(said('preview')).toEqual([]);
    follow().close();
    time.now = 59_999;
    here.open(session, request).text('Hello', 0);
    expect(said('preview')).toHaveLength(1);
    time.now = 60_000;
    here.open(session, request).text('Hello', 0);
    expect(said('preview')).toHaveLength(1);
  });

  test('is sent as long as somebody follows, who says so again and again', () => {
    const { here, follow, said, time } = twoProcesses();
    const follower = follow();
    for (let i = 0; i < 10; i++) {
      time.now += 20_000;
      vi.advanceTimersByTime(20_000);
    }
    here.open(session, request).text('Hello', 0);
    expect(said('preview')).toHaveLength(1);
    follower.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is seen late by whoever hears late of its beginning, with all that has arrived', () => {
    const { here, follow } = twoProcesses();
    const follower = follow();
    const preview = here.open(session, request);
    for (const text of ['Hel', 'lo']) preview.text(text, 0);
    expect(follower.seen).toEqual([]);
    follower.passed(started());
    expect(follower.seen).toEqual(['start sevt_message', '0 Hello']);
    preview.text('!', 0);
    expect(follower.seen.at(-1)).toBe('0 !');
  });

  test('is seen no further than to a piece that was lost, and the next reply is whole again', () => {
    const { here, follow } = twoProcesses(
      (signal) => signal.type !== 'preview' || signal.piece?.text !== 'b',
    );
    const follower = follow();
    follower.passed(started());
    const first = here.open(session, request);
    for (const text of ['a', 'b', 'c']) first.text(text, 0);
    first.close();
    expect(follower.seen).toEqual(['start sevt_message', '0 a']);
    const next = { span_id: 'sevt_next', event_id: 'sevt_second' };
    follower.passed(started(next.span_id));
    const second = here.open(session, next);
    for (const text of ['d', 'e']) second.text(text, 0);
    expect(follower.seen.slice(2)).toEqual(['start sevt_second', '0 d', '0 e']);
  });

  test('whose beginning was lost is not seen at all', () => {
    const { here, follow } = twoProcesses((signal) => signal.type !== 'preview' || signal.piece?.place !== 0);
    const follower = follow();
    follower.passed(started());
    const preview = here.open(session, request);
    for (const text of ['a', 'b']) preview.text(text, 0);
    preview.close();
    expect(follower.seen).toEqual([]);
  });

  test('is seen from its beginning or not at all by whoever comes in the middle of it', () => {
    const { here, follow } = twoProcesses();
    const first = follow();
    first.passed(started());
    const preview = here.open(session, request);
    preview.text('a', 0);
    const second = follow();
    second.passed(started());
    preview.text('b', 0);
    expect(first.seen).toEqual(['start sevt_message', '0 a', '0 b']);
    expect(second.seen).toEqual(first.seen);
    first.close();
    second.close();
    const third = follow();
    third.passed(started());
    preview.text('c', 0);
    expect(third.seen).toEqual([]);
  });

  test('is carried in pieces that fit, and put together as it was', () => {
    const { here, follow, said } = twoProcesses();
    const follower = follow();
    follower.passed(started());
    const long = `é🦫\\"\n${'\u0001'.repeat(2000)}a${'🦫'.repeat(2000)}`;
    const preview = here.open(session, request);
    preview.text(long, 0);
    preview.text('end', 0);
    for (const one of said('preview')) expect(Buffer.byteLength(JSON.stringify(one))).toBeLessThan(7800);
    const [start, ...texts] = follower.seen;
    expect([start, texts.every((text) => text.isWellFormed())]).toEqual(['start sevt_message', true]);
    expect(texts.map((text) => text.slice(2)).join('')).toBe(`${long}end`);
  });

  test('is seen in the process that reads it as well, by those who follow there', () => {
    const { here, follow } = twoProcesses();
    const abroad = follow();
    const seen: string[] = [];
    const listener = {
      isReady: () => true,
      onPreview: (events: readonly PreviewEvent[]) => void seen.push(...events.map(brief)),
    };
    const home = here.follow(session, listener);
    for (const follower of [home, abroad]) follower.passed(started());
    const preview = here.open(session, request);
    preview.text('Hello', 0);
    expect([seen, abroad.seen]).toEqual([
      ['start sevt_message', '0 Hello'],
      ['start sevt_message', '0 Hello'],
    ]);
    home.close();
  });
});
