import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { errorOf, makeSetting } from '../story.ts';

/*
 * The goal: SDKs see which models a server serves, page by page and one by one, as they see those of the official API.
 * The method: a server with routes, prices and agents, and the official SDK.
 */

let folder: string;
let pawl: TestPawl;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-models-'));
  const prices_file = join(folder, 'prices.yaml');
  const row = '{ input: 1, output: 2 }';
  const priced = ['gpt-5', 'meta/llama-3', 'claude-priced', 'unrouted', 'claude-*'];
  writeFileSync(prices_file, priced.map((id) => `${id}: ${row}\n`).join(''));
  pawl = await startPawl({
    ...{ prices_file, openai_base_url: 'http://127.0.0.1:1/v1', anthropic_base_url: 'http://127.0.0.1:1' },
    model_routes: 'offline=offline,mine=openai:gpt-5,claude-*=anthropic,gpt-*=openai,meta/*=openai',
  });
  for (const model of ['claude-of-agent', 'gpt-of-agent', 'claude-of-agent', 'claude-old']) {
    const { agent } = await makeSetting(pawl.client, { model });
    if (model === 'claude-old') {
      await pawl.client.beta.agents.update(agent.id, { version: 1, model: 'claude-new' });
    }
  }
  const { agent } = await makeSetting(pawl.client, { model: 'claude-archived' });
  await pawl.client.beta.agents.archive(agent.id);
});
afterAll(async () => {
  await pawl.server.close();
  rmSync(folder, { recursive: true });
});

const listed = [
  ...['claude-new', 'claude-of-agent', 'claude-priced', 'gpt-5', 'gpt-of-agent', 'meta/llama-3', 'mine'],
  'offline',
];

async function idsOf(pages: AsyncIterable<{ id: string }>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of pages) ids.push(id);
  return ids;
}

describe('The list of models', () => {
  test('has what routes, prices and agents name in full, as far as a route serves it', async () => {
    expect(await idsOf(pawl.client.models.list())).toEqual(listed);
    expect(await idsOf(pawl.client.beta.models.list())).toEqual(listed);
  });

  test.each([1, 2, 3, 8, 1000])('is read to its end by pages of %d', async (limit) => {
    expect(await idsOf(pawl.client.models.list({ limit }))).toEqual(listed);
    const page = await pawl.client.models.list({ limit });
    const first = listed.slice(0, limit);
    expect(page).toMatchObject({
      first_id: first[0],
      last_id: first.at(-1),
      has_more: limit < listed.length,
    });
  });

  test('goes back from an id, and on from one that is not there', async () => {
    const back = await pawl.client.models.list({ before_id: 'meta/llama-3', limit: 2 });
    expect(back.data.map(({ id }) => id)).toEqual(['gpt-5', 'gpt-of-agent']);
    expect(back).toMatchObject({ has_more: true, first_id: 'gpt-5', last_id: 'gpt-of-agent' });
    const next = await back.getNextPage();
    expect(next.data.map(({ id }) => id)).toEqual(['claude-of-agent', 'claude-priced']);
    const behind = await pawl.client.models.list({ after_id: 'lost' });
    expect(behind.data.map(({ id }) => id)).toEqual(['meta/llama-3', 'mine', 'offline']);
    expect(await pawl.client.models.list({ after_id: 'zzz' })).toMatchObject({
      ...{ data: [], has_more: false, first_id: null, last_id: null },
    });
  });

  test('has only models that are active', async () => {
    expect(await idsOf(pawl.client.models.list({ lifecycle: ['retired', 'deprecated'] }))).toEqual([]);
    expect(await idsOf(pawl.client.models.list({ lifecycle: ['retired', 'active'] }))).toEqual(listed);
  });

  test.each<[string, string]>([
    ['limit', 'limit=0'],
    ['limit', 'limit=1001'],
    ['lifecycle', 'lifecycle[]=young'],
    ['after_id', 'after_id=a&before_id=b'],
    ['page', 'page=1'],
  ])('is refused for its %s: %s', async (field, query) => {
    const response = await fetch(`${pawl.url}/v1/models?${query}`, { headers: { 'x-api-key': pawl.key } });
    const { error } = (await response.json()) as { error: { type: string; message: string } };
    expect(response.status).toBe(400);
    expect(error.type).toBe('invalid_request_error');
    expect(error.message).toContain(field);
  });
});

describe('A model', () => {
  test('is told of with who serves it, and null for what nobody knows', async () => {
    expect(await pawl.client.models.retrieve('mine')).toEqual({
      ...{ id: 'mine', type: 'model', display_name: 'mine', created_at: '1970-01-01T00:00:00.000000Z' },
      ...{ lifecycle: 'active', line: null, max_input_tokens: null, max_tokens: null, capabilities: null },
      ...{ allowed_fallback_models: null, deprecated_at: null, retires_at: null },
      pawl: {
        served_by: { provider: 'openai', model: 'gpt-5', because: 'route mine=openai:gpt-5' },
        priced: true,
      },
    });
    expect(await pawl.client.beta.models.retrieve('gpt-of-agent')).toMatchObject({ pawl: { priced: false } });
  });

  test('may have any id that a route serves, listed or not', async () => {
    for (const id of ['claude-never-seen', 'meta/llama-3', `gpt-${'x'.repeat(250)}`, 'gpt-é b']) {
      expect(await pawl.client.models.retrieve(id)).toMatchObject({ id, type: 'model' });
    }
  });

  test('that no route serves is not there', async () => {
    const error = await errorOf(pawl.client.models.retrieve('unrouted'));
    expect(error.status).toBe(404);
    expect(error.error).toMatchObject({
      error: { type: 'not_found_error', message: 'no model route serves unrouted' },
    });
  });
});
