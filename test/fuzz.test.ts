import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mutations, placesIn, withChange } from './fuzz-mutations.ts';
import { complaintAbout, databases, type FuzzTarget, postOf, startFuzzTarget } from './fuzz-target.ts';
import { sdk } from './pawl.ts';
import { errorOf } from './story.ts';

/*
 * The goal: whatever body is sent, the answer is the envelope with a request id, a 4xx unless the request was valid
 * after all, and what was refused has stored nothing. The method: generated bodies with a fixed seed to every route
 * that takes one, on both databases, with the rows counted before and after each. An error of the server would
 * also stand in its log, which must stay empty. What else a request consists of is in `fuzz-address.test.ts`.
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

  const post = (body: string | Uint8Array<ArrayBuffer>): RequestInit => postOf(target.pawl, body);

  /** Routes that take a body, with a body that they accept and that leaves no turn running. */
  function bodies(): [string, object][] {
    const { agent, environment, session, archived } = target.ids;
    const effort = { type: 'low' };
    const limited = { type: 'limited', allowed_hosts: ['a.b'], allow_package_managers: true };
    const shared = { name: 'n', description: 'd', metadata: { k: 'v' } };
    const model = { id: 'm', effort, speed: 'standard' };
    const identity = { type: 'service_account' };
    const text = [{ type: 'text', text: 'x' }];
    const override = {
      type: 'agent_with_overrides',
      id: agent,
      version: 1,
      model: { id: 'm' },
      system: 's',
      tools: [],
    };
    return [
      ['/v1/agents', { ...shared, model, system: 's', tools: [], execution_identity: identity }],
      [`/v1/agents/${agent}`, { version: 2, name: 'n', model: 'm', system: null, metadata: { k: null } }],
      [
        '/v1/environments',
        {
          ...shared,
          config: { type: 'cloud', networking: limited, packages: { pip: ['x'] } },
          scope: 'organization',
        },
      ],
      [
        `/v1/environments/${environment}`,
        { ...shared, config: { type: 'cloud', networking: { type: 'unrestricted' } } },
      ],
      ['/v1/sessions', { agent, environment_id: environment, title: 't', metadata: { k: 'v' } }],
      [
        '/v1/sessions',
        {
          agent: { type: 'agent', id: agent, version: 1 },
          environment_id: environment,
          resources: [],
          vault_ids: [],
        },
      ],
      ['/v1/sessions', { agent: override, environment_id: environment }],
      [`/v1/sessions/${session}`, { title: 't', metadata: { k: 'v' }, agent: { tools: [] } }],
      [`/v1/sessions/${session}/events`, { events: [{ type: 'user.interrupt', session_thread_id: null }] }],
      [`/v1/sessions/${archived}/events`, { events: [{ type: 'user.message', content: text }] }],
      ['/pawl/v1/keys', { name: 'k', role: 'editor' }],
    ];
  }

  test('the unchanged bodies are valid, but for the one to an archived session', async () => {
    for (const [path, body] of bodies()) {
      const { status } = await fetch(target.pawl.url + path, post(JSON.stringify(body)));
      expect([path, status]).toEqual([path, path.includes(target.ids.archived) ? 409 : 200]);
    }
  });

  test('any JSON at all', async () => {
    for (const [path] of bodies()) {
      const property = fc.asyncProperty(fc.json({ maxDepth: 4 }), (body) => target.check(path, post(body)));
      await fc.assert(property, { seed, numRuns: runs / 4 });
    }
  });

  test('a valid body with one thing wrong', async () => {
    for (const [path, body] of bodies()) {
      const property = fc.asyncProperty(mutations(body), (text) => target.check(path, post(text)));
      await fc.assert(property, { seed, numRuns: runs });
    }
  });

  test('a body that is no JSON, or JSON that is no body', async () => {
    const broken = [
      ...words(
        `{ } {"name":} {"name":"a",} {'name':'a'} undefined NaN [ " \\ {}{} //{} <xml/> 5 "text" true []`,
      ),
      ...['\u0000', '{"name":"a","model":"m"', '[{"name":"a","model":"m"}]', '\uFEFF\uFEFF{}'],
      ...['{"__proto__":{"name":"a"},"name":"a","model":"m"}', '{"a":1,"constructor":{"prototype":{}}}'],
    ];
    const bytes = ['{"name":"\xff"', '\xfe\xff', '\x80'].map(
      (text) => new Uint8Array(Buffer.from(text, 'latin1')),
    );
    for (const [path] of bodies()) {
      for (const body of [...broken, ...bytes]) await target.refuse(path, post(body));
    }
  });

  test('text that is not UTF-8 is refused, and not stored as something else', async () => {
    const invalid = ['ff', 'c328', 'e282', 'f09f98', 'eda080', 'c080', 'f888808080'];
    const stored: string[] = [];
    for (const hex of invalid) {
      const middle = Buffer.from(hex, 'hex');
      const bytes = new Uint8Array([
        ...Buffer.from('{"name":"a'),
        ...middle,
        ...Buffer.from('b","model":"m"}'),
      ]);
      for (const [how, body] of [
        ['', bytes],
        [' in chunks', new Blob([bytes]).stream()],
      ] as const) {
        const init = { ...post(bytes), body, duplex: 'half' } as RequestInit;
        const response = await fetch(`${target.pawl.url}/v1/agents`, init);
        if (response.status === 200) stored.push(hex + how);
        expect(await complaintAbout(response)).toBeNull();
      }
    }
    expect(stored).toEqual([]);
  });

  test('a hundred thousand levels of nesting, anywhere', async () => {
    const levels = 100_000;
    const array = '['.repeat(levels) + ']'.repeat(levels);
    const object = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    const proto = `${'{"__proto__":'.repeat(levels)}1${'}'.repeat(levels)}`;
    for (const [path, body] of bodies()) {
      for (const text of [array, object, proto]) await target.refuse(path, post(text));
      if (kind === 'PostgreSQL') continue;
      for (const place of placesIn(body).filter(({ length }) => length === 1)) {
        for (const text of [array, object])
          await target.check(path, post(withChange(body, place, { replace: text })));
      }
    }
  });

  test('a body of more than 32 MiB is a 413, whether its length is announced or not', async () => {
    const huge = new Uint8Array(33 * 1024 * 1024).fill(0x20);
    const before = await target.counts();
    for (const path of ['/v1/agents', `/v1/sessions/${target.ids.session}/events`]) {
      for (const body of [huge, new Blob([huge]).stream()]) {
        const response = await fetch(target.pawl.url + path, {
          ...post(huge),
          body,
          duplex: 'half',
        } as RequestInit);
        expect(response.status).toBe(413);
        const id = response.headers.get('request-id');
        expect(await response.json()).toMatchObject({ error: { type: 'request_too_large' }, request_id: id });
      }
    }
    const client = sdk(target.pawl.url, target.pawl.key, { maxRetries: 0 });
    const system = 'x'.repeat(33 * 1024 * 1024);
    const error = await errorOf(client.beta.agents.create({ name: 'a', model: 'm', system }));
    expect(error).toMatchObject({ status: 413, error: { error: { type: 'request_too_large' } } });
    expect(await target.counts()).toBe(before);
    const almost = { name: 'a', model: 'm', system: 'x'.repeat(31 * 1024 * 1024) };
    await target.refuse('/v1/agents', post(JSON.stringify(almost)));
  });

  test.each([
    ...words(
      'text/plain application/xml application/x-www-form-urlencoded application/octet-stream json ; text/json',
    ),
    ...['', 'application/', 'a/b/c', 'application/jsonx', 'multipart/form-data; boundary=x', 'x'.repeat(70)],
  ])('another content type: %s', async (type) => {
    const init = post('{"name":"a","model":"m"}');
    await target.refuse('/v1/agents', { ...init, headers: { ...init.headers, 'content-type': type } });
  });

  test('JSON under its other names', async () => {
    for (const type of [
      'application/json; charset=utf-8',
      'Application/JSON',
      'application/problem+json',
      'application/json;x=y',
    ]) {
      const init = post('{"name":"a","model":"m"}');
      const headers = { ...init.headers, 'content-type': type };
      expect((await fetch(`${target.pawl.url}/v1/agents`, { ...init, headers })).status, type).toBe(200);
    }
  });

  test('compressed bodies', async () => {
    const init = post(new Uint8Array(gzipSync('{"name":"a","model":"m"}')));
    for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip', 'nonsense']) {
      await target.refuse('/v1/agents', {
        ...init,
        headers: { ...init.headers, 'content-encoding': encoding },
      });
    }
  });

  test('after all that, the log of the server is empty', () => {
    expect(target.logged).toEqual([]);
  });
});
