import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databases, envelopeComplaint, type FuzzTarget, startFuzzTarget } from './fuzz-target.ts';
import { sendRaw } from './raw-http.ts';

/*
 * The goal and the method are those of `fuzz.test.ts`, for everything of a request but its body: methods, paths,
 * ids, queries, cursors, and bytes that are no HTTP at all.
 */

const seed = 20261122;
const words = (text: string): string[] => text.split(' ');

describe.each(databases)('On %s', (kind) => {
  let target: FuzzTarget;
  const runs = kind === 'SQLite' ? 120 : 40;

  beforeAll(async () => {
    target = await startFuzzTarget(kind);
  });

  afterAll(() => target.close());

  const ask = (method: string): RequestInit => ({ method, headers: { 'x-api-key': target.pawl.key } });

  function lists(): string[] {
    const { agent, session } = target.ids;
    return [
      ...words('/v1/agents /v1/environments /v1/sessions /pawl/v1/keys'),
      `/v1/agents/${agent}/versions`,
      `/v1/sessions/${session}/events`,
    ];
  }

  const keys = [
    ...words(
      'limit page order version types types[] statuses[] statuses include_archived agent_id agent_version',
    ),
    ...words('deployment_id memory_store_id created_at[gte] created_at[lt] created_at[x] created_at beta'),
    ...['event_deltas[]', '__proto__', 'constructor', '[]', '', 'x'],
  ];

  test('odd queries', async () => {
    const values = [
      ...words(
        '1 0 -1 1.5 1e3 100 101 1000 99999999999999999999 true false asc desc idle running page_ page_W10',
      ),
      ...words('%00 a%00b %ff % %E0%A4%A %F0%9F%A6%AB %ED%A0%80 %0d%0ax:%20y 9007199254740993'),
      ...words('2026-01-01T00:00:00Z 2026-01-01T00:00:00%2B14:00 2026-02-31T00:00:00Z 2026-13-01T00:00:00Z'),
      ...['', '9999-12-31T23:59:59.999999999Z', 'x'.repeat(3000), "'; drop table agents; --"],
    ];
    const value = fc.oneof(fc.constantFrom(...values), fc.string().map(encodeURIComponent));
    const pair = fc.tuple(fc.constantFrom(...keys), fc.constantFrom('=', '=', '=', ''), value);
    const query = fc.array(pair, { minLength: 1, maxLength: 4 });
    const paths = [...lists(), `/v1/agents/${target.ids.agent}`, `/v1/sessions/${target.ids.session}`];
    for (const path of paths) {
      const property = fc.asyncProperty(query, (pairs) =>
        target.check(`${path}?${pairs.map((one) => one.join('')).join('&')}`, ask('GET')),
      );
      await fc.assert(property, { seed, numRuns: runs });
    }
  });

  test.each(['%00', 'a%00b', '%ed%a0%80', '9007199254740993', '2147483648'])(
    'the value %s under every name',
    async (value) => {
      const broken: string[] = [];
      for (const path of lists()) {
        for (const key of keys) {
          await target
            .check(`${path}?${key}=${value}`, ask('GET'))
            .catch((error: Error) => broken.push(error.message));
        }
      }
      expect(broken).toEqual([]);
    },
  );

  test('odd cursors', async () => {
    const odd = ['desc', 'asc', 'next', 'prev', 'event', 'queued', '', 'a\u0000', '\ud800', 0, 1, -1, 1.5];
    const odder = [
      2 ** 31,
      2 ** 53 - 1,
      2 ** 53,
      1e300,
      null,
      {},
      [],
      true,
      '2026-01-01T00:00:00.000000Z',
      'x'.repeat(300),
    ];
    const part = fc.constantFrom<unknown>(...odd, ...odder);
    const wellBegun = fc.tuple(
      fc.constantFrom('asc', 'desc'),
      fc.constantFrom('next', 'prev'),
      fc.array(part, { minLength: 1, maxLength: 2 }),
    );
    const page = fc.oneof(
      wellBegun.map(([order, direction, rest]) => encoded([order, direction, ...rest])),
      fc.array(part, { maxLength: 5 }).map(encoded),
      fc.string().map((text) => `page_${encodeURIComponent(text)}`),
    );
    for (const path of lists()) {
      const order = path.endsWith('/events') ? '&order=desc' : '';
      const property = fc.asyncProperty(page, (cursor) =>
        target.check(`${path}?page=${cursor}${order}`, ask('GET')),
      );
      await fc.assert(property, { seed, numRuns: runs });
    }
  });

  test('odd ids', async () => {
    const { agent, environment } = target.ids;
    const odd = [
      ...words(
        'x agent_ agent_%00 %00 agent_x%00 %2e%2e %2F a%2Fb ..%2f..%2fetc agent_%F0%9F%A6%AB %ED%A0%80 %ff %',
      ),
      ...words('null undefined __proto__ constructor 0 %0d%0a agent_%20x'),
      ...[
        `agent_${'x'.repeat(64)}`,
        `agent_${'x'.repeat(65)}`,
        'x'.repeat(501),
        'x'.repeat(8000),
        "' or 1=1 --",
      ],
      ...[environment, `${agent}x`, agent.toUpperCase(), `%20${agent}`, `${agent}%20`],
    ];
    for (const id of odd) {
      for (const route of [
        ...[
          'GET /v1/agents/:id',
          'POST /v1/agents/:id',
          'POST /v1/agents/:id/archive',
          'GET /v1/agents/:id/versions',
        ],
        ...[
          'GET /v1/environments/:idx',
          'POST /v1/environments/:idx/archive',
          'DELETE /v1/environments/:idx',
        ],
        ...[
          'GET /v1/sessions/:id',
          'POST /v1/sessions/:id',
          'POST /v1/sessions/:id/archive',
          'DELETE /v1/sessions/:id',
        ],
        ...[
          'GET /v1/sessions/:id/events',
          'GET /v1/sessions/:id/events/stream',
          'POST /pawl/v1/keys/:id/revoke',
        ],
      ]) {
        const [method = '', path = ''] = route.split(' ');
        await target.refuse(
          path.replace(':id', () => id),
          ask(method),
        );
      }
    }
  });

  test('methods and routes that are not there', async () => {
    const { agent, session } = target.ids;
    const paths = [
      ...lists(),
      ...words(
        '/ /v1 /v1/ /v1//agents /V1/agents /v1/agents/ /v1/models /v1/messages /v1/vaults /v1/deployments',
      ),
      ...[
        `/v1/sessions/${session}/events/stream`,
        `/v1/agents/${agent}/archive`,
        `/v1/sessions/${session}/threads`,
      ],
      ...words('/v1/agents/a/b/c /v1/agents? /* /:id /v1/agents;x=1'),
    ];
    for (const path of paths) {
      for (const method of words('PUT PATCH OPTIONS PROPFIND REPORT LOCK'))
        await target.refuse(path, ask(method));
      const head = await fetch(target.pawl.url + path, ask('HEAD'));
      expect([path, head.status, head.headers.has('request-id')]).toEqual([path, 404, true]);
    }
  });

  test('after all that, the log of the server is empty', () => {
    expect(target.logged).toEqual([]);
  });
});

