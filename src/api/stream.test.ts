import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listen } from '../../test/listening.ts';
import { startPawl } from '../../test/pawl.ts';
import { eventually, makeSetting, openSession, say } from '../../test/story.ts';
import type { Keys } from '../access/keys.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import { createHub, type Hub } from '../session/hub.ts';
import type { Sessions } from '../session/sessions.ts';
import type { SessionRow } from '../store/sessions.ts';
import { sampleEvent } from '../store/store.testsuite.ts';
import { type App, newApp } from './http.ts';
import { streamRoutes } from './stream.ts';

const mib = 1024 * 1024;

describe('A stream whose events are large', () => {
  let app: App;
  let hub: Hub;
  let ids: ReturnType<typeof createIds>;
  let sessionId: string;
  /** The server's ends of the connections, in the order of their opening. */
  let accepted: Socket[];
  let stuck: Socket;
  let published: number;

  beforeEach(async () => {
    ids = createIds(createClock(Date.now), randomBytes);
    sessionId = ids.next('session');
    hub = createHub(async () => []);
    accepted = [];
    published = 0;
    app = newApp(ids);
    app.server.on('connection', (socket: Socket) => void accepted.push(socket));
    const sessions = { retrieve: async () => ({ row: { last_seq: 0 } as SessionRow }) };
    const keys = { isWelcome: async () => true };
    streamRoutes(app, {
      ...{ sessions: sessions as unknown as Sessions, keys: keys as unknown as Keys, hub },
      ping_ms: 60_000,
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
  });

  afterEach(async () => {
    stuck.destroy();
    await app.close();
  });

  const path = () => `/v1/sessions/${sessionId}/events/stream`;

  /** Opens a stream and reads its head, and nothing after that. */
  async function openStuck(): Promise<Socket> {
    stuck = connect((app.server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
    stuck.write(`GET ${path()} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await once(stuck, 'readable');
    return accepted.at(-1) as Socket;
  }

  /** Opens a stream and counts the bytes of what comes. */
  async function openHealthy() {
    const { port } = app.server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${path()}`);
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
