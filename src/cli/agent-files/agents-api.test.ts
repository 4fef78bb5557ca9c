import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { agentFields } from './agent-fields.ts';
import { openAgentsApi } from './agents-api.ts';

type Seen = { readonly line: string; readonly headers: IncomingMessage['headers']; readonly body: string };
type Reply = { readonly status?: number; readonly body: unknown; readonly location?: string };

/** A Managed Agents API that gives these answers, one after another. */
async function apiThatSays(...replies: readonly Reply[]) {
  const seen: Seen[] = [];
  const left = [...replies];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
      const { status = 200, body: said, location } = left.shift() ?? { status: 500, body: null };
      response
        .writeHead(status, {
          'content-type': 'application/json',
          ...(location === undefined ? {} : { location }),
        })
        .end(JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { api: openAgentsApi({ url, key: 'the-key', key_from: 'PAWL_KEY' }), seen, url };
}

const answer = {
  ...{ id: 'agent_1', type: 'agent', version: 2, name: 'Triage', system: null, description: null },
  model: { id: 'm', effort: { type: 'high' }, speed: 'standard' },
  ...{ tools: [], mcp_servers: [], skills: [], multiagent: null, metadata: {} },
  ...{ created_at: '2026-01-31T12:00:00Z', updated_at: '2026-01-31T13:00:00Z', archived_at: null },
};
const fields = agentFields({ name: 'Triage', model: 'm' });
const error = (message: string) => ({ type: 'error', error: { type: 'invalid_request_error', message } });

test('An agent is asked for as any Managed Agents API wants it', async () => {
  const { api, seen } = await apiThatSays(
    { body: { ...answer, pawl: { author: 'Anna', message: 'Try this' } } },
    { body: answer },
  );
  const { fields: held, ...agent } = (await api.retrieve('agent_1', 2)) ?? { fields: null };
  expect(agent).toEqual({
    ...{
      id: 'agent_1',
      version: 2,
      archived_at: null,
      updated_at: '2026-01-31T13:00:00Z',
      author: 'Anna',
      message: 'Try this',
    },
  });
  expect(held).toMatchObject({ name: 'Triage', model: { id: 'm', effort: 'high' } });
  expect((await api.retrieve('agent_1', null))?.author).toBeNull();
  const lines = seen.map(({ line }) => line.replace(/beta=true&?/, ''));
  expect(lines).toEqual(['GET /v1/agents/agent_1?version=2', 'GET /v1/agents/agent_1']);
  // Which header takes the key, the SDK knows.
  expect(JSON.stringify(seen[0]?.headers)).toContain('the-key');
  expect(seen[0]?.headers['anthropic-beta']).toContain('managed-agents');
  expect(seen[0]?.headers['anthropic-version']).toBeDefined();
});

test('The list of agents is read to its end', async () => {
  const { api, seen } = await apiThatSays(
    { body: { data: [answer, { ...answer, id: 'agent_2' }], next_page: 'page_2' } },
    { body: { data: [{ ...answer, id: 'agent_3' }], next_page: null } },
  );
  expect((await api.list()).map(({ id }) => id)).toEqual(['agent_1', 'agent_2', 'agent_3']);
  expect(seen[1]?.line).toContain('page=page_2');
});

test('A message goes along as a header, and nothing where there is none', async () => {
  const { api, seen } = await apiThatSays({ body: answer }, { body: answer }, { body: answer });
  const made = await api.create(fields, 'Grüße,\n\ud800 100 %');
  await api.update(made, fields, 'Why');
  await api.update(made, fields, null);
  expect(seen.map(({ headers }) => headers['pawl-message'])).toEqual([
    encodeURIComponent('Grüße,\n\ufffd 100 %'),
    ...['Why', undefined],
  ]);
  expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ name: 'Triage', model: { id: 'm' } });
  expect(JSON.parse(seen[1]?.body ?? '')).toMatchObject({ version: 2, system: null });
});

test('What is not there is null', async () => {
  const { api } = await apiThatSays({ status: 404, body: error('no such agent') });
  expect(await api.retrieve('agent_1', null)).toBeNull();
});

test('A request that writes is never made twice', async () => {
  const { api, seen } = await apiThatSays({ status: 500, body: null }, { body: answer });
  await expect(api.create(fields, null)).rejects.toThrow('answered with status 500, and not as');
  expect(seen).toHaveLength(1);
});

test.each([
  [{ status: 400, body: error('name: must not be empty') }, 'name: must not be empty'],
  [{ status: 401, body: error('no') }, 'it does not know the one from PAWL_KEY; set PAWL_KEY'],
  [{ status: 302, body: null, location: 'http://127.0.0.1:1/' }, 'answered with status 302'],
])('A refusal is told in the words of the server, or in ours: %j', async (reply, words) => {
  const { api } = await apiThatSays(reply);
  await expect(api.update({ ...(await found()), id: 'agent_1' }, fields, null)).rejects.toThrow(words);
});

async function found() {
  const { api } = await apiThatSays({ body: answer });
  return api.create(fields, null);
}

test('A server that is not there is told, and a key that was not sent', async () => {
  const nobody = openAgentsApi({ url: 'http://127.0.0.1:1', key: null, key_from: null });
  await expect(nobody.create(fields, null)).rejects.toThrow(
    'No server answers at http://127.0.0.1:1 (bad port)',
  );
  const { url } = await apiThatSays({ status: 401, body: error('no') });
  const stranger = openAgentsApi({ url, key: null, key_from: null });
  await expect(stranger.create(fields, null)).rejects.toThrow('it was sent none; set PAWL_KEY');
});
