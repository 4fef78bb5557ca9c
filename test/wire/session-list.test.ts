import type Anthropic from '@anthropic-ai/sdk';
import type { BetaManagedAgentsSession } from '@anthropic-ai/sdk/resources/beta';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { makeSetting, openSession, type Setting } from '../story.ts';

/*
 * Seven sessions of one agent, four of version 1 and three of version 2, and one of another agent between them;
 * `made` holds the seven in the order of their making.
 */

let pawl: TestPawl;
let sessions: Anthropic.Beta.Sessions;
let client: Anthropic;
let setting: Setting;
const made: BetaManagedAgentsSession[] = [];

beforeAll(async () => {
  pawl = await startPawl();
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  sessions = client.beta.sessions;
  setting = await makeSetting(client);
  for (let n = 0; n < 4; n++) made.push(await openSession(client, setting));
  await openSession(client, await makeSetting(client));
  await client.beta.agents.update(setting.agent.id, { system: 'v2' });
  for (let n = 0; n < 3; n++) made.push(await openSession(client, setting));
});

afterAll(() => pawl.server.close());

const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id);
const all = () => ids(made);
const ofAgent = () => ({ agent_id: setting.agent.id });

async function statusOf(call: PromiseLike<unknown>): Promise<number> {
  return call.then(
    () => 200,
    (error: { status: number }) => error.status,
  );
}

describe('The list of sessions', () => {
  test('is newest first, or oldest first when asked', async () => {
    expect(ids((await sessions.list(ofAgent())).data)).toEqual(all().reverse());
    expect(ids((await sessions.list({ ...ofAgent(), order: 'asc' })).data)).toEqual(all());
  });

  test('of one version is what compares versions', async () => {
    const of = async (agent_version: number) =>
      ids((await sessions.list({ ...ofAgent(), agent_version })).data);
    expect(await of(1)).toEqual(all().slice(0, 4).reverse());
    expect(await of(2)).toEqual(all().slice(4).reverse());
    expect(await of(3)).toEqual([]);
    expect(await of(999_999_999)).toEqual([]);
  });

  test('looks at a version only beside an agent', async () => {
    expect((await sessions.list({ agent_version: 1 })).data).toHaveLength(8);
  });

  test('can be bounded in time, with the bound or without', async () => {
    const [third, fifth] = [made[2]?.created_at ?? '', made[4]?.created_at ?? ''];
    const between = async (query: object) =>
      ids((await sessions.list({ ...ofAgent(), order: 'asc', ...query })).data);
    expect(await between({ 'created_at[gte]': third, 'created_at[lte]': fifth })).toEqual(all().slice(2, 5));
    expect(await between({ 'created_at[gt]': third, 'created_at[lt]': fifth })).toEqual(all().slice(3, 4));
  });

  test('can be kept to statuses', async () => {
    const with_ = async (statuses: ('idle' | 'running' | 'terminated' | 'rescheduling')[]) =>
      ids((await sessions.list({ ...ofAgent(), statuses })).data);
    expect(await with_(['idle', 'running'])).toHaveLength(7);
    expect(await with_(['running', 'rescheduling'])).toEqual([]);
  });

  test('of an unknown agent, deployment or memory store is empty', async () => {
    for (const query of [
      { agent_id: 'agent_nothere' },
      { agent_id: 'odd' },
      { deployment_id: 'depl_x' },
      { memory_store_id: 'memstore_x' },
    ]) {
      expect(await sessions.list(query)).toMatchObject({ data: [], next_page: null, prev_page: null });
    }
  });
});

describe('Pages of sessions', () => {
  test.each(['asc', 'desc'] as const)('lead forward and back over the same sessions (%s)', async (order) => {
    const query = { ...ofAgent(), order, limit: 3 };
    const expected = order === 'asc' ? all() : all().reverse();
    const first = await sessions.list(query);
    expect(first.prev_page).toBeNull();
    const second = await sessions.list({ ...query, page: first.next_page });
    const third = await sessions.list({ ...query, page: second.next_page });
    expect([first, second, third].map(({ data }) => ids(data))).toEqual([
      expected.slice(0, 3),
      expected.slice(3, 6),
      expected.slice(6),
    ]);
    expect(third.next_page).toBeNull();
    const back = await sessions.list({ ...query, page: third.prev_page });
    expect(ids(back.data)).toEqual(expected.slice(3, 6));
    const start = await sessions.list({ ...query, page: back.prev_page });
    expect(ids(start.data)).toEqual(expected.slice(0, 3));
    expect(start.prev_page).toBeNull();
    const again = await sessions.list({ ...query, page: start.next_page });
    expect(ids(again.data)).toEqual(expected.slice(3, 6));
  });

  test('are followed by the SDK to the end', async () => {
    const seen: string[] = [];
    for await (const session of sessions.list({ ...ofAgent(), limit: 2 })) seen.push(session.id);
    expect(seen).toEqual(all().reverse());
  });

  test('end exactly at a full page', async () => {
    const page = await sessions.list({ ...ofAgent(), limit: 7 });
    expect(page.data).toHaveLength(7);
    expect(page.next_page).toBeNull();
  });

  test('may change their length and their other filters on the way', async () => {
    const { next_page } = await sessions.list({ ...ofAgent(), limit: 2 });
    const rest = await sessions.list({ ...ofAgent(), limit: 100, statuses: ['idle'], page: next_page });
    expect(ids(rest.data)).toEqual(all().reverse().slice(2));
  });
});

describe('A cursor', () => {
  test('is refused for another order', async () => {
    const { next_page } = await sessions.list({ limit: 2, order: 'desc' });
    expect(await statusOf(sessions.list({ limit: 2, order: 'asc', page: next_page }))).toBe(400);
  });

  test('is refused when a time bound leaves out where it stands', async () => {
    const { next_page } = await sessions.list({ ...ofAgent(), limit: 2 });
    const after = { ...ofAgent(), page: next_page, 'created_at[gte]': made[6]?.created_at ?? '' };
    expect(await statusOf(sessions.list(after))).toBe(400);
  });

  test('is refused by another list', async () => {
    const { next_page } = await sessions.list({ limit: 2 });
    expect(await statusOf(client.beta.agents.list({ page: next_page }))).toBe(400);
    expect(await statusOf(client.beta.environments.list({ page: next_page }))).toBe(400);
    expect(await statusOf(client.beta.agents.versions.list(setting.agent.id, { page: next_page }))).toBe(400);
    expect(await statusOf(sessions.events.list(made[0]?.id ?? '', { page: next_page }))).toBe(400);
  });

  test.each([
    ['nonsense', 'nonsense'],
    ['the prefix alone', 'page_'],
    ['another kind of JSON', `page_${Buffer.from('{"a":1}').toString('base64url')}`],
    ['too few parts', `page_${Buffer.from('["desc","next","x"]').toString('base64url')}`],
    ['parts of other types', `page_${Buffer.from('["desc","next",1,2]').toString('base64url')}`],
    ['a NUL', `page_${Buffer.from('["desc","next","a\\u0000","b"]').toString('base64url')}`],
    ['a thousand characters', `page_${'x'.repeat(1000)}`],
  ])('is refused when it is %s', async (_name, page) => {
    expect(await statusOf(sessions.list({ page }))).toBe(400);
  });
});
