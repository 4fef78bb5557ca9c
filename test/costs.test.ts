import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AgentCostsResponse } from '../src/api/costs.ts';
import { ask, completed, putDataset, putEval, refusal } from './evals/eval-story.ts';
import { type ModelServer, startModelServer } from './model-server.ts';
import { startPawl, type TestPawl } from './pawl.ts';
import { pawlHere as command } from './pawl-here.ts';
import { type FreshDatabase, migratedDatabase } from './postgres.ts';
import { converse, eventually, makeSetting, openSession, type Setting } from './story.ts';

/*
 * The goal: what a session costs is known to the token, at the price of its moment, and adds up by version and by how
 * sessions came to it. The method: a model that says how many tokens it took, a price file, and the official SDK.
 */

/** What the model says that each request took; a request costs 10.5 cents at the first prices. */
const usage = {
  ...{ input_tokens: 10_000, output_tokens: 2000 },
  ...{ cache_read_input_tokens: 40_000, cache_creation_input_tokens: 8000 },
};
const firstPrices = `
claude-*: { input: 3, output: 15, cache_read: 0.3, cache_write: 4.125 }
`;
const secondPrices = 'claude-*: { input: 30, output: 0, cache_read: 0, cache_write: 0 }';

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let folder: string;
  let prices: string;
  let model: ModelServer;
  let pawl: TestPawl;
  let setting: Setting;

  /** Writes the price file as if that had been some time ago. */
  function write(text: string, secondsAgo: number): void {
    writeFileSync(prices, text);
    const at = Date.now() / 1000 - secondsAgo;
    utimesSync(prices, at, at);
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pawl-costs-'));
    prices = join(folder, 'prices.yaml');
    write(firstPrices, 60);
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    model = await startModelServer({
      reply: ({ messages }) => ({ text: messages.at(-1)?.text.split(' ').at(-1) ?? '', usage }),
    });
    pawl = await startPawl({
      ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key', prices_file: prices },
      ...{ openai_base_url: `${model.url}/v1`, model_routes: 'free=openai,claude-*=anthropic' },
      ...(database === null ? {} : { database_url: database.url }),
    });
    setting = await makeSetting(pawl.client);
  });
  afterAll(async () => {
    await pawl.server.close();
    await model.close();
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  const listCostOf = async (id: string) => (await pawl.client.beta.sessions.retrieve(id)).usage.list_cost;
  const costsOf = (agent: string, query = '') =>
    ask<AgentCostsResponse>(pawl, `/agents/${agent}/costs${query === '' ? '' : `?${query}`}`);

  test('a session costs what its requests cost, rounded only at the end', async () => {
    const { id } = await openSession(pawl.client, setting);
    expect(await listCostOf(id)).toBeNull();
    await converse(pawl.client, id, 'Hello');
    expect(await listCostOf(id)).toEqual({ amount: '11', currency: 'USD' });
    await converse(pawl.client, id, 'Hello again');
    expect(await listCostOf(id)).toEqual({ amount: '21', currency: 'USD' });
  });

  test('a session without a price has no cost', async () => {
    const free = await makeSetting(pawl.client, { model: 'free' });
    const { id } = await openSession(pawl.client, free);
    await converse(pawl.client, id, 'Hello');
    expect(await listCostOf(id)).toBeNull();
    const { total } = await costsOf(free.agent.id);
    expect(total).toMatchObject({ sessions: 1, unpriced_sessions: 1, turns: 1, cost_usd: null });
  });

  test('costs add up by version, alias and arm', async () => {
    const { agent, environment_id } = await makeSetting(pawl.client);
    expect((await costsOf(agent.id)).versions).toEqual([]);
    await pawl.client.beta.agents.update(agent.id, { version: 1, system: 'Be brief.' });
    await ask(pawl, `/agents/${agent.id}/aliases/production`, { version: 1, from: null });
    const pinned = { type: 'agent', id: agent.id, version: 2 } as const;
    for (const [name, turns] of [
      [pinned, 1],
      [`${agent.id}@production`, 2],
      [`${agent.id}@production`, 0],
      [{ ...pinned, version: 1 }, 1],
    ] as const) {
      const { id } = await pawl.client.beta.sessions.create({ agent: name, environment_id });
      for (let turn = 0; turn < turns; turn++) await converse(pawl.client, id, 'Hello');
      await pawl.client.beta.sessions.archive(id);
    }
    const each = (turns: number) => ({
      ...{ turns, cost_usd: Math.round(turns * 105) / 1000, unpriced_sessions: 0 },
      usage: {
        ...{ input_tokens: turns * 10_000, output_tokens: turns * 2000 },
        cache_read_input_tokens: turns * 40_000,
        cache_creation: { ephemeral_5m_input_tokens: turns * 8000, ephemeral_1h_input_tokens: 0 },
      },
    });
    const costs = await costsOf(agent.id);
    expect(costs).toEqual({
      ...{ type: 'agent_costs', agent_id: agent.id, from: expect.any(String), before: expect.any(String) },
      total: { sessions: 4, ...each(4) },
      versions: [
        {
          ...{ version: 2, sessions: 1, ...each(1) },
          parts: [{ alias: null, arm: null, sessions: 1, ...each(1) }],
        },
        {
          ...{ version: 1, sessions: 3, ...each(3) },
          parts: [
            { alias: 'production', arm: null, sessions: 2, ...each(2) },
            { alias: null, arm: null, sessions: 1, ...each(1) },
          ],
        },
      ],
    });
    expect(Date.parse(costs.before) - Date.parse(costs.from)).toBe(30 * 86_400_000);
    const before = await costsOf(agent.id, `created_at[lt]=${agent.created_at}`);
    expect(before).toMatchObject({ total: { sessions: 0, cost_usd: null }, versions: [] });
    const year = await costsOf(agent.id, `created_at[gte]=${yearBefore(costs.before)}`);
    expect(year.total).toEqual(costs.total);
  });

  test('an eval costs what its sessions have cost', async () => {
    const { agent } = await makeSetting(pawl.client);
    const name = `costs-${kind.toLowerCase()}`;
    const cases = ['a', 'b', 'c'].map((id) => ({ id, input: `Say ${id}`, target: id }));
    await putDataset(pawl, name, cases);
    await putEval(pawl, { name, agent: agent.id, dataset: name });
    const { run, results } = await completed(pawl, name);
    expect(run.counts.cost_usd).toBeCloseTo(0.315, 9);
    expect(results.map(({ outcome }) => outcome?.cost_usd)).toEqual([0.105, 0.105, 0.105]);
    expect((await costsOf(agent.id)).total).toMatchObject({ sessions: 3, cost_usd: 0.315 });
  });

  test.each<[string, string]>([
    ['created_at[gte]: must be an RFC 3339 time', 'created_at[gte]=yesterday'],
    ['created_at[gte]: must be before now', 'created_at[gte]=2999-01-01T00:00:00Z'],
    [
      'created_at[gte]: must be before created_at[lt]',
      'created_at[gte]=2026-01-01T00:00:00Z&created_at[lt]=2026-01-01T00:00:00Z',
    ],
    [
      'created_at[gte]: must be at most 366 days before created_at[lt]',
      'created_at[gte]=2024-01-01T00:00:00Z&created_at[lt]=2025-01-01T00:00:01Z',
    ],
    ['created_at[gt]', 'created_at[gt]=2026-01-01T00:00:00Z'],
  ])('a query is refused: %s', async (complaint, query) => {
    const refused = await refusal(pawl, `/agents/${setting.agent.id}/costs?${query}`);
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(refused.message).toContain(complaint);
  });

  test('an agent that is not there has no costs', async () => {
    const { id: ours } = setting.agent;
    const other = `${ours.slice(0, -1)}${ours.endsWith('1') ? '2' : '1'}`;
    for (const id of ['agent_1', `${ours}@production`, other]) {
      expect(await refusal(pawl, `/agents/${id}/costs`)).toMatchObject({
        status: 404,
        code: 'agent_not_found',
      });
    }
  });

  test('a new price counts from the next request on, and changes nothing about the others', async () => {
    const { id } = await openSession(pawl.client, setting);
    await converse(pawl.client, id, 'Hello');
    write(secondPrices, 30);
    await eventually('the new price', async () => {
      const other = await openSession(pawl.client, setting);
      await converse(pawl.client, other.id, 'Hello');
      return (await listCostOf(other.id))?.amount === '30';
    });
    expect(await listCostOf(id)).toMatchObject({ amount: '11' });
    await converse(pawl.client, id, 'Hello');
    expect(await listCostOf(id)).toMatchObject({ amount: '41' });
  });
});

