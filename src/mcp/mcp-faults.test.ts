import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { type McpFault, type McpServerOnLoopback, startMcpServer } from '../../test/mcp-server.ts';
import { createClock } from '../core/clock.ts';
import { createMcp, type McpTarget } from './mcp.ts';

/*
 * The goal: each way in which a server can fail has a sentence, says rightly whether a tool may have run, and gives
 * nothing away. The method: one real server for each, on loopback, that misbehaves on the wire.
 */

const secret = 'Bearer tok-0123456789';
const never = new AbortController().signal;
const call = { name: 'echo', input: { a: 1 } };
const tools = [{ name: 'echo' }];

const running: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close();
});

type Given = Partial<Parameters<typeof startMcpServer>[0]> & {
  mcp?: Partial<Parameters<typeof createMcp>[0]>;
};

async function start({ mcp: given = {}, ...options }: Given = {}) {
  const server = await startMcpServer({ tools, ...options });
  const clock = createClock(Date.now);
  const mcp = createMcp({ clock, pawl_version: '0', timeout_ms: 20_000, allow_private: true, ...given });
  running.push(server, { close: mcp.stop });
  return { server, mcp, target: at(server) };
}

function at({ url }: Pick<McpServerOnLoopback, 'url'>, authorization: string | null = secret): McpTarget {
  return { name: 'orders', url, authorization };
}

const connection = 'mcp_connection_failed_error';
const authentication = 'mcp_authentication_failed_error';

describe('Told by its name, what it did, and whether a tool may have run, is a server that', () => {
  test.each<[what: string, fault: McpFault, type: string, mayHaveRun: boolean, words: string]>([
    ['breaks off', 'die', connection, true, 'broke off before it had answered'],
    ['answers garbage', 'garbage', connection, true, 'answered with something that is not MCP'],
    ['answers without end', 'flood', connection, true, 'answered with more than is taken'],
    ['fails', { status: 500 }, connection, true, 'answered with HTTP 500'],
    [
      'knows no such page, and never gave a session',
      { status: 404 },
      connection,
      true,
      'answered with HTTP 404',
    ],
    ['has too much to do', { status: 429 }, connection, false, 'answered with HTTP 429'],
    [
      'wants other credentials',
      { status: 401 },
      authentication,
      false,
      'did not accept the credentials (HTTP 401)',
    ],
    ['forbids', { status: 403 }, authentication, false, 'did not accept the credentials (HTTP 403)'],
    [
      ...(['leads elsewhere', { redirect: 'http://169.254.169.254/latest' }, connection, false] as const),
      'answered with a redirect (HTTP 307), which is not followed',
    ],
  ])('%s', async (_what, fault, type, may_have_run, words) => {
    const { server, mcp, target } = await start();
    await mcp.tools(target, never);
    server.fault('tools/call', fault);
    const message = `The MCP server "orders" ${words}.`;
    await expect(mcp.call(target, call, never)).rejects.toMatchObject({ type, may_have_run, message });
    expect(server.methods.filter((method) => method === 'tools/call')).toHaveLength(1);
    // The same from the start, when no tool can have run.
    server.fault('*', fault);
    const other = at(server, 'Bearer another');
    for (const attempt of [mcp.tools(other, never), mcp.call(other, call, never)]) {
      await expect(attempt).rejects.toMatchObject({ type, may_have_run: false, message });
    }
    expect(server.calls).toEqual([]);
  });

  test('is not there', async () => {
    const { server, mcp, target } = await start();
    await mcp.tools(target, never);
    await server.close();
    const expected = { type: connection, message: 'The MCP server "orders" could not be connected to.' };
    await expect(mcp.tools(at(server, null), never)).rejects.toMatchObject(expected);
    // Over a connection from before, the end may show late; no second attempt helps.
    await expect(mcp.call(target, call, never)).rejects.toMatchObject({ type: connection });
  });

  test('has no name that is known, or one for an address in a private network', async () => {
    const nobody = (_name: string, _options: object, callback: (error: Error) => void): void =>
      callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    const inside = (_name: string, _options: object, callback: (...answer: unknown[]) => void): void =>
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    for (const [resolve, words] of [
      [nobody, 'could not be connected to: its name is not known'],
      [inside, 'could not be connected to: it is on this machine, in a private network'],
    ] as const) {
      const { mcp, server } = await start({ mcp: { allow_private: false, resolve: resolve as never } });
      const url = `https://mcp.example.com:${new URL(server.url).port}`;
      await expect(mcp.tools(at({ url }), never)).rejects.toThrow(words);
      expect(server.methods).toEqual([]);
    }
  });

  test('is on this machine, without leave of the operator', async () => {
    const { server, mcp, target } = await start({ mcp: { allow_private: false } });
    await expect(mcp.tools(target, never)).rejects.toMatchObject({
      ...{
        type: connection,
        message: expect.stringContaining('which the operator of this server can allow'),
      },
    });
    expect(server.methods).toEqual([]);
  });

  test('asks for credentials when there are none', async () => {
    const { server, mcp } = await start({ authorization: secret });
    await expect(mcp.tools(at(server, null), never)).rejects.toMatchObject({
      type: authentication,
      message: 'The MCP server "orders" asked for credentials (HTTP 401), and there are none for it.',
    });
  });

  test('cannot be sent its credentials', async () => {
    const { server, mcp } = await start();
    await expect(mcp.tools(at(server, 'Bearer a\nb'), never)).rejects.toThrow(
      'The MCP server "orders" cannot be used: its credentials have characters that no header can carry.',
    );
    expect(server.methods).toEqual([]);
  });

  test('never greets, or never lists', async () => {
    const { server, mcp } = await start({ mcp: { timeout_ms: 300 } });
    for (const method of ['*', 'tools/list']) {
      server.fault(method, 'stall');
      await expect(mcp.tools(at(server, method), never)).rejects.toMatchObject({
        ...{ may_have_run: false, message: 'The MCP server "orders" did not answer within 0.3 s.' },
      });
      server.fault(method, null);
    }
    expect(await mcp.tools(at(server), never)).toHaveLength(1);
  });
});

