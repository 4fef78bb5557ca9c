import { describe, expect, test } from 'vitest';
import { PawlError } from '../core/errors.ts';
import type { CustomTool } from '../core/tools.ts';
import {
  type McpServerInput,
  type McpToolsetInput,
  replaceTools,
  resolveTool,
  type ToolChanges,
} from './tools.ts';

const custom = (name: string): CustomTool => ({
  ...{ type: 'custom', name, description: 'Looks something up.' },
  input_schema: { type: 'object' },
});
const toolset = (mcp_server_name: string, more: Partial<McpToolsetInput> = {}): McpToolsetInput => ({
  ...{ type: 'mcp_toolset', mcp_server_name },
  ...more,
});
const server = (name: string): McpServerInput => ({
  type: 'url',
  name,
  url: `https://${name}.example.com/mcp`,
});
const none = { tools: [], mcp_servers: [] };
const ask = { type: 'always_ask' } as const;
const allow = { type: 'always_allow' } as const;

describe('A tool is resolved', () => {
  test('as it is when it is a custom one, less what null stands for', () => {
    expect(resolveTool(custom('look_up'))).toEqual(custom('look_up'));
    const input_schema = { type: 'object', properties: null, required: null, default: null };
    expect(resolveTool({ ...custom('look_up'), input_schema })).toEqual({
      ...custom('look_up'),
      input_schema: { type: 'object', default: null },
    });
  });

  test('as enabled and to be asked about when it is of an MCP server and nothing was said', () => {
    const usual = { enabled: true, permission_policy: ask };
    const whole = { type: 'mcp_toolset', mcp_server_name: 'crm', default_config: usual, configs: [] };
    expect(resolveTool(toolset('crm'))).toEqual(whole);
    expect(resolveTool(toolset('crm', { default_config: null, configs: [] }))).toEqual(whole);
    const said = { default_config: { enabled: null, permission_policy: null } };
    expect(resolveTool(toolset('crm', said))).toEqual(whole);
  });

  test('with what its toolset has where it says nothing itself', () => {
    const given = toolset('crm', {
      default_config: { enabled: false, permission_policy: allow },
      configs: [
        { name: 'read', enabled: true },
        { name: 'write', permission_policy: ask },
        { name: 'nothing', enabled: null, permission_policy: null },
      ],
    });
    const resolved = resolveTool(given);
    expect(resolved).toEqual({
      ...{ type: 'mcp_toolset', mcp_server_name: 'crm' },
      default_config: { enabled: false, permission_policy: allow },
      configs: [
        { name: 'read', enabled: true, permission_policy: allow },
        { name: 'write', enabled: false, permission_policy: ask },
        { name: 'nothing', enabled: false, permission_policy: allow },
      ],
    });
    expect(resolveTool(resolved)).toEqual(resolved);
  });
});

describe('Lists of tools', () => {
  const current = {
    tools: [custom('look_up'), resolveTool(toolset('crm'))],
    mcp_servers: [server('crm')],
  };

  test('that are absent stay, and null and empty ones clear', () => {
    expect(replaceTools(current, {})).toEqual({});
    expect(replaceTools(current, { tools: undefined, mcp_servers: undefined })).toEqual({});
    expect(replaceTools(current, { tools: null, mcp_servers: null })).toEqual(none);
    expect(replaceTools(current, { tools: [], mcp_servers: [] })).toEqual(none);
  });

  test('are replaced as a whole, each by itself', () => {
    const tools = [toolset('crm', { default_config: { enabled: false } }), custom('other')];
    expect(replaceTools(current, { tools })).toEqual({ tools: tools.map(resolveTool) });
    const moved = { ...server('crm'), url: 'https://other.example.com' };
    expect(replaceTools(current, { mcp_servers: [moved] })).toEqual({ mcp_servers: [moved] });
  });

  test.each<[string, ToolChanges, string]>([
    [
      'two custom tools of one name',
      { tools: [custom('a'), custom('b'), custom('a')] },
      'tools.2.name: tools.0 has the same name',
    ],
    [
      'two servers of one name',
      { tools: [toolset('a')], mcp_servers: [server('a'), server('a')] },
      'mcp_servers.1.name: mcp_servers.0 has the same name',
    ],
    [
      'two toolsets of one server',
      { tools: [toolset('a'), custom('a'), toolset('a')], mcp_servers: [server('a')] },
      'tools.2.mcp_server_name: tools.0 is a toolset of the same server; make them one',
    ],
    [
      'a tool with two settings',
      {
        tools: [custom('a'), toolset('a', { configs: [{ name: 'x' }, { name: 'x' }] })],
        mcp_servers: [server('a')],
      },
      'tools.1.configs.1.name: configs.0 has the same name',
    ],
    [
      'a toolset without its server',
      { tools: [toolset('a'), toolset('b')], mcp_servers: [server('a')] },
      'tools.1.mcp_server_name: no server in mcp_servers has this name; add it there, or leave the toolset out',
    ],
    [
      'a server without a toolset',
      { tools: [toolset('a')], mcp_servers: [server('a'), server('b')] },
      'mcp_servers.1.name: no mcp_toolset in tools names this server; add one, or leave the server out',
    ],
  ])('are refused with %s', (_what, changes, sentence) => {
    expect(() => replaceTools(none, changes)).toThrow(new PawlError('invalid_request', sentence));
    expect(() => replaceTools(none, changes, 'agent.')).toThrow(`agent.${sentence}`);
  });

  test('are looked at together with what stays', () => {
    expect(() => replaceTools(current, { mcp_servers: [] })).toThrow(/^tools\.1\.mcp_server_name: no server/);
    expect(() => replaceTools(current, { mcp_servers: null })).toThrow(
      /^tools\.1\.mcp_server_name: no server/,
    );
    expect(() => replaceTools(current, { tools: [custom('a')] })).toThrow(
      /^mcp_servers\.0\.name: no mcp_toolset/,
    );
  });
});
