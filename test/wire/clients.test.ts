import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { makeSetting, openSession, type Setting } from '../story.ts';

/*
 * The goal: clients of either generation can talk to the server. The new one is the official SDK itself; the
 * old one is played by plain requests with the headers that were measured of it.
 */

let pawl: TestPawl;
let setting: Setting;

beforeAll(async () => {
  pawl = await startPawl();
  setting = await makeSetting(pawl.client);
});

afterAll(() => pawl.server.close());

/** A request as old SDKs make it. */
function old(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${pawl.url}${path}${path.includes('?') ? '&' : '?'}beta=true`, {
    method,
    headers: {
      'X-Api-Key': pawl.key,
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'managed-agents-2026-04-01',
      'Content-Type': 'application/json',
      Accept: 'application/json',
      'User-Agent': 'Anthropic/Python 1.13.0',
      'x-stainless-timeout': 'NOT_GIVEN',
      'x-stainless-read-timeout': '600',
      'x-stainless-retry-count': '0',
      'x-stainless-async': 'false',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>;
}

/** What the SDK sends, and what it gets. */
function watched(options: { apiKey?: string | null; authToken?: string | null } = {}) {
  const seen: { request: Request; response: Response }[] = [];
  const client = new Anthropic({
    baseURL: pawl.url,
    apiKey: pawl.key,
    authToken: null,
    ...options,
    fetch: async (input, init) => {
      const request = new Request(input as string, init as RequestInit);
      const response = await fetch(request.clone());
      seen.push({ request, response: response.clone() });
      return response;
    },
  });
  return { client, seen };
}

describe('An old client', () => {
  test('runs through the life of an agent', async () => {
    const created = await old('POST', '/v1/agents', { name: 'a', model: 'm', system: 's' });
    expect(created.status).toBe(200);
    const agent = await jsonOf(created);
    expect(agent).toMatchObject({ type: 'agent', version: 1, system: 's' });
    const updated = await old('POST', `/v1/agents/${agent['id']}`, { version: 1, system: 't' });
    expect(await jsonOf(updated)).toMatchObject({ version: 2, system: 't' });
    const first = await old('GET', `/v1/agents/${agent['id']}?version=1`);
    expect(await jsonOf(first)).toMatchObject({ version: 1, system: 's' });
    const listed = await old('GET', '/v1/agents');
    expect((await jsonOf(listed))['data']).toContainEqual(expect.objectContaining({ id: agent['id'] }));
  });

  test('archives with a JSON content type and no body', async () => {
    const agent = await pawl.client.beta.agents.create({ name: 'a', model: 'm' });
    const environment = await pawl.client.beta.environments.create({ name: 'e' });
    const session = await openSession(pawl.client, setting);
    for (const path of [
      `/v1/agents/${agent.id}/archive`,
      `/v1/environments/${environment.id}/archive`,
      `/v1/sessions/${session.id}/archive`,
    ]) {
      const response = await old('POST', path);
      expect(response.status, path).toBe(200);
      expect((await jsonOf(response))['archived_at'], path).toMatch(/^\d{4}-/);
    }
  });

  test('gets an event stream although it asks for JSON', async () => {
    const session = await openSession(pawl.client, setting);
    const response = await old('GET', `/v1/sessions/${session.id}/events/stream`);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('request-id')).toMatch(/^req_/);
    await response.body?.cancel();
  });

  test('deletes with a JSON content type and no body', async () => {
    const session = await openSession(pawl.client, setting);
    const response = await old('DELETE', `/v1/sessions/${session.id}`);
    expect(await jsonOf(response)).toEqual({ id: session.id, type: 'session_deleted' });
  });
});

describe('The official SDK', () => {
  test('sends its key as a bearer token, which is enough', async () => {
    const { client, seen } = watched();
    await client.beta.agents.list();
    expect(seen[0]?.request.headers.get('authorization')).toBe(`Bearer ${pawl.key}`);
    expect(seen[0]?.request.headers.has('x-api-key')).toBe(false);
    expect(seen[0]?.response.status).toBe(200);
  });

  test('may send the key as an explicit token instead', async () => {
    const { client } = watched({ apiKey: null, authToken: pawl.key });
    expect((await client.beta.agents.list()).data).toBeInstanceOf(Array);
  });

  test('may name betas that the server does not know', async () => {
    const page = await pawl.client.beta.agents.list({ betas: ['something-2027-01-01'] });
    expect(page.data).toBeInstanceOf(Array);
  });

  test('learns the request id of an answer and of an error', async () => {
    const { client, seen } = watched();
    const { request_id } = await client.beta.agents.list().withResponse();
    expect(request_id).toBe(seen[0]?.response.headers.get('request-id'));
    expect(request_id).toMatch(/^req_/);
    const error = await client.beta.agents.retrieve('agent_none').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Anthropic.NotFoundError);
    expect(error).toMatchObject({ requestID: seen[1]?.response.headers.get('request-id') });
  });
});

describe('Every answer', () => {
  const key = () => ({ 'x-api-key': pawl.key });
  const json = () => ({ ...key(), 'content-type': 'application/json' });
  const requests: [string, () => [string, RequestInit], number][] = [
    ['a list', () => ['/v1/agents', { headers: key() }], 200],
    ['no key', () => ['/v1/agents', {}], 401],
    ['an unknown id', () => ['/v1/sessions/sesn_1', { headers: key() }], 404],
    ['an unknown route', () => ['/v1/nonsense', { headers: key() }], 404],
    ['a route that comes later', () => ['/v1/sessions/sesn_1/threads', { headers: key() }], 404],
    ['another method', () => ['/v1/agents', { method: 'PUT', headers: key() }], 404],
    ['a bad body', () => ['/v1/agents', { method: 'POST', headers: json(), body: '{' }], 400],
    ['an empty body', () => ['/v1/agents', { method: 'POST', headers: json() }], 400],
    ['another content type', () => ['/v1/agents', { method: 'POST', headers: key(), body: 'x' }], 400],
    ['a bad escape in the path', () => ['/v1/agents/%E0%A4%A', { headers: key() }], 400],
    ['a bad query', () => ['/v1/agents?limit=0', { headers: key() }], 400],
  ];

  test.each(requests)('carries a request id, and errors repeat it: %s', async (_name, request, status) => {
    const [path, init] = request();
    const response = await fetch(pawl.url + path, init);
    const id = response.headers.get('request-id');
    expect(id).toMatch(/^req_[0-9A-Za-z]+$/);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(response.status).toBe(status);
    const body = await jsonOf(response);
    if (status === 200) return;
    expect(body).toEqual({
      type: 'error',
      error: { type: expect.any(String), message: expect.any(String), details: expect.any(Object) },
      request_id: id,
    });
  });

  test('has a request id of its own', async () => {
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => fetch(`${pawl.url}/v1/agents`, { headers: key() })),
    );
    expect(new Set(responses.map((response) => response.headers.get('request-id'))).size).toBe(50);
  });
});

describe('A query', () => {
  async function get(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(pawl.url + path, { headers: { 'x-api-key': pawl.key } });
    return { status: response.status, body: await jsonOf(response) };
  }
  const idsIn = (body: Record<string, unknown>) => (body['data'] as { id: string }[]).map(({ id }) => id);

  test.each([
    'types%5B%5D=user.message&types%5B%5D=user.interrupt',
    'types[]=user.message&types[]=user.interrupt',
    'types=user.message&types=user.interrupt',
    'types=user.interrupt&types[]=user.message',
  ])('may spell its lists as %s', async (spelling) => {
    const session = await openSession(pawl.client, setting);
    await pawl.client.beta.sessions.events.send(session.id, { events: [{ type: 'user.interrupt' }] });
    const { status, body } = await get(`/v1/sessions/${session.id}/events?${spelling}`);
    expect(status).toBe(200);
    expect(idsIn(body)).toHaveLength(1);
  });

  test('may name one value of a list without brackets', async () => {
    const session = await openSession(pawl.client, setting);
    await pawl.client.beta.sessions.events.send(session.id, { events: [{ type: 'user.interrupt' }] });
    expect(idsIn((await get(`/v1/sessions/${session.id}/events?types=user.interrupt`)).body)).toHaveLength(1);
    expect(idsIn((await get(`/v1/sessions/${session.id}/events?types=user.message`)).body)).toHaveLength(0);
    expect(idsIn((await get('/v1/sessions?statuses=idle&limit=100')).body)).toContain(session.id);
    expect(idsIn((await get('/v1/sessions?statuses[]=running&limit=100')).body)).not.toContain(session.id);
  });

  test('may give a time with any offset', async () => {
    const agent = await pawl.client.beta.agents.create({ name: 'timed', model: 'm' });
    const made = Date.parse(agent.created_at);
    const at = (ms: number, hours: number) =>
      new Date(ms + hours * 3_600_000).toISOString().replace('Z', `+0${hours}:00`);
    const since = encodeURIComponent(at(made, 2));
    const until = encodeURIComponent(at(made + 1, 0));
    const found = await get(`/v1/agents?created_at%5Bgte%5D=${since}&created_at%5Blte%5D=${until}`);
    expect(idsIn(found.body)).toContain(agent.id);
    const later = await get(`/v1/agents?created_at[gte]=${encodeURIComponent(at(made + 1000, 1))}`);
    expect(idsIn(later.body)).toEqual([]);
  });

  test('may ask for everything since the year one', async () => {
    const { status } = await get('/v1/agents?created_at[gte]=0001-01-01T00%3A00%3A00%2B00%3A00');
    expect(status).toBe(200);
  });

  test('takes an empty value as none', async () => {
    expect((await get('/v1/agents?page=&limit=&created_at[gte]=')).status).toBe(200);
  });

  test('is refused where a value makes no sense', async () => {
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=x',
      'limit=1.5',
      'include_archived=maybe',
      'page=x',
    ]) {
      expect((await get(`/v1/agents?${query}`)).status, query).toBe(400);
    }
    expect((await get('/v1/sessions?statuses[]=sleeping')).status).toBe(400);
    expect((await get('/v1/sessions?order=up')).status).toBe(400);
  });
});