function encoded(parts: unknown): string {
  return `page_${Buffer.from(JSON.stringify(parts)).toString('base64url')}`;
}

describe('Over a bare socket', () => {
  let target: FuzzTarget;

  beforeAll(async () => {
    target = await startFuzzTarget('SQLite');
  });

  afterAll(() => target.close());

  const get = 'GET /v1/agents HTTP/1.1\r\nhost: $host\r\nx-api-key: $key\r\n';
  const post =
    'POST /v1/agents HTTP/1.1\r\nhost: $host\r\nx-api-key: $key\r\ncontent-type: application/json\r\n';

  test.each([
    ['garbage', '\x00\x01\x02\x03 nonsense\r\n\r\n'],
    ['a TLS greeting', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\x01\x02\r\n\r\n'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['no version', 'GET /v1/agents\r\nhost: $host\r\nx-api-key: $key\r\n\r\n'],
    ['a version that is none', get.replace('1.1', '9.9')],
    ['no host', get.replace('host: $host\r\n', '')],
    ['an unknown method', get.replace('GET', 'BREW')],
    ['a method in lower case', get.replace('GET', 'get')],
    ['a space in the path', get.replace('/v1/agents', '/v1 /agents')],
    ['bytes above 127 in the path', get.replace('/v1/agents', '/v1/agents/\xff')],
    ['a whole URL as the path', get.replace('/v1/agents', 'http://evil.example/v1/agents/x')],
    ['an asterisk as the path', get.replace('/v1/agents', '*')],
    ['a header without a colon', `${get}nonsense\r\n`],
    ['a header name with a space', `${get}x y: z\r\n`],
    ['a header with a NUL', `${get}x: a\0b\r\n`],
    ['headers of 100 KB', `${get}x: ${'y'.repeat(100_000)}\r\n`],
    ['a path of 100 KB', get.replace('/v1/agents', `/v1/${'x'.repeat(100_000)}`)],
    ['another expectation', `${post}expect: a miracle\r\ncontent-length: 2\r\n\r\n{}`],
    ['a length that is no number', `${post}content-length: x\r\n`],
    ['a negative length', `${post}content-length: -1\r\n`],
    ['two lengths', `${post}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`],
    [
      'a length and chunks',
      `${post}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    ],
    ['a chunk size that is none', `${post}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`],
    ['an unknown transfer encoding', `${post}transfer-encoding: nonsense\r\n\r\n{}`],
    ['a tunnel', get.replace('GET /v1/agents', 'CONNECT evil.example:443')],
    [
      'an upgrade',
      get.replace('/v1/agents', '/v1/agents/x').concat('connection: upgrade\r\nupgrade: websocket\r\n'),
    ],
  ])('%s', async (_name, template) => {
    const { url, key } = target.pawl;
    const whole = template.includes('\r\n\r\n') ? template : `${template}\r\n`;
    const text = whole.replace('$host', new URL(url).host).replace('$key', key);
    const before = await target.counts();
    const answer = await sendRaw(url, Buffer.from(text, 'latin1'));
    // A connection may be cut without a word; but whoever gets an answer gets the usual one.
    if (answer.status === null) expect(answer.text).toBe('');
    else if (answer.status === 200) expect(answer.headers).toHaveProperty('request-id');
    else {
      expect(envelopeComplaint(answer.body, answer.headers['request-id'] ?? null)).toBeNull();
      expect(Math.floor(answer.status / 100)).toBe(4);
    }
    expect(await target.counts()).toBe(before);
    expect(target.logged).toEqual([]);
  });
});
