import { afterEach, describe, expect, test } from 'vitest';
import {
  type McpKind,
  type McpServerOnLoopback,
  startMcpServer,
  type TestTool,
} from '../../test/mcp-server.ts';
import { createClock } from '../core/clock.ts';
import { createMcp, type McpTarget } from './mcp.ts';

/*
 * The goal: whatever an MCP server does, a session gets an answer or a sentence that says what happened, within its
 * time, and no call runs twice. The method: servers of the official package on loopback, over real HTTP.
 */

const secret = 'Bearer tok-0123456789';
const never = new AbortController().signal;

const running: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close();
});

async function start(options: Parameters<typeof startMcpServer>[0]): Promise<McpServerOnLoopback> {
  const server = await startMcpServer(options);
  running.push(server);
  return server;
}

function open(options: Partial<Parameters<typeof createMcp>[0]> = {}) {
  const clock = createClock(Date.now);
  const mcp = createMcp({ clock, pawl_version: '0', timeout_ms: 20_000, allow_private: true, ...options });
  running.push({ close: mcp.stop });
  return mcp;
}

const at = ({ url }: { url: string }, authorization: string | null = null): McpTarget => ({
  ...{ name: 'orders', url, authorization },
});

const echo: TestTool = {
  name: 'echo',
  description: 'Says it again',
  input_schema: { properties: { a: {} } },
};
const call = { name: 'echo', input: { a: 1 } };
const echoed = { content: [{ type: 'text', text: '{"a":1}' }], is_error: false };

describe.each<McpKind>(['newest', 'sessions', 'old'])('A server that speaks %s', (kind) => {
  test('lists its tools once and is called', async () => {
    const server = await start({ kind, tools: [echo, { name: 'bare' }] });
    const mcp = open();
    for (let i = 0; i < 2; i++) {
      expect(await mcp.tools(at(server), never)).toEqual([
        {
          name: 'echo',
          description: 'Says it again',
          input_schema: { type: 'object', properties: { a: {} } },
        },
        { name: 'bare', description: '', input_schema: { type: 'object' } },
      ]);
      expect(await mcp.call(at(server), call, never)).toEqual(echoed);
    }
    expect(server.calls).toEqual(Array(2).fill({ ...call, authorization: null }));
    expect(server.methods.filter((method) => method === 'tools/list')).toHaveLength(1);
  });

  test('is sent the credentials with each request, and nobody else’s', async () => {
    const server = await start({ kind, tools: [echo], authorization: secret });
    const mcp = open();
    expect(await mcp.call(at(server, secret), call, never)).toEqual(echoed);
    expect(new Set(server.credentials)).toEqual(new Set([secret]));
    for (const other of ['Bearer another', null]) {
      await expect(mcp.tools(at(server, other), never)).rejects.toMatchObject({
        ...{
          name: 'McpError',
          type: 'mcp_authentication_failed_error',
          server: 'orders',
          may_have_run: false,
        },
      });
    }
    expect(server.calls).toHaveLength(1);
  });

  test('says that its tools are others, and is asked again', async () => {
    const server = await start({ kind, tools: [echo] });
    const mcp = open();
    await mcp.tools(at(server), never);
    if (kind === 'sessions') await server.until('GET');
    await server.setTools([{ name: 'other' }]);
    await expect
      .poll(async () => (await mcp.tools(at(server), never)).map(({ name }) => name), { timeout: 10_000 })
      .toEqual(['other']);
    const answer = await mcp.call(at(server), call, never);
    expect(answer).toMatchObject({ is_error: true });
    expect(JSON.stringify(answer)).toContain('has no tool echo; its tools may have changed');
    expect(server.calls).toEqual([]);
  });

  test('dies in the middle of a call, which is told and not repeated, and the next call works', async () => {
    const server = await start({ kind, tools: [echo] });
    const mcp = open();
    await mcp.tools(at(server), never);
    server.fault('tools/call', 'die_in_call');
    await expect(mcp.call(at(server), call, never)).rejects.toMatchObject({
      ...{ type: 'mcp_connection_failed_error', server: 'orders', may_have_run: true },
      message: 'The MCP server "orders" broke off before it had answered.',
    });
    expect(server.methods.filter((method) => method === 'tools/call')).toHaveLength(1);
    server.fault('tools/call', null);
    expect(await mcp.call(at(server), call, never)).toEqual(echoed);
  });

  test('stalls, and is given up after the time for a call', async () => {
    const server = await start({ kind, tools: [echo] });
    const mcp = open({ timeout_ms: 400 });
    await mcp.tools(at(server), never);
    server.fault('tools/call', 'stall');
    await expect(mcp.call(at(server), call, never)).rejects.toMatchObject({
      ...{ may_have_run: true, message: 'The MCP server "orders" did not answer within 0.4 s.' },
    });
    server.fault('tools/call', null);
    expect(await mcp.call(at(server), call, never)).toEqual(echoed);
  });

  test('is left by a caller who breaks off, with the reason of the caller', async () => {
    const server = await start({ kind, tools: [echo] });
    const mcp = open();
    await mcp.tools(at(server), never);
    server.fault('tools/call', 'stall');
    const caller = new AbortController();
    const calling = mcp.call(at(server), call, caller.signal);
    await server.until('tools/call');
    caller.abort(new Error('the user interrupts'));
    await expect(calling).rejects.toThrow('the user interrupts');
    server.fault('tools/call', null);
    expect(await mcp.call(at(server), call, never)).toEqual(echoed);
  });
});
