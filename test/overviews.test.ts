import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ComparedCasesResponse } from '../src/api/comparisons.ts';
import type { AgentOverviewResponse, VersionOverviewResponse } from '../src/api/wire/overviews.ts';
import type { ServerStatusResponse } from '../src/api/wire/server.ts';
import type { ListedSessionResponse } from '../src/api/wire/session-rows.ts';
import { all, ask, completed, putDataset, putEval, refusal } from './evals/eval-story.ts';
import { startModelServer } from './model-server.ts';
import { sdk, startPawl, type TestPawl } from './pawl.ts';
import { freshDatabase } from './postgres.ts';
import { converse, eventually, makeSetting, openSession, type Setting } from './story.ts';

/*
 * The goal: whoever looks through the lists finds over HTTP what there is, and learns of the server what its operators need and
 * nothing that is secret. The method: one server with a provider that fails on demand, used by the SDK and asked by fetch.
 */

const secrets = ['upstream-secret-key', 'user:hidden'];

let model: Awaited<ReturnType<typeof startModelServer>>;
let pawl: TestPawl;
let client: Anthropic;
let setting: Setting;

beforeAll(async () => {
  model = await startModelServer();
  const base = model.url.replace('http://', 'http://user:hidden@');
  pawl = await startPawl({
    anthropic_base_url: base,
    anthropic_api_key: 'upstream-secret-key',
    model_max_retries: '0',
  });
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  setting = await makeSetting(client);
});
afterAll(async () => {
  await pawl.server.close();
  await model.close();
});

type List<T> = { readonly data: readonly T[]; readonly next_page: string | null };
const list = <T>(path: string) => ask<List<T>>(pawl, path);
const idsOf = async (path: string) => (await list<{ id: string }>(path)).data.map(({ id }) => id);

describe('The list of sessions', () => {
  test('tells which failed and why, and finds them again', async () => {
    const { agent, environment_id } = setting;
    const well = await openSession(client, setting);
    await converse(client, well.id, 'Hello');
    const metadata = { targeting_key: 'ann' };
    const ill = await client.beta.sessions.create({
      agent: agent.id,
      environment_id,
      metadata,
      title: 'An ill one',
    });
    model.when(({ messages }) => messages.at(-1)?.text.includes('break') === true, 400);
    await converse(client, ill.id, 'break');
    const { data } = await list<ListedSessionResponse>('/sessions?failed=true');
    expect(data).toMatchObject([
      {
        ...{ type: 'listed_session', id: ill.id, title: 'An ill one', status: 'idle', targeting_key: 'ann' },
        ...{ agent: { id: agent.id, version: 1 }, reason: 'latest', turns: 1, failed_turns: 1 },
        failure: { stop_reason: 'retries_exhausted', error: { type: 'model_request_failed_error' } },
      },
    ]);
    for (const query of [
      'search=iLL',
      `search=${ill.id}`,
      'targeting_key=ann',
      'failed=true&statuses=idle',
    ]) {
      expect(await idsOf(`/sessions?${query}`), query).toEqual([ill.id]);
    }
    expect(await idsOf('/sessions?failed=false')).toEqual([well.id]);
    expect(await idsOf(`/sessions?agent_id=${agent.id}&agent_version=1&order=asc`)).toEqual([
      well.id,
      ill.id,
    ]);
    expect(await idsOf('/sessions?created_at[lt]=2020-01-01T00:00:00Z')).toEqual([]);
    const first = await ask<List<{ id: string }> & { prev_page: string | null }>(pawl, '/sessions?limit=1');
    expect(first).toMatchObject({ data: [{ id: ill.id }], prev_page: null });
    const second = await ask<typeof first>(pawl, `/sessions?limit=1&page=${first.next_page}`);
    expect(second).toMatchObject({ data: [{ id: well.id }], next_page: null });
    expect(await ask(pawl, `/sessions?limit=1&page=${second.prev_page}`)).toMatchObject({
      data: [{ id: ill.id }],
    });
  });

  test.each([
    ['agent_version=1', 'agent_version: needs agent_id as well'],
    ['arm=blue', 'arm: must be one of control, canary'],
    ['failed=maybe', 'failed: must be true or false'],
    [`search=${'x'.repeat(201)}`, 'search: must have at most 200 characters'],
    ['order=up', 'order: must be asc or desc'],
  ])('says of %s what is allowed', async (query, message) => {
    expect(await refusal(pawl, `/sessions?${query}`)).toMatchObject({ status: 400, message });
  });
});

