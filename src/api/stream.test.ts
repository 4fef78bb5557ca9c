import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import {
  type AccumulatedEvent,
  accumulateManagedAgentsEvent,
} from '@anthropic-ai/sdk/lib/sessions/accumulate';
import type { BetaManagedAgentsStreamSessionEvents } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import type { BetaManagedAgentsStreamSessionThreadEvents } from '@anthropic-ai/sdk/resources/beta/sessions/threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listen } from '../../test/listening.ts';
import { ownHub } from '../../test/own-hub.ts';
import { sdk, startPawl } from '../../test/pawl.ts';
import { eventually, makeSetting, openSession, say } from '../../test/story.ts';
import { silentBus } from '../core/bus.ts';
import { createClock } from '../core/clock.ts';
import { createIds, primaryThreadId } from '../core/ids.ts';
import type { Hub } from '../session/hub.ts';
import { createPreviews, type Previews } from '../session/previews.ts';
import type { Sessions } from '../session/sessions.ts';
import type { SessionRow } from '../store/sessions.ts';
import { sampleEvent } from '../store/store.testsuite.ts';
import { type App, newApp } from './http.ts';
import { streamRoutes } from './stream.ts';

const mib = 1024 * 1024;

let app: App;
let hub: Hub;
let previews: Previews;
let sessionId: string;
/** The server's ends of the connections, in the order of their opening. */
let accepted: Socket[];

