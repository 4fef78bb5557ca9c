import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../test/story.ts';
import type { Audit } from '../access/audit.ts';
import { type Keys, serverActor } from '../access/keys.ts';
import type { SignIns } from '../access/sign-ins.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import { authenticate } from './auth.ts';
import { sendError, toPawlError } from './errors.ts';
import { type App, newApp } from './http.ts';
import { limitInFlight } from './in-flight.ts';

/*
 * The door of a server with nothing behind it: two keys, a list, an answer that takes until the test lets it go, and
 * a stream. Its time stands still unless the test moves it.
 */

let app: App;
let url: string;
let elapsed: number;
/** Answers that wait to be let go. */
let held: (() => void)[];

type Limits = {
  rate_limit_per_minute: number;
  max_failed_keys: number;
  max_requests: number;
  max_streams: number;
};

const start = Date.parse('2027-01-15T08:00:00Z');
const actor = { name: 'robot', role: 'editor' } as const;
const madeHere = `sk-pawl-${'x'.repeat(40)}`;
const keysOf: Readonly<Record<string, { key_id: string | null; limit: number | null }>> = {
  'like-others': { key_id: 'apikey_1', limit: null },
  'of-its-own': { key_id: 'apikey_2', limit: 3 },
  unlimited: { key_id: 'apikey_3', limit: 0 },
  [madeHere]: { key_id: 'apikey_4', limit: 0 },
  own: { key_id: serverActor.key_id, limit: 0 },
};

const keys: Pick<Keys, 'identify'> = {
  async identify(secret) {
    const key = keysOf[secret];
    if (key === undefined) return { kind: 'unknown' };
    const { key_id, limit } = key;
    return { kind: 'known', actor: { ...actor, key_id }, rate_limit_per_minute: limit, expires_at: null };
  },
};

async function open(set: Partial<Limits> = {}, trusted_proxies: readonly string[] = []): Promise<void> {
  const clock = createClock(() => start + elapsed);
  app = newApp(createIds(clock, randomBytes), trusted_proxies);
  const limits = {
    rate_limit_per_minute: 0,
    max_failed_keys: 2,
    max_requests: 100,
    max_streams: 100,
    ...set,
  };
  const fastify = app as unknown as FastifyInstance;
  limitInFlight(fastify, limits);
  authenticate(fastify, {
    ...{ ...limits, keys: keys as Keys, audit: {} as Audit, clock, policy: 'required' },
    sign_ins: {} as SignIns,
    elapsed: () => elapsed,
  });
  app.setErrorHandler((error, _request, reply) => sendError(reply, toPawlError(error)));
  app.get('/v1/agents', async () => ({ data: [], next_page: null }));
  app.get('/held', () => new Promise<void>((resolve) => void held.push(resolve)));
  app.get('/stream', { config: { stream: true } }, async (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200).flushHeaders();
  });
  app.get('/watched', { config: { unlimited: true } }, async () => ({}));
  url = await app.listen({ host: '127.0.0.1', port: 0 });
}

beforeEach(() => {
  elapsed = 1_000_000;
  held = [];
});
afterEach(async () => {
  for (const letGo of held) letGo();
  await app.close();
});

const ask = (path: string, key: string, headers: Record<string, string> = {}) =>
  fetch(url + path, { headers: { 'x-api-key': key, ...headers } });

const limitHeaders = ({ headers }: Response) =>
  ['limit', 'remaining', 'reset'].map((name) => headers.get(`anthropic-ratelimit-requests-${name}`));