describe('The lists of agents and versions', () => {
  test('tell what is live, and follow their pages', async () => {
    const { agent } = setting;
    await client.beta.agents.update(agent.id, { version: 1, system: 'Be brief.' });
    await ask(pawl, `/agents/${agent.id}/aliases/production`, { version: 1, from: null });
    for (const name of ['b', 'a', 'c'])
      await client.beta.agents.create({ name: `sorted ${name}`, model: 'claude-test' });
    const sorted = await all<AgentOverviewResponse>(
      pawl,
      '/agents?search=sorted&sort=name&order=asc&limit=1',
    );
    expect(sorted.map(({ name }) => name)).toEqual(['sorted a', 'sorted b', 'sorted c']);
    const { data } = await list<AgentOverviewResponse>(`/agents?search=${agent.id}`);
    expect(data).toMatchObject([
      {
        ...{ type: 'agent_overview', id: agent.id, latest_version: { version: 2 }, last_verdict: null },
        aliases: [{ name: 'production', version: 1, held: false, rollout: null }],
      },
    ]);
    const versions = await list<VersionOverviewResponse>(`/agents/${agent.id}/versions`);
    expect(versions.data).toMatchObject([
      { version: 2, live: [] },
      { version: 1, live: [{ alias: 'production', arm: 'control', weight: 100 }] },
    ]);
    expect(await refusal(pawl, '/agents/agent_none/versions')).toMatchObject({ code: 'agent_not_found' });
    const { next_page } = await list('/agents?limit=1&sort=name');
    expect(await refusal(pawl, `/agents?limit=1&page=${next_page}`)).toMatchObject({ code: 'invalid_page' });
  });
});

describe('Evaluations', () => {
  test('are found by what they are of, and their cases by what became of them', async () => {
    const { agent } = setting;
    const cases = ['x', 'y', 'z'].map((id) => ({
      id,
      input: id,
      target: 'nothing',
      group: id === 'z' ? 'last' : 'first',
    }));
    const { id: dataset_id } = await putDataset(pawl, 'letters', cases);
    await putEval(pawl, { name: 'letters', agent: agent.id, dataset: 'letters', epochs: 1 });
    const { run } = await completed(pawl, 'letters', { agent_version: 1 });
    expect(await idsOf('/eval_runs?dataset=letters')).toEqual([run.id]);
    expect(await idsOf(`/eval_runs?dataset=${dataset_id}&status=failed`)).toEqual([]);
    await putDataset(pawl, 'lett', cases);
    await putEval(pawl, {
      name: 'by-id',
      agent: agent.id,
      dataset: dataset_id,
      message: '"dataset":{"name":"lett",',
    });
    expect((await idsOf(`/evals?dataset=${dataset_id}&order=asc`))[0]).toBe(run.eval_id);
    expect(await idsOf('/evals?dataset=letters')).toHaveLength(2);
    expect(await idsOf('/evals?dataset=lett')).toEqual([]);
    expect(await refusal(pawl, '/evals?dataset=none')).toMatchObject({ code: 'dataset_not_found' });
    expect(await refusal(pawl, '/eval_runs?dataset=none')).toMatchObject({ code: 'dataset_not_found' });
    const results = `/eval_runs/${run.id}/results?case_id=`;
    expect((await list(`${results}y`)).data).toMatchObject([{ case_id: 'y', position: 1 }]);
    expect((await list(`${results}none`)).data).toEqual([]);
    expect(await idsOf('/datasets/letters/cases?search=Y')).toEqual(['y']);
    expect(await idsOf('/datasets/letters/cases?case_id=Y')).toEqual([]);
    expect(await idsOf('/datasets?search=ETTER')).toEqual([dataset_id]);
    expect((await list<{ name: string }>('/evals?search=lett')).data).toMatchObject([{ name: 'letters' }]);
    expect(await idsOf('/evals?search=numbers')).toEqual([]);
    const { id } = await ask<{ id: string }>(pawl, '/comparisons', { eval: 'letters' });
    await eventually('a verdict', async () => (await idsOf('/comparisons?status=completed')).length === 1);
    expect(await idsOf(`/comparisons?agent_id=${agent.id}&agent_version=2&verdict=fail`)).toEqual([]);
    expect(await idsOf(`/comparisons?agent_id=${agent.id}&agent_version=2&order=asc`)).toEqual([id]);
    const found = await ask<ComparedCasesResponse>(
      pawl,
      `/comparisons/${id}/cases?group=first&outcomes=wrong&limit=1`,
    );
    expect(found).toMatchObject({
      ...{ metric: 'exact', total: 2, outcomes: { wrong: 2, lost: 0 } },
      data: [{ type: 'compared_case', case_id: 'x', group: 'first', outcome: 'wrong', damage: 0 }],
    });
    const rest = `/comparisons/${id}/cases?group=first&limit=1&page=${found.next_page}`;
    expect(await ask(pawl, rest)).toMatchObject({ data: [{ case_id: 'y' }], next_page: null });
    expect(await refusal(pawl, `/comparisons/${id}/cases?group=first&ungrouped=true`)).toMatchObject({
      message: 'ungrouped: must not be given beside group',
    });
  });
});

