import { afterAll, beforeAll, expect, test } from 'vitest';
import { type McpServerOnLoopback, startMcpServer } from '../mcp-server.ts';
import { type McpWorld, makeMcpSetting, order, startMcpWorld, tell } from '../mcp-story.ts';
import type { Said } from '../model-replies.ts';
import { completed, putDataset, putEval, runToEnd } from './eval-story.ts';

/*
 * The goal: an eval of an agent with tools says what its tools allow it to say. The method: a real MCP server that counts
 * its calls, and cases that tell the model what to reply.
 */

let mcp: McpServerOnLoopback;
let world: McpWorld;

beforeAll(async () => {
  mcp = await startMcpServer({ tools: [{ name: 'status', run: () => 'Packed' }] });
  world = await startMcpWorld();
});

afterAll(async () => {
  await world.close();
  await mcp.close();
});

const textOf = ({ content }: ReturnType<typeof tell>): string =>
  content.map((block) => ('text' in block ? block.text : '')).join('');

/** An eval of an agent whose MCP tools have this policy, with one case. */
async function evalOf(name: string, may: 'always_allow' | 'always_ask', ...rounds: readonly Said[]) {
  const { agent } = await makeMcpSetting(world.client, { orders: { at: mcp, may } }, { custom: ['look_up'] });
  await putDataset(world.pawl, name, [{ id: 'a', input: textOf(tell(...rounds)), target: 'Done.' }]);
  const limits = { max_error_share: 1, max_attempts: 3, timeout_ms: 100_000 };
  await putEval(world.pawl, { name, agent: agent.id, dataset: name, limits });
}

test('A tool that runs at once runs in an eval, and the reply is what comes after it', async () => {
  await evalOf('runs', 'always_allow', { text: 'Let me look. ', calls: [order('status')] });
  const { results } = await completed(world.pawl, 'runs');
  expect(results[0]).toMatchObject({
    outcome: { reply: 'Done.', tool_calls: [{ name: 'status', input: {} }] },
    scores: { exact: { value: 1 } },
  });
  expect(mcp.calls.map(({ name }) => name)).toEqual(['status']);
});

test.each<[string, Said, string]>([
  [
    'result',
    { text: 'Done.', calls: [{ name: 'look_up', input: {} }] },
    'look_up, which nobody has answered',
  ],
  ['word', { text: 'Done.', calls: [order('status')] }, 'status, which nobody has allowed'],
])('A case that waits for a %s is broken at once, and not tried again', async (what, said, message) => {
  const before = { calls: mcp.calls.length, requests: world.model.requests.length };
  await evalOf(`waits-${what}`, 'always_ask', said);
  const { run, results } = await runToEnd(world.pawl, `waits-${what}`);
  expect(run.counts).toMatchObject({ done: 0, errors: 1, scores: {} });
  expect(results).toMatchObject([
    {
      ...{ status: 'error', scores: {} },
      error: { kind: 'needs_action', message: expect.stringContaining(message) },
    },
  ]);
  expect(mcp.calls.length).toBe(before.calls);
  expect(world.model.requests.length).toBe(before.requests + 1);
});

test('An MCP server that is away does not break a case that is answered without it', async () => {
  mcp.fault('*', { status: 500 });
  await evalOf('away', 'always_allow', { text: 'Done.' });
  const { results } = await completed(world.pawl, 'away');
  expect(results[0]).toMatchObject({ outcome: { reply: 'Done.' }, scores: { exact: { value: 1 } } });
  mcp.fault('*', null);
});
