import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openRows } from '../database-rows.ts';
import { live, liveHere } from '../life.ts';
import { type McpServerOnLoopback, startMcpServer } from '../mcp-server.ts';
import {
  type Armed,
  confirm,
  doAsTold,
  makeMcpSetting,
  mcpCallsIn,
  mcpResultsIn,
  order,
  tell,
  untilTurns,
  upstreamOf,
} from '../mcp-story.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { type FreshDatabase, migratedDatabase } from '../postgres.ts';
import { joined, requestProblems } from '../request-shape.ts';
import { answersIn, eventually, history, openSession, typesOf, untilIdle } from '../story.ts';
import { askedIn, rested, untilAsked } from '../tool-story.ts';

/*
 * The goal: after `kill -9`, no call that may have run is made again, none is forgotten, and the turn goes on. The
 * method: a server in a process of its own, killed in each state that a call can be in; the MCP server and the model
 * live on in this process, and count.
 */

const may = {
  default_config: { permission_policy: { type: 'always_allow' } },
  configs: [{ name: 'pay', permission_policy: { type: 'always_ask' } }],
} as const satisfies Armed['may'];

const lost = {
  text: 'The server stopped while hold was running, and its result is not known. It may have had its effect.',
  is_error: true,
};

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let folder: string;
  let model: ModelServer;
  let mcp: McpServerOnLoopback;
  let gate: PromiseWithResolvers<string>;

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    folder = mkdtempSync(join(tmpdir(), 'pawl-mcp-crash-'));
  });

  afterAll(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  beforeEach(async () => {
    gate = Promise.withResolvers();
    model = await startModelServer({ reply: doAsTold });
    mcp = await startMcpServer({
      tools: [
        { name: 'hold', run: () => gate.promise },
        { name: 'pay', run: ({ n = 0 }) => `Paid ${n}.` },
        { name: 'look_up', run: ({ n = 0 }) => `Found ${n}.` },
      ],
    });
  });

  afterEach(async () => {
    gate.resolve('Too late.');
    await mcp.close();
    await model.close();
    expect(model.requests.flatMap(({ read, body }) => requestProblems(read.protocol, body))).toEqual([]);
  });

  const place = () => (database === null ? { data_dir: folder } : { database_url: database.url });
  const start = () => live({ ...place(), ...upstreamOf(model) });
  const startHere = () => liveHere({ ...place(), ...upstreamOf(model) });

  async function open(client: Anthropic): Promise<string> {
    const setting = await makeMcpSetting(client, { orders: { at: mcp, may } });
    return (await openSession(client, setting)).id;
  }

  test('a call that was running is not made again, and the turn goes on with an error in its place', async () => {
    const first = await start();
    const id = await open(first.client);
    await first.client.beta.sessions.events.send(id, { events: [tell({ calls: [order('hold')] })] });
    await mcp.until('tools/call');
    const before = await history(first.client, id);
    await first.kill();
    const second = await startHere();
    expect([1, null]).toContain(second.took);
    const all = await untilTurns(second.client, id);
    expect(all.slice(0, before.length)).toEqual(before);
    expect(typesOf(all.slice(before.length))).toEqual([
      ...['agent.mcp_tool_result', 'span.model_request_start', 'agent.message', 'span.model_request_end'],
      ...rested,
    ]);
    expect(mcpResultsIn(all)).toEqual([lost]);
    expect(answersIn(all)).toEqual(['Done.']);
    expect(mcp.calls).toHaveLength(1);
    const told = joined(model.requests.at(-1)?.read.messages ?? []).at(-1);
    expect(told?.results).toEqual([{ id: mcpCallsIn(all)[0]?.id, text: lost.text }]);
    await second.client.beta.sessions.events.send(id, { events: [tell({ calls: [order('look_up')] })] });
    expect(mcpResultsIn(await untilTurns(second.client, id, 2)).at(-1)).toEqual({
      text: 'Found 0.',
      is_error: false,
    });
    await second.kill();
  });

  test('of one reply, what was answered stays, what was running is lost, and what waited still waits', async () => {
    const first = await start();
    const id = await open(first.client);
    const calls = [order('look_up', { n: 1 }), order('hold'), order('pay', { n: 2 }), order('pay', { n: 3 })];
    await first.client.beta.sessions.events.send(id, { events: [tell({ calls })] });
    await eventually('an answer, and a call under way', async () => {
      const isAnswered = mcpResultsIn(await history(first.client, id))[0] !== null;
      return isAnswered && mcp.calls.length === 2;
    });
    const [, , allowed, other] = mcpCallsIn(await history(first.client, id)).map((call) => call.id);
    await first.client.beta.sessions.events.send(id, { events: [confirm(allowed)] });
    await first.kill();
    const second = await start();
    expect(await untilAsked(second.client, id)).toEqual([other]);
    expect(mcp.calls).toHaveLength(2);
    // Nothing is left to take up where a session waits for its client, for as long as that takes.
    await second.kill();
    const third = await startHere();
    expect([0, null]).toContain(third.took);
    await third.client.beta.sessions.events.send(id, { events: [confirm(other, 'deny', 'No.')] });
    const all = await untilTurns(third.client, id);
    expect(mcpResultsIn(all)).toEqual([
      { text: 'Found 1.', is_error: false },
      lost,
      { text: 'Paid 2.', is_error: false },
      { text: 'The user did not allow this call. No.', is_error: true },
    ]);
    expect(mcp.calls.map(({ name }) => name).toSorted()).toEqual(['hold', 'look_up', 'pay']);
    await third.kill();
  });

  test('a call that was allowed right before the end runs once or not at all, and never twice', async () => {
    const first = await start();
    const { events } = first.client.beta.sessions;
    const sessions: { readonly id: string; readonly call: string | undefined }[] = [];
    for (const n of [0, 1]) {
      const id = await open(first.client);
      await events.send(id, { events: [tell({ calls: [order('pay', { n })] })] });
      sessions.push({ id, call: (await untilAsked(first.client, id))[0] });
    }
    const [sudden, onItsWay] = sessions;
    await events.send(onItsWay?.id ?? '', { events: [confirm(onItsWay?.call)] });
    await eventually('the call', () => mcp.calls.some(({ input }) => input['n'] === 1));
    await events.send(sudden?.id ?? '', { events: [confirm(sudden?.call)] });
    await first.kill();
    const second = await startHere();
    const unknown = { text: lost.text.replace('hold', 'pay'), is_error: true };
    for (const [n, { id }] of sessions.entries()) {
      const all = await untilTurns(second.client, id);
      const made = mcp.calls.filter(({ input }) => input['n'] === n).length;
      expect(made).toBeLessThanOrEqual(1);
      const [result] = mcpResultsIn(all);
      expect([unknown, { text: `Paid ${n}.`, is_error: false }]).toContainEqual(result);
      if (result?.is_error === false) expect(made).toBe(1);
      expect(typesOf(all).filter((type) => type === 'user.tool_confirmation')).toHaveLength(1);
      expect(answersIn(all)).toEqual(['Done.']);
    }
    await second.kill();
  });

  test('a call that was allowed, and had not begun when the server was killed, runs once', async () => {
    const first = await startHere();
    const id = await open(first.client);
    await first.client.beta.sessions.events.send(id, { events: [tell({ calls: [order('pay', { n: 7 })] })] });
    const [call] = await untilAsked(first.client, id);
    await first.kill();
    const second = await start();
    mcp.fault('*', 'stall');
    const asked = mcp.methods.length;
    await second.client.beta.sessions.events.send(id, { events: [confirm(call)] });
    await eventually('the server asked for its tools', () => mcp.methods.length > asked);
    await second.kill();
    mcp.fault('*', null);
    const third = await startHere();
    expect(mcpResultsIn(await untilTurns(third.client, id))).toEqual([{ text: 'Paid 7.', is_error: false }]);
    expect(mcp.calls).toHaveLength(1);
    await third.kill();
  });

  test('a session whose servers were being asked for their tools asks them again', async () => {
    const first = await start();
    const id = await open(first.client);
    mcp.fault('*', 'stall');
    await first.client.beta.sessions.events.send(id, { events: [tell({ calls: [order('look_up')] })] });
    await eventually('the server asked', () => mcp.methods.length > 0);
    await first.kill();
    mcp.fault('*', null);
    const second = await startHere();
    const all = await untilTurns(second.client, id);
    expect(mcpResultsIn(all)).toEqual([{ text: 'Found 0.', is_error: false }]);
    expect(typesOf(all).filter((type) => type === 'span.model_request_end')).toHaveLength(3);
    await second.kill();
  });

  test('under load, every call runs at most once and has one result, and every turn ends', async () => {
    gate.resolve('Held.');
    const ids: string[] = [];
    let number = 0;
    const round = () => ({
      calls: [
        order('look_up', { n: ++number }),
        order('hold', { n: ++number }),
        order('look_up', { n: ++number }),
      ],
    });
    for (let kills = 0; kills < 2; kills++) {
      const life = await start();
      const setting = await makeMcpSetting(life.client, { orders: { at: mcp, may } });
      const opened = await Promise.all(
        Array.from({ length: 6 }, () =>
          openSession(life.client, setting, { initial_events: [tell(round(), round(), round())] }),
        ),
      );
      ids.push(...opened.map(({ id }) => id));
      const before = mcp.calls.length;
      await eventually('calls', () => mcp.calls.length >= before + 12);
      await life.kill();
    }
    const life = await startHere();
    const results: unknown[] = [];
    for (const id of ids) {
      const all = await untilIdle(life.client, id);
      expect(askedIn(all)).toBeNull();
      expect(answersIn(all)).toEqual(['Done.']);
      for (const [i, { name, input }] of mcpCallsIn(all).entries()) {
        const result = mcpResultsIn(all)[i];
        const found = name === 'hold' ? 'Held.' : `Found ${input['n']}.`;
        const said = result?.is_error === true ? `The server stopped while ${name} was running` : found;
        expect(result?.text).toContain(said);
        const made = mcp.calls.filter((call) => call.input['n'] === input['n']).length;
        expect(made).toBeLessThanOrEqual(1);
        if (result?.is_error === false) expect(made).toBe(1);
        results.push(result);
      }
    }
    expect(results).toHaveLength(ids.length * 9);
    expect(mcp.calls.length).toBeGreaterThan(ids.length * 4);
    await life.kill();
    const rows = await openRows(place());
    expect(await rows.query('select id from sessions where open_calls is not null')).toEqual([]);
    expect(await rows.query('select 1 from inbox')).toEqual([]);
    await rows.close();
  });
});