/** The streams of a session that the test makes up. */
beforeEach(async () => {
  const ids = createIds(createClock(Date.now), randomBytes);
  sessionId = ids.next('session');
  hub = ownHub();
  previews = createPreviews({ bus: silentBus, elapsed: () => 0 });
  accepted = [];
  app = newApp(ids);
  app.server.on('connection', (socket: Socket) => void accepted.push(socket));
  const sessions = { retrieve: async () => ({ row: { last_seq: 0 } as SessionRow }) };
  streamRoutes(app, {
    ...{ sessions: sessions as unknown as Sessions, hub, previews },
    ping_ms: 60_000,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
});

afterEach(() => app.close());

const url = () => `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
const path = () => `/v1/sessions/${sessionId}/events/stream`;

/** Opens a stream and reads its head, and nothing after that. */
async function openUnread(query = ''): Promise<{ client: Socket; server: Socket }> {
  const client = connect(Number(new URL(url()).port), '127.0.0.1').on('error', () => undefined);
  client.write(`GET ${path()}${query} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await once(client, 'readable');
  return { client, server: accepted.at(-1) as Socket };
}

describe('A stream whose events are large', () => {
  let stuck: Socket;
  let published: number;

  beforeEach(() => {
    published = 0;
  });

  afterEach(() => {
    stuck.destroy();
  });

  async function openStuck(): Promise<Socket> {
    const { client, server } = await openUnread();
    stuck = client;
    return server;
  }

  /** Opens a stream and counts the bytes of what comes. */
  async function openHealthy() {
    const response = await fetch(`${url()}${path()}`);
    const got = { bytes: 0, ended: false };
    const reading = (async () => {
      for await (const piece of response.body ?? []) got.bytes += (piece as Uint8Array).length;
    })();
    void reading.catch(() => undefined).finally(() => Object.assign(got, { ended: true }));
    return got;
  }

  function publish(bytes: number): void {
    published++;
    const row = sampleEvent(sessionId, published, { data: JSON.stringify({ text: 'x'.repeat(bytes) }) });
    hub.publish(sessionId, [row]);
  }

  test('cuts off a reader who never reads, and the others go on', async () => {
    const server = await openStuck();
    const healthy = await openHealthy();
    let most = 0;
    while (!server.destroyed && published < 64) {
      publish(mib);
      most = Math.max(most, server.writableLength);
      const sofar = published * mib;
      await eventually('the event at the healthy reader', () => healthy.ended || healthy.bytes >= sofar);
    }
    expect(server.destroyed).toBe(true);
    expect(most).toBeGreaterThan(7 * mib);
    expect(most).toBeLessThan(10 * mib);
    const before = healthy.bytes;
    publish(12 * mib);
    await eventually('a large event', () => healthy.ended || healthy.bytes >= before + 12 * mib);
    expect(healthy.ended).toBe(false);
  });

  test('is not cut off for what follows right behind a large event', async () => {
    await openStuck();
    const healthy = await openHealthy();
    publish(12 * mib);
    for (let n = 0; n < 5; n++) publish(1000);
    await eventually('all of it', () => healthy.ended || healthy.bytes > 12 * mib + 5000);
    expect(healthy.ended).toBe(false);
  });

  test('keeps one that reads later, when no more than one event waits for him', async () => {
    const server = await openStuck();
    publish(12 * mib);
    expect(server.destroyed).toBe(false);
    let bytes = 0;
    stuck.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    await eventually('the whole event', () => server.destroyed || bytes > 12 * mib);
    expect(server.destroyed).toBe(false);
  });
});

describe('A stream with previews', () => {
  const message = { span_id: 'sevt_span', event_id: 'sevt_message' };
  const blocks = ['Line one\nline two \u2028', '🧑🏽‍🚀 and the rest'];

  /** The events of a turn that has one reply, up to a type. */
  function publish(from: number, ...events: readonly (readonly [type: string, fields: object])[]): void {
    const rows = events.map(([type, fields], i) =>
      sampleEvent(sessionId, from + i, { type, data: JSON.stringify({ type, ...fields }) }),
    );
    hub.publish(sessionId, rows);
  }

  const begin = () => {
    publish(1, ['session.status_running', {}], ['span.model_request_start', { id: message.span_id }]);
    return previews.open(sessionId, message);
  };
  const content = blocks.map((text) => ({ type: 'text', text }));
  const finish = () =>
    publish(3, ['agent.message', { id: message.event_id, content }], ['session.status_idle', {}]);

  const client = () => sdk(url(), 'any', { maxRetries: 0 }).beta.sessions;
  type Streamed = BetaManagedAgentsStreamSessionEvents | BetaManagedAgentsStreamSessionThreadEvents;

  async function read(stream: AsyncIterable<Streamed>): Promise<Streamed[]> {
    const events: Streamed[] = [];
    for await (const event of stream) {
      events.push(event);
      if (event.type === 'session.status_idle') break;
    }
    return events;
  }

  test('carries the reply as the SDK puts it together, on the stream of the session and on that of its thread', async () => {
    const thread = primaryThreadId(sessionId);
    const both = { event_deltas: ['agent.message' as const, 'agent.thinking' as const] };
    const streams = await Promise.all([
      client().events.stream(sessionId, both),
      client().threads.events.stream(thread, { session_id: sessionId, ...both }),
    ]);
    const reading = streams.map(read);
    const preview = begin();
    for (const [index, text] of blocks.entries()) {
      // Also where a piece ends in the middle of a character.
      for (const piece of text.split('')) preview.text(piece, index);
    }
    preview.close();
    finish();
    for (const events of await Promise.all(reading)) {
      let snapshot: AccumulatedEvent | undefined;
      const texts: string[] = [];
      for (const event of events) {
        snapshot = accumulateManagedAgentsEvent(snapshot, event as BetaManagedAgentsStreamSessionEvents);
        if (event.type === 'event_delta')
          texts.push(snapshot?.content.map((one) => 'text' in one && one.text).join('|') ?? '');
      }
      expect(texts.at(-1)).toBe(blocks.join('|'));
      expect(snapshot).toMatchObject({ id: message.event_id, content });
      const types = [...new Set(events.map(({ type }) => type))];
      const before = ['session.status_running', 'span.model_request_start'];
      expect(types).toEqual([
        ...before,
        'event_start',
        'event_delta',
        'agent.message',
        'session.status_idle',
      ]);
      expect(events.filter(({ type }) => type === 'event_start')).toEqual([
        { type: 'event_start', event: { type: 'agent.message', id: message.event_id } },
      ]);
    }
  });

  test.each([[undefined], [['agent.thinking' as const]]])(
    'that are not asked for (%j) has none',
    async (event_deltas) => {
      const stream = await client().events.stream(
        sessionId,
        event_deltas === undefined ? {} : { event_deltas },
      );
      const reading = read(stream);
      begin().text('Hello', 0);
      finish();
      const types = (await reading).map(({ type }) => type);
      expect(types).not.toContain('event_start');
      expect(types).not.toContain('event_delta');
      expect(types).toContain('agent.message');
    },
  );

  test('keeps no more for a reader who does not read than what is on its way, and leaves no gap', async () => {
    const { client: reader, server } = await openUnread('?event_deltas[]=agent.message');
    const preview = begin();
    const size = 64 * 1024;
    let most = 0;
    for (let i = 0; i < 400; i++) {
      preview.text(String.fromCharCode(97 + (i % 26)).repeat(size), 0);
      most = Math.max(most, server.writableLength);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(most).toBeLessThan(mib);
    finish();
    let text = '';
    reader.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    await eventually('the last event', () => server.destroyed || text.includes('"session.status_idle"'));
    const deltas = [...text.matchAll(/"content":\{"type":"text","text":"([a-z]*)"/g)].map(
      ([, one]) => one ?? '',
    );
    const seen = deltas.join('');
    const whole = Array.from({ length: 400 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(size)).join(
      '',
    );
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.length).toBeLessThan(whole.length);
    expect(whole.startsWith(seen)).toBe(true);
    reader.destroy();
  });
});

test('A message of 12 MiB reaches whoever listens, with the rest of its turn', async () => {
  const pawl = await startPawl();
  const setting = await makeSetting(pawl.client);
  const { id } = await openSession(pawl.client, setting);
  const stream = await listen(pawl.client, id);
  const large = 'x'.repeat(12 * mib);
  await pawl.client.beta.sessions.events.send(id, { events: [say(large)] });
  await eventually('idle', () => stream.ended() || stream.events.at(-1)?.type === 'session.status_idle');
  expect(stream.ended()).toBe(false);
  expect(stream.events.map((event) => event.type).slice(0, 2)).toEqual([
    'user.message',
    'session.status_running',
  ]);
  const [message] = stream.events;
  expect(message?.type === 'user.message' && JSON.stringify(message.content).includes(large)).toBe(true);
  stream.close();
  await pawl.server.close();
});