describe('The server', () => {
  test('says what it is and who answers, to viewers too, and nothing secret', async () => {
    const { secret } = await ask<{ secret: string }>(pawl, '/keys', { name: 'vera', role: 'viewer' });
    const status = await ask<ServerStatusResponse>({ url: pawl.url, key: secret }, '/server');
    expect(status).toMatchObject({
      ...{ type: 'server', database: 'sqlite', role: 'all', keys: 'required', falls_back_to_offline: false },
      work: { turns: { busy: 0, waiting: 0 }, eval_runs: { running: 0, waiting: 0 } },
      processes: [{ role: 'all', started_at: status.started_at }],
      limits: { max_turns: 256, model_max_retries: 0, retention_days: null },
    });
    const [served] = status.models.filter(({ id }) => id === 'claude-test');
    expect(served).toMatchObject({ offline: false, served_by: { provider: 'anthropic' } });
    const text = JSON.stringify(status);
    for (const hidden of [...secrets, pawl.key, secret, model.url, process.cwd()])
      expect(text).not.toContain(hidden);
  });

  test('finds keys, webhooks and audit entries', async () => {
    const keys = await list<{ name: string }>('/keys?search=VER&role=viewer');
    expect(keys.data).toMatchObject([{ name: 'vera' }]);
    expect((await list('/webhooks?search=nowhere&state=enabled')).data).toEqual([]);
    const { data } = await list<{ action: string }>('/audit?action=key.created&outcome=done&order=asc');
    expect(new Set(data.map(({ action }) => action))).toEqual(new Set(['key.created']));
    expect((await list('/audit?actor=nobody')).data).toEqual([]);
    expect((await list('/audit?at[gte]=2020-01-01T00:00:00Z&action=key.created')).data).toEqual(
      data.toReversed(),
    );
    expect((await list('/audit?at[lt]=2020-01-01T00:00:00Z')).data).toEqual([]);
  });
});

test('Servers that share a database each say which processes there are, and no more once one has ended', async () => {
  const database = await freshDatabase();
  const [one, other] = [
    await startPawl({ database_url: database.url }),
    await startPawl({ database_url: database.url, role: 'api' }),
  ];
  try {
    const rolesOf = async (place: TestPawl) =>
      (await ask<ServerStatusResponse>(place, '/server')).processes.map(({ role }) => role);
    for (const place of [one, other]) expect(await rolesOf(place)).toEqual(['all', 'api']);
    const status = await ask<ServerStatusResponse>(other, '/server');
    expect(status).toMatchObject({ database: 'postgres', role: 'api' });
    expect(JSON.stringify(status)).not.toContain(new URL(database.url).pathname);
    await other.server.close();
    await eventually('its end', async () => (await rolesOf(one)).length === 1);
  } finally {
    await other.server.close();
    await one.server.close();
    await database.drop();
  }
});