test('A server does not start with prices that it cannot read', async () => {
  const starting = startPawl({ prices_file: '/nonexistent/prices.yaml' });
  await expect(starting).rejects.toThrow('cannot be used: there is no such file.');
  await expect(startPawl({ model_prices: 'claude-*' })).rejects.toThrow('must have the form');
});

test('From the terminal, costs are a table with a line for each way to a version', {
  timeout: 60_000,
}, async () => {
  const pawl = await startPawl();
  const { agent, environment_id } = await makeSetting(pawl.client);
  const { id } = await openSession(pawl.client, { agent, environment_id });
  await converse(pawl.client, id, 'Hello');
  const run = (...args: string[]) => command(args, { env: { PAWL_URL: pawl.url, PAWL_KEY: pawl.key } });
  const { code, stdout, stderr } = await run('agent', 'costs', 'triage');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /^Sessions of agent_\S+ from \S+ to \S+:\nVERSION +ALIAS .* PER SESSION\n1 +1 +1 +\d+ +0 +\d+ +\$0\.0000 +\$0\.0000\nall /,
  );
  const from = new Date(Date.parse(agent.created_at) - 86_400_000).toISOString();
  const json = await run('agent', 'costs', agent.id, '-o', 'json', '--from', from);
  expect(JSON.parse(json.stdout)).toMatchObject({
    from: from.replace('Z', '000Z'),
    versions: [{ version: 1 }],
  });
  const wrong = await run('agent', 'costs', agent.id, '--to', '1999-01-01');
  expect(wrong).toMatchObject({ code: 3, stdout: '' });
  expect(wrong.stderr).toContain('created_at[lt]: must be an RFC 3339 time');
  await pawl.server.close();
});

/** 365 days before a time. */
function yearBefore(time: string): string {
  return new Date(Date.parse(time) - 365 * 86_400_000).toISOString();
}
