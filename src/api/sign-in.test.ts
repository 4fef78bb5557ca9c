import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAudit } from '../access/audit.ts';
import { createKeys, type Keys, serverActor } from '../access/keys.ts';
import { createSignIns } from '../access/sign-ins.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { authenticate } from './auth.ts';
import { createEventStream } from './event-stream.ts';
import { type App, newApp } from './http.ts';
import { signInRoutes } from './sign-in.ts';

const limits = { rate_limit_per_minute: 0, max_failed_keys: 60, elapsed: () => performance.now() };
const pingMs = 5;

let store: Store;
let keys: Keys;
let app: App;
let url: string;

/** A server with one stream, which shows every now and then that it is alive. */
beforeEach(async () => {
  store = await openStore({ kind: 'memory' });
  const clock = createClock(Date.now);
  const ids = createIds(clock, randomBytes);
  const audit = createAudit({ store, clock, ids });
  keys = createKeys({ store, clock, ids, audit, randomBytes, own: serverActor });
  const sign_ins = createSignIns({ store, clock, audit, keys, randomBytes });
  app = newApp(ids);
  const fastify = app as unknown as FastifyInstance;
  const door = authenticate(fastify, { ...limits, keys, sign_ins, audit, clock, policy: 'required' });
  signInRoutes(app, { door, sign_ins, clock });
  app.get('/stream', async ({ entry, id }, reply) => {
    reply.hijack();
    createEventStream({ response: reply.raw, entry, ping_ms: pingMs }).start(id);
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await app.close();
  await store.close();
});

const post = (path: string, body: object, headers: Record<string, string> = {}) => {
  const sent = { 'content-type': 'application/json', origin: url, ...headers };
  return fetch(url + path, { method: 'POST', headers: sent, body: JSON.stringify(body) });
};

test.each<[string, (id: string, cookie: string) => Promise<unknown>]>([
  ['they sign out', (_, cookie) => post('/pawl/v1/sign_out', {}, { cookie })],
  ['their key is revoked', (id) => keys.revoke(id, serverActor)],
])('A stream of somebody who is signed in goes on until %s', async (_what, end) => {
  const { key, secret } = await keys.create({ name: 'ann', role: 'viewer' }, serverActor);
  const signedIn = await post('/pawl/v1/sign_in', { key: secret });
  const [cookie = ''] = signedIn.headers.getSetCookie().map((line) => line.split(';')[0]);
  const { body } = await fetch(`${url}/stream`, { headers: { cookie } });
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let pings = 0; pings < 3; pings++) expect((await reader?.read())?.value).toContain('event: ping\n');
  await end(key.id, cookie);
  // What was on its way still comes.
  while ((await reader?.read())?.done === false);
});