describe('A list of tools', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `tool_${i}` }));

  test('is read page after page', async () => {
    const { server, mcp, target } = await start({ tools: many(95), page_size: 10 });
    expect(await mcp.tools(target, never)).toHaveLength(95);
    expect(server.methods.filter((method) => method === 'tools/list')).toHaveLength(10);
  });

  test.each([
    ['10,000 tools', { tools: many(10_000), page_size: 500 }, 'has more than 1000 tools', 3],
    [
      'a page for each tool',
      { tools: many(900), page_size: 1 },
      'lists its tools on more than 100 pages',
      100,
    ],
    [
      ...([
        'a book about each tool',
        { tools: [{ name: 'a', description: 'x'.repeat(2_000_000) }] },
      ] as const),
      'describes its tools in more than 2000000 characters',
      1,
    ],
  ])('with %s is refused, and not read to its end', async (_what, options, words, requests) => {
    const { server, mcp, target } = await start(options);
    await expect(mcp.tools(target, never)).rejects.toMatchObject({
      ...{ type: connection, may_have_run: false, message: `The MCP server "orders" ${words}.` },
    });
    expect(server.methods.filter((method) => method === 'tools/list')).toHaveLength(requests);
  });

  test('is asked for once by many who want it at the same time', async () => {
    const { server, mcp, target } = await start();
    await Promise.all(Array.from({ length: 20 }, () => mcp.tools(target, never)));
    expect(server.methods.filter((method) => method === 'tools/list')).toHaveLength(1);
  });

  test('is asked for again after a minute', async () => {
    let now = 0;
    const { server, mcp, target } = await start({ mcp: { clock: { now: () => now } } });
    for (now of [0, 59_999_999, 60_000_000]) await mcp.tools(target, never);
    expect(server.methods.filter((method) => method === 'tools/list')).toHaveLength(2);
  });
});

describe('A connection', () => {
  test('that the server has forgotten is made anew, and the call runs once', async () => {
    const { server, mcp, target } = await start({ kind: 'sessions' });
    await mcp.tools(target, never);
    await server.forgetSessions();
    expect(await mcp.call(target, call, never)).toMatchObject({ is_error: false });
    expect(server.calls).toHaveLength(1);
  });

  test('is closed when nobody uses it', async () => {
    const { server, mcp, target } = await start({ kind: 'sessions', mcp: { idle_ms: 10 } });
    await mcp.tools(target, never);
    await server.until('DELETE');
    await expect.poll(() => server.connections(), { timeout: 10_000 }).toBe(0);
    expect(await mcp.tools(target, never)).toHaveLength(1);
  });

  test('is not made when the server stops', async () => {
    const { server, mcp, target } = await start();
    await mcp.tools(target, never);
    await mcp.stop();
    await expect(mcp.tools(target, never)).rejects.toThrow('this server is stopping');
    await expect.poll(() => server.connections(), { timeout: 10_000 }).toBe(0);
  });
});

describe('Credentials are kept back', () => {
  test('when a server repeats them, in an answer or in an error', async () => {
    const { server, mcp, target } = await start({
      tools: [
        { name: 'echo', run: () => `You sent ${secret}, that is tok-0123456789.` },
        {
          name: 'fail',
          run: () => {
            throw new Error(`${secret} is wrong`);
          },
        },
      ],
    });
    const answers = [
      await mcp.call(target, call, never),
      await mcp.call(target, { name: 'fail', input: {} }, never),
    ];
    expect(answers).toMatchObject([{ is_error: false }, { is_error: true }]);
    expect(JSON.stringify(answers)).toContain('[credential]');
    expect(JSON.stringify(answers)).not.toContain('0123456789');
    server.fault('*', { status: 500, body: secret });
    const error: unknown = await mcp.tools(at(server, `${secret}x`), never).catch((one: unknown) => one);
    expect(error).toMatchObject({ name: 'McpError', type: connection });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('0123456789');
  });
});