describe('The requests of a key', () => {
  test('are counted down in headers, and refused beyond the limit with the time to wait', async () => {
    await open();
    for (const remaining of ['2', '1', '0']) {
      const answer = await ask('/v1/agents', 'of-its-own');
      expect([answer.status, ...limitHeaders(answer).slice(0, 2)]).toEqual([200, '3', remaining]);
    }
    const refused = await ask('/v1/agents', 'of-its-own');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('20');
    const [limit, remaining, reset] = limitHeaders(refused);
    expect([limit, remaining, reset?.slice(0, 21)]).toEqual(['3', '0', '2027-01-15T08:17:40.0']);
    expect(await refused.json()).toEqual({
      type: 'error',
      error: {
        type: 'rate_limit_error',
        message: 'This API key may make 3 requests a minute',
        details: { error_code: 'rate_limited' },
      },
      request_id: refused.headers.get('request-id'),
    });
    // Nobody else has to wait for it.
    expect((await ask('/v1/agents', 'like-others')).status).toBe(200);
    elapsed += 20_000;
    expect((await ask('/v1/agents', 'of-its-own')).status).toBe(200);
    expect((await ask('/v1/agents', 'of-its-own')).status).toBe(429);
  });

  test('are limited by the server where the key has no limit of its own', async () => {
    await open({ rate_limit_per_minute: 1 });
    expect(limitHeaders(await ask('/v1/agents', 'like-others'))[0]).toBe('1');
    expect((await ask('/v1/agents', 'like-others')).status).toBe(429);
    for (const key of ['of-its-own', 'unlimited', 'own']) {
      for (let n = 0; n < 3; n++) expect((await ask('/v1/agents', key)).status).toBe(200);
    }
    expect(limitHeaders(await ask('/v1/agents', 'unlimited'))).toEqual([null, null, null]);
  });

  test('are not counted where somebody watches over the server', async () => {
    await open({ rate_limit_per_minute: 1 });
    for (let n = 0; n < 3; n++) expect((await ask('/watched', 'like-others')).status).toBe(200);
    expect((await ask('/v1/agents', 'like-others')).status).toBe(200);
  });

  test('that came too early are made again by the official SDK, and succeed', async () => {
    await open({ rate_limit_per_minute: 60 });
    for (let n = 0; n < 60; n++) expect((await ask('/v1/agents', 'like-others')).status).toBe(200);
    const statuses: number[] = [];
    const client = new Anthropic({
      ...{ baseURL: url, apiKey: 'like-others', authToken: null },
      async fetch(target, init) {
        const answer = await fetch(target, init);
        statuses.push(answer.status);
        // It waits as long as it is told, and the server's time goes on meanwhile.
        elapsed += Number(answer.headers.get('retry-after')) * 1000;
        return answer;
      },
    });
    expect((await client.beta.agents.list()).data).toEqual([]);
    expect(statuses).toEqual([429, 200]);
  });

  test('that the official SDK gives up are an error of its class', async () => {
    await open({ rate_limit_per_minute: 1 });
    const client = new Anthropic({ baseURL: url, apiKey: 'like-others', authToken: null, maxRetries: 0 });
    await client.beta.agents.list();
    await expect(client.beta.agents.list()).rejects.toBeInstanceOf(Anthropic.RateLimitError);
  });
});

describe('Requests without a valid key', () => {
  test('are refused after so many from one address, a right guess among them', async () => {
    await open();
    const statuses = [];
    for (const guess of ['wrong', '', 'wronger', 'unlimited']) {
      const answer = await ask('/v1/agents', guess);
      statuses.push(answer.status);
      if (answer.status === 429) expect(answer.headers.get('retry-after')).toBe('30');
    }
    expect(statuses).toEqual([401, 401, 429, 429]);
    elapsed += 30_000;
    expect((await ask('/v1/agents', 'unlimited')).status).toBe(200);
  });

  test('do not shut out a key that nobody guesses', async () => {
    await open();
    for (let n = 0; n < 4; n++) await ask('/v1/agents', 'wrong');
    expect((await ask('/v1/agents', 'unlimited')).status).toBe(429);
    expect((await ask('/v1/agents', madeHere)).status).toBe(200);
    expect((await ask('/v1/agents', 'own')).status).toBe(200);
  });

  test('do not shut out who was let in before', async () => {
    await open();
    await ask('/v1/agents', 'unlimited');
    for (let n = 0; n < 4; n++) await ask('/v1/agents', 'wrong');
    expect((await ask('/v1/agents', 'wrong')).status).toBe(429);
    expect((await ask('/v1/agents', 'unlimited')).status).toBe(200);
  });

  test('are told apart by what a proxy says only where it is trusted', async () => {
    const guesses = async () => {
      const all = [];
      for (let n = 0; n < 4; n++) {
        const from = { 'x-forwarded-for': `192.0.2.${n}, 198.51.100.${n}` };
        all.push((await ask('/v1/agents', 'wrong', from)).status);
      }
      return all;
    };
    await open();
    expect(await guesses()).toEqual([401, 401, 429, 429]);
    await app.close();
    await open({}, ['127.0.0.0/8']);
    expect(await guesses()).toEqual([401, 401, 401, 401]);
    // What the client itself puts in front is worth nothing.
    for (let n = 0; n < 2; n++) {
      await ask('/v1/agents', 'wrong', { 'x-forwarded-for': `192.0.2.${n}, 203.0.113.1` });
    }
    const more = await ask('/v1/agents', 'wrong', { 'x-forwarded-for': '192.0.2.9, 203.0.113.1' });
    expect(more.status).toBe(429);
  });
});

