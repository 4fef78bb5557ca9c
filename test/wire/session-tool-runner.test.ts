import type Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { answersIn, eventually, history, openSession, type Setting, say, typesOf } from '../story.ts';
import { callsIn, makeArmedSetting, rested } from '../tool-story.ts';

/*
 * The official SDK has a runner for the tools of a session: it listens to the stream, runs what is called and sends
 * the results. Here it serves an agent as it comes.
 */

let model: ModelServer;
let pawl: TestPawl;
let client: Anthropic;
let setting: Setting;

beforeAll(async () => {
  model = await startModelServer({ reply: () => 'Done.' });
  pawl = await startPawl({ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' });
  ({ client } = pawl);
  setting = await makeArmedSetting(client);
});

afterAll(async () => {
  await model.close();
  await pawl.server.close();
});

/** Two tools, and what they were run with. */
function tools(ran: unknown[]) {
  const lookUp = betaTool({
    ...{ name: 'look_up', description: 'Looks up.', inputSchema: { type: 'object' } as const },
    run: (input) => {
      ran.push(input);
      if ('fails' in (input as object)) throw new Error('No such thing.');
      return [{ type: 'text', text: `found ${JSON.stringify(input)}` }];
    },
  });
  const clock = betaTool({
    ...{ name: 'clock', description: 'Tells the time.', inputSchema: { type: 'object' } as const },
    run: () => {
      ran.push('clock');
      return '';
    },
  });
  return [lookUp, clock];
}

/** Lets the runner serve a session until its turn is over, and gives the calls that it has served. */
async function serve(id: string, ran: unknown[]) {
  const served: { name: string; isError: boolean; posted: boolean }[] = [];
  // The turn ends when the model says so; the runner stops a moment later by itself.
  const runner = client.beta.sessions.events.toolRunner(id, { tools: tools(ran), maxIdleMs: 50 });
  for await (const { name, isError, posted } of runner)
    served.push({ name, isError: isError === true, posted });
  return served;
}

test('serves a turn of several rounds and ends with it', async () => {
  const { id } = await openSession(client, setting);
  const ran: unknown[] = [];
  model.script([
    {
      text: 'Looking.',
      calls: [
        { name: 'look_up', input: { n: 1 } },
        { name: 'clock', input: {} },
      ],
    },
    {
      calls: [
        { name: 'launch', input: {} },
        { name: 'look_up', input: { fails: true } },
      ],
    },
  ]);
  await client.beta.sessions.events.send(id, { events: [say('Look.')] });
  expect(await serve(id, ran)).toEqual([
    { name: 'look_up', isError: false, posted: true },
    { name: 'clock', isError: false, posted: true },
    // The server has refused this one itself; the runner only tells of it.
    { name: 'launch', isError: false, posted: false },
    { name: 'look_up', isError: true, posted: true },
  ]);
  expect(ran).toEqual([{ n: 1 }, 'clock', { fails: true }]);
  const all = await history(client, id);
  expect(answersIn(all)).toEqual(['Looking.', 'Done.']);
  expect(typesOf(all).slice(-3)).toEqual(rested);
  expect(callsIn(all)).toHaveLength(3);
  const results = model.requests.at(-1)?.read.messages.flatMap((message) => message.results) ?? [];
  expect(results.map(({ text }) => text)).toEqual([
    'found {"n":1}',
    '(no output)',
    expect.stringContaining('launch'),
    expect.stringContaining('No such thing.'),
  ]);
});

test('takes up a session that waits already, and several turns', async () => {
  const { id } = await openSession(client, setting);
  const ran: unknown[] = [];
  for (const turn of [1, 2]) {
    model.script([{ calls: [{ name: 'look_up', input: { turn } }] }]);
    await client.beta.sessions.events.send(id, { events: [say(`Turn ${turn}`)] });
    await eventually('the call', async () => callsIn(await history(client, id)).length === turn);
    expect(await serve(id, ran)).toEqual([{ name: 'look_up', isError: false, posted: true }]);
  }
  expect(ran).toEqual([{ turn: 1 }, { turn: 2 }]);
  expect(answersIn(await history(client, id))).toEqual(['Done.', 'Done.']);
});

test('ends with a session that is archived under it', async () => {
  const { id } = await openSession(client, setting);
  const runner = client.beta.sessions.events.toolRunner(id, { tools: tools([]), maxIdleMs: 0 });
  const served = (async () => {
    for await (const call of runner) await client.beta.sessions.archive(id).catch(() => call);
  })();
  model.script([
    {
      calls: [
        { name: 'look_up', input: {} },
        { name: 'unknown_to_it', input: {} },
      ],
    },
  ]);
  const other = { type: 'custom' as const, name: 'unknown_to_it', description: 'x' };
  await client.beta.sessions.update(id, {
    agent: { tools: [...setting.agent.tools, { ...other, input_schema: { type: 'object' } }] as never },
  });
  await client.beta.sessions.events.send(id, { events: [say('Look.')] });
  await served;
  expect(typesOf(await history(client, id)).at(-1)).toBe('session.status_terminated');
});
