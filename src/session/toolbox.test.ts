import { expect, test } from 'vitest';
import type { ToolSettings } from '../core/tools.ts';
import type { McpCall } from './calls.ts';
import { createToolboxes } from './toolbox.ts';

const asks: ToolSettings = { enabled: true, permission_policy: { type: 'always_ask' } };
const call: McpCall = {
  ...{ id: 'sevt_1', kind: 'mcp', state: 'started', server: 'shop', name: 'refund', input: {} },
};
const signal = new AbortController().signal;

/** A shop with one tool, and what the configuration says of it. */
async function shop(configs: readonly ({ readonly name: string } & ToolSettings)[], default_config = asks) {
  const called: string[] = [];
  const toolboxes = createToolboxes({
    mcp: {
      tools: async () => [{ name: 'refund', description: 'Pays back.', input_schema: { type: 'object' } }],
      call: async (_target, { name }) => {
        called.push(name);
        return { content: [], is_error: false };
      },
      stop: async () => {},
    },
    vaults: { authorizationFor: async () => null, refresh: async () => null },
  });
  const toolset = { type: 'mcp_toolset', mcp_server_name: 'shop', default_config, configs } as const;
  const server = { type: 'url', name: 'shop', url: 'https://shop.example/mcp' } as const;
  const toolbox = await toolboxes.open({ tools: [toolset], mcp_servers: [server] }, [], signal);
  return { toolbox, called };
}

test('a tool is offered and called under the settings of its own, or else those of its server', async () => {
  const free = { ...asks, permission_policy: { type: 'always_allow' } } as const;
  const { toolbox, called } = await shop([{ name: 'refund', ...free }]);
  expect(toolbox.find('mcp__shop__refund')).toMatchObject({ kind: 'mcp', policy: 'always_allow' });
  expect((await shop([])).toolbox.find('mcp__shop__refund')).toMatchObject({ policy: 'always_ask' });
  expect(await toolbox.call(call, signal)).toMatchObject({ answer: { is_error: false } });
  expect(called).toEqual(['refund']);
});

test('a call that was allowed before its tool was taken away does not run', async () => {
  for (const { toolbox, called } of [
    await shop([{ name: 'refund', ...asks, enabled: false }]),
    await shop([], { ...asks, enabled: false }),
  ]) {
    expect(toolbox.definitions).toEqual([]);
    expect(await toolbox.call(call, signal)).toMatchObject({ answer: { is_error: true }, trouble: null });
    expect(called).toEqual([]);
  }
  const { toolbox } = await shop([]);
  const gone = await toolbox.call({ ...call, server: 'other' }, signal);
  expect(JSON.stringify(gone.answer.content)).toContain('no MCP server other any more');
});
