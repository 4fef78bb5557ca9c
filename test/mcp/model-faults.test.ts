import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type McpServerOnLoopback, startMcpServer } from '../mcp-server.ts';
import {
  type McpWorld,
  makeMcpSetting,
  mcpCallsIn,
  mcpResultsIn,
  order,
  startMcpWorld,
  tell,
  untilTurns,
} from '../mcp-story.ts';
import type { Fault } from '../model-faults.ts';
import type { Protocol } from '../model-requests.ts';
import { passingFaults } from '../passing-faults.ts';
import { joined, requestProblems } from '../request-shape.ts';
import { answersIn, eventually, history, openSession, type Setting, say, typesOf } from '../story.ts';
import { rested, resumed } from '../tool-story.ts';

/*
 * The goal: whatever a model does on the request that follows the results of an MCP server, no call is made twice and
 * no result is lost. The method: as in tool-turns.test.ts, faults are tied to a word, which here goes through the server.
 */

let world: McpWorld;
let mcp: McpServerOnLoopback;
const settings: Record<string, Setting> = {};

beforeAll(async () => {
  world = await startMcpWorld({ model_idle_timeout_ms: '1000', model_timeout_ms: '2500' });
  mcp = await startMcpServer({ tools: [{ name: 'echo', run: ({ word, n }) => `${n} of ${word}` }] });
  for (const provider of ['anthropic', 'openai'] as const) {
    settings[provider] = await makeMcpSetting(
      world.client,
      { orders: { at: mcp, may: 'always_allow' } },
      { provider },
    );
  }
});

afterAll(async () => {
  await world.close();
  await mcp.close();
});

let words = 0;

/** A word that no other test uses, and the fault of the requests whose last message is its results, so many times. */
function wordWith(fault: Fault, times = Number.POSITIVE_INFINITY): string {
  const word = `word${++words}.`;
  let left = times;
  world.model.when(({ messages }) => {
    const { text = '', results = [] } = messages.at(-1) ?? {};
    return text === '' && results.some((result) => result.text === `2 of ${word}`) && left-- > 0;
  }, fault);
  return word;
}

describe.concurrent.each<Protocol>(['anthropic', 'openai'])('With %s', (provider) => {
  /** A session that has made two calls, as the message has told it, and asks the model what to make of the results. */
  async function called(word: string): Promise<string> {
    const calls = [order('echo', { word, n: 1 }), order('echo', { word, n: 2 })];
    const { id } = await openSession(world.client, settings[provider] as Setting, {
      initial_events: [tell({ text: 'Looking.', calls })],
    });
    return id;
  }

  /** Both calls ran once, and every request behind them carried the same calls and results. */
  async function nothingTwice(id: string, word: string, requests: number): Promise<void> {
    const all = await history(world.client, id);
    const calls = mcpCallsIn(all).map((call) => call.id);
    expect(mcpResultsIn(all)).toEqual([1, 2].map((n) => ({ text: `${n} of ${word}`, is_error: false })));
    const made = mcp.calls.filter(({ input }) => input['word'] === word);
    expect(made.map(({ input }) => input['n']).toSorted()).toEqual([1, 2]);
    const behind = world.model.requests.filter(({ body }) => JSON.stringify(body).includes(`2 of ${word}`));
    expect(behind).toHaveLength(requests);
    for (const { read, body } of behind) {
      expect(requestProblems(provider, body)).toEqual([]);
      const told = joined(read.messages).flatMap((message) => message.results);
      expect(told.toSorted((a, b) => a.text.localeCompare(b.text))).toEqual(
        calls.map((call, n) => ({ id: call, text: `${n + 1} of ${word}` })),
      );
    }
  }

  const started = [
    ...['user.message', ...resumed, 'agent.message', 'agent.mcp_tool_use', 'agent.mcp_tool_use'],
    ...[
      'span.model_request_end',
      'agent.mcp_tool_result',
      'agent.mcp_tool_result',
      'span.model_request_start',
    ],
  ];
  const retried = [
    ...['span.model_request_end', 'session.error', 'session.thread_status_rescheduled'],
    ...['session.status_rescheduled', ...resumed],
  ];
  const done = ['agent.message', 'span.model_request_end', ...rested];

  test.each(passingFaults)('%s is tried again with the same results', async (_name, fault) => {
    const word = wordWith(fault, 1);
    const id = await called(word);
    const all = await untilTurns(world.client, id);
    expect(typesOf(all)).toEqual([...started, ...retried, ...done]);
    expect(answersIn(all)).toEqual(['Looking.', 'Done.']);
    await nothingTwice(id, word, 2);
  });

  test.each(passingFaults)('%s to the end leaves the results to the next message', async (_name, fault) => {
    const word = wordWith(fault);
    const id = await called(word);
    const all = await untilTurns(world.client, id);
    expect(typesOf(all)).toEqual([
      ...started,
      ...retried,
      'span.model_request_end',
      'session.error',
      ...rested,
    ]);
    expect(all.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
    await world.client.beta.sessions.events.send(id, { events: [say('Next, please.')] });
    const after = await untilTurns(world.client, id, 2);
    expect(answersIn(after)).toEqual(['Looking.', 'Reply to Next, please.']);
    await nothingTwice(id, word, 3);
  });

  test.each<[string, Fault, string]>([
    ['400', 400, 'retries_exhausted'],
    ['401', 401, 'retries_exhausted'],
    ['413', 413, 'retries_exhausted'],
    ['a refusal', 'refusal', 'refusal'],
  ])('%s is not tried again, and loses nothing', async (_name, fault, type) => {
    const word = wordWith(fault, 1);
    const id = await called(word);
    expect((await untilTurns(world.client, id)).at(-1)).toMatchObject({ stop_reason: { type } });
    await world.client.beta.sessions.events.send(id, { events: [say('Next, please.')] });
    expect(answersIn(await untilTurns(world.client, id, 2)).at(-1)).toBe('Reply to Next, please.');
    await nothingTwice(id, word, 2);
  });

  test('an interrupt while the model reads the results loses nothing', async () => {
    const word = wordWith('hang', 1);
    const id = await called(word);
    const isAsked = () =>
      world.model.requests.some(({ body }) => JSON.stringify(body).includes(`2 of ${word}`));
    await eventually('the request', isAsked);
    const sent = [{ type: 'user.interrupt' as const }, say('Next, please.')];
    await world.client.beta.sessions.events.send(id, { events: sent });
    expect(answersIn(await untilTurns(world.client, id, 2)).at(-1)).toBe('Reply to Next, please.');
    await nothingTwice(id, word, 2);
  });
});
