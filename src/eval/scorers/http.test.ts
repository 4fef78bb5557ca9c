import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { complaints, noContext, scoredWith, scorerOf } from '../../../test/scored.ts';
import type { Score } from '../score.ts';

type Asked = {
  readonly method: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
};

let server: Server;
let base = '';
const asked: Asked[] = [];
/** How the endpoint answers, one request after the other; the last way stays. */
let answers: ((response: ServerResponse) => void)[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      asked.push({ method: request.method, type: request.headers['content-type'], body });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      answer?.(response);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked.length = 0;
});
afterAll(async () => {
  server.closeAllConnections();
  await server[Symbol.asyncDispose]();
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  return body;
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };

async function ask(given: { timeout_ms?: number; signal?: AbortSignal } = {}): Promise<Score> {
  const { timeout_ms = 20_000, signal = new AbortController().signal } = given;
  const context = { ...noContext, http_prefixes: [`${base}/score`], timeout_ms };
  const scorer = await scorerOf({ type: 'http', url: `${base}/score/mine?v=2`, options: { k: 1 } }, context);
  return scorer.score(scoredWith({ reply: 'hi', target: 'a' }), signal);
}

describe('http', () => {
  test('sends the case, the outcome, the reading and the options, and takes value and reason', async () => {
    answers = [json(200, { value: 0.5, reason: 'half of it' })];
    expect(await ask()).toEqual({ value: 0.5, reason: 'half of it' });
    expect(asked).toMatchObject([{ method: 'POST', type: 'application/json' }]);
    const sent = { ...scoredWith({ reply: 'hi', target: 'a' }), options: { k: 1 } };
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual(sent);
  });

  test('asks once more after an answer of 500 or more, and after a broken connection', async () => {
    answers = [json(503, 'busy'), json(200, { value: 1 })];
    expect(await ask()).toEqual({ value: 1, reason: null });
    answers = [(response) => response.destroy(), json(200, { value: 1 })];
    expect(await ask()).toEqual({ value: 1, reason: null });
    expect(asked).toHaveLength(4);
  });

  test.each<[string, (response: ServerResponse) => void, string | RegExp, number]>([
    ['keeps failing', json(500, 'x'), 'the endpoint answered 500', 2],
    ['keeps breaking off', (response) => response.destroy(), /^the endpoint could not be asked: \S/, 2],
    ['refuses', json(403, 'x'), 'the endpoint answered 403', 1],
    ['leads elsewhere', json(307, '', { location: '/score/other' }), 'the endpoint answered 307', 1],
    ['does not answer with JSON', json(200, '<p>1</p>'), 'the endpoint did not answer with JSON', 1],
    ['answers with nothing', json(204, ''), 'the endpoint did not answer with JSON', 1],
    [
      'gives text for a value',
      json(200, { value: '1' }),
      'the scorer gave text, not a number from 0 to 1',
      1,
    ],
    ['gives a value above 1', json(200, 7), 'the scorer gave 7, which is not from 0 to 1', 1],
    ['cannot tell', json(200, { value: null, reason: 'no image' }), 'no image', 1],
    [
      'answers at too great a length',
      json(200, JSON.stringify({ value: 1, reason: 'x'.repeat(70_000) })),
      'the endpoint answered with more than 65536 bytes',
      1,
    ],
    [
      'answers at too great a length once it is unpacked',
      (response) =>
        response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(JSON.stringify({ value: 1, reason: 'x'.repeat(10_000_000) }))),
      'the endpoint answered with more than 65536 bytes',
      1,
    ],
  ])('leaves the case unscored where the endpoint %s', async (_what, answer, reason, times) => {
    answers = [answer];
    expect(await ask()).toEqual({
      value: null,
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    });
    expect(asked).toHaveLength(times);
  });

  test('waits no longer than it may, whether nothing comes or no end', async () => {
    const late = { value: null, reason: 'the endpoint did not answer within 200 ms' };
    answers = [() => undefined];
    expect(await ask({ timeout_ms: 200 })).toEqual(late);
    answers = [(response) => response.writeHead(200).write('{')];
    expect(await ask({ timeout_ms: 200 })).toEqual(late);
  });

  test('stops when scoring is stopped', async () => {
    const controller = new AbortController();
    answers = [() => controller.abort()];
    expect(await ask({ signal: controller.signal })).toEqual({
      value: null,
      reason: 'the scorer was stopped',
    });
    expect(asked).toHaveLength(1);
  });
});

describe('A URL', () => {
  const allows = async (prefix: string, url: string): Promise<boolean> => {
    const context = { ...noContext, http_prefixes: ['https://other.example', prefix] };
    return scorerOf({ type: 'http', url }, context).then(
      () => true,
      () => false,
    );
  };

  test.each([
    ['https://s.example/score', 'https://s.example/score', true],
    ['https://s.example/score', 'https://s.example/score/mine?x=1', true],
    ['https://s.example/score/', 'https://s.example/score/mine', true],
    ['https://s.example', 'https://S.EXAMPLE:443/any', true],
    ['https://s.example/score', 'https://s.example/scorers', false],
    ['https://s.example/score/', 'https://s.example/score', false],
    ['https://s.example/score', 'https://s.example/score/../admin', false],
    ['https://s.example/score', 'https://s.example/score/%2e%2e/admin', false],
    ['https://s.example/score', 'http://s.example/score', false],
    ['https://s.example/score', 'https://s.example:8443/score', false],
    ['https://s.example', 'https://s.example.evil.example/', false],
    ['https://s.example', 'https://evil.example/?https://s.example', false],
    ['not a URL', 'https://s.example/', false],
  ])('below %s: %s is %s', async (prefix, url, allowed) => {
    expect(await allows(prefix, url)).toBe(allowed);
  });

  test('that is not allowed is refused with what is', async () => {
    const context = { ...noContext, http_prefixes: ['https://s.example/a', 'https://s.example/b'] };
    const settings = { type: 'http', url: 'https://s.example/c' };
    await expect(scorerOf(settings, context)).rejects.toThrow(
      'scorers.http.url: must be below what this server allows: https://s.example/a, https://s.example/b',
    );
    await expect(scorerOf(settings)).rejects.toThrow('must be below what this server allows: nothing');
  });

  test.each([
    'score',
    'ftp://s.example/x',
    'https://user:secret@s.example/x',
    'https://s.example/score%2f..%2fadmin',
    'https://s.example/score%5Cadmin',
    `https://s.example/${'x'.repeat(2000)}`,
  ])('such as %.60s is refused by itself', (url) => {
    expect(complaints({ type: 'http', url })[0]).toMatch(/^url: must/);
  });
});