describe('With as many requests under way as a process takes', () => {
  /** A request whose answer is waited for by nobody. */
  const begin = (path: string) => {
    const request = get(url + path, { headers: { 'x-api-key': 'own' } });
    return request.on('error', () => undefined);
  };

  test('one more is told to come again, until one of them is answered', async () => {
    await open({ max_requests: 2 });
    const first = ask('/held', 'own');
    const second = ask('/held', 'own');
    await eventually('both under way', () => held.length === 2);
    const refused = await ask('/v1/agents', 'own');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([529, '1']);
    const error = { type: 'overloaded_error', details: { error_code: 'overloaded' } };
    expect(await refused.json()).toMatchObject({ type: 'error', error });
    // Whoever watches over the server is answered, and a stream is none of them.
    expect((await ask('/watched', 'own')).status).toBe(200);
    const stream = begin('/stream');
    await once(stream, 'response');
    for (const letGo of held) letGo();
    await Promise.all([first, second]);
    await eventually('a place', async () => (await ask('/v1/agents', 'own')).status === 200);
    stream.destroy();
  });

  test('they are answered before the process ends, and those that come by then are refused', async () => {
    await open();
    const answer = ask('/held', 'own');
    await eventually('under way', () => held.length === 1);
    const closing = app.close();
    const late = () => ask('/v1/agents', 'own').catch(() => null);
    await eventually('no more', async () => (await late())?.status !== 200);
    for (const letGo of held) letGo();
    expect((await answer).status).toBe(200);
    await closing;
  });

  test('the place of a caller who hangs up is free', async () => {
    await open({ max_requests: 1 });
    const gone = begin('/held');
    await eventually('under way', () => held.length === 1);
    expect((await ask('/v1/agents', 'own')).status).toBe(529);
    gone.destroy();
    await eventually('a place', async () => (await ask('/v1/agents', 'own')).status === 200);
  });

  test('a refusal, an error and a path that is no route take no place for good', async () => {
    await open({ max_requests: 1, max_failed_keys: 1000 });
    for (let n = 0; n < 5; n++) {
      for (const [path, key] of [
        ['/nothing', 'own'],
        ['/v1/agents', 'wrong'],
      ] as const) {
        await eventually('an answer', async () => (await ask(path, key)).status !== 529);
      }
    }
    await eventually('a place', async () => (await ask('/v1/agents', 'own')).status === 200);
  });

  test('streams are counted apart, each until its end', async () => {
    await open({ max_streams: 1 });
    const first = begin('/stream');
    const [answer] = (await once(first, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    expect((await ask('/stream', 'own')).status).toBe(529);
    expect((await ask('/v1/agents', 'own')).status).toBe(200);
    first.destroy();
    await eventually('a place', async () => {
      const next = begin('/stream');
      const [{ statusCode }] = (await once(next, 'response')) as [IncomingMessage];
      next.destroy();
      return statusCode === 200;
    });
  });
});
