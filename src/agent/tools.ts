import type { AgentConfig } from '../core/agent-config.ts';
import { PawlError } from '../core/errors.ts';
import {
  type CustomTool,
  type InputSchema,
  type JsonObject,
  type McpServer,
  type McpToolset,
  type PermissionPolicy,
  type Tool,
  type ToolSettings,
  usualSettings,
  withoutNulls,
} from '../core/tools.ts';

/** Settings of tools as a request has them; what is absent or null is inherited. */
export type ToolSettingsInput = {
  readonly enabled?: boolean | null | undefined;
  readonly permission_policy?: PermissionPolicy | null | undefined;
};

/** The tools of an MCP server as a request has them. */
export type McpToolsetInput = {
  readonly type: 'mcp_toolset';
  readonly mcp_server_name: string;
  readonly default_config?: ToolSettingsInput | null | undefined;
  readonly configs?: readonly ({ readonly name: string } & ToolSettingsInput)[] | undefined;
};

/** An entry of `tools` as a request has it. */
export type ToolInput =
  | (Omit<CustomTool, 'input_schema'> & { readonly input_schema: JsonObject })
  | McpToolsetInput;
/** An entry of `mcp_servers` as a request has it, which is how answers have it too. */
export type McpServerInput = McpServer;

/** What a request may say about tools. Each list replaces the whole; null and an empty list clear, absent keeps. */
export type ToolChanges = {
  readonly tools?: readonly ToolInput[] | null | undefined;
  readonly mcp_servers?: readonly McpServerInput[] | null | undefined;
};

type Armed = Pick<AgentConfig, 'tools' | 'mcp_servers'>;

/**
 * The lists that a request replaces, resolved, and fit for what stays of `current`. `at` is where the request has
 * them, such as `agent.`, for what errors say.
 * @throws PawlError `invalid_request` when the lists that result do not go together.
 */
export function replaceTools(current: Armed, changes: ToolChanges, at: '' | 'agent.' = ''): Partial<Armed> {
  const { tools, mcp_servers } = changes;
  const replaced = {
    ...(tools === undefined ? {} : { tools: (tools ?? []).map(resolveTool) }),
    ...(mcp_servers === undefined ? {} : { mcp_servers: (mcp_servers ?? []).map(plainServer) }),
  };
  const problem = problemWithTools({ ...current, ...replaced });
  if (problem !== null) throw new PawlError('invalid_request', `${at}${problem}`);
  return replaced;
}

/** A tool with everything filled in that a request may leave out. */
export function resolveTool(tool: ToolInput): Tool {
  if (tool.type === 'custom') {
    const { type, name, description, input_schema } = tool;
    return { type, name, description, input_schema: withoutNulls(input_schema) as InputSchema };
  }
  const { type, mcp_server_name, configs = [] } = tool;
  const default_config = settingsOf(tool.default_config ?? {}, usualSettings);
  return {
    ...{ type, mcp_server_name, default_config },
    configs: configs.map(({ name, ...settings }) => ({ name, ...settingsOf(settings, default_config) })),
  };
}

/**
 * What is wrong with tools and servers beside each other, with its place in front; null when they go together. Names
 * are unique, and every server has one toolset, and every toolset its server.
 */
function problemWithTools({ tools, mcp_servers }: Armed): string | null {
  const customs = tools.map((tool) => (tool.type === 'custom' ? tool.name : null));
  const toolsets = tools.map((tool) => (tool.type === 'mcp_toolset' ? tool.mcp_server_name : null));
  const servers = mcp_servers.map(({ name }) => name);
  const custom = repeated(customs);
  if (custom !== null) return `tools.${custom.at}.name: tools.${custom.first} has the same name`;
  const server = repeated(servers);
  if (server !== null) return `mcp_servers.${server.at}.name: mcp_servers.${server.first} has the same name`;
  const toolset = repeated(toolsets);
  if (toolset !== null) {
    return `tools.${toolset.at}.mcp_server_name: tools.${toolset.first} is a toolset of the same server; make them one`;
  }
  for (const [i, tool] of tools.entries()) {
    if (tool.type === 'custom') continue;
    const problem = problemWithToolset(tool, servers);
    if (problem !== null) return `tools.${i}.${problem}`;
  }
  const idle = servers.findIndex((name) => !toolsets.includes(name));
  if (idle === -1) return null;
  return `mcp_servers.${idle}.name: no mcp_toolset in tools names this server; add one, or leave the server out`;
}

function problemWithToolset(
  { mcp_server_name, configs }: McpToolset,
  servers: readonly string[],
): string | null {
  if (!servers.includes(mcp_server_name)) {
    return 'mcp_server_name: no server in mcp_servers has this name; add it there, or leave the toolset out';
  }
  const config = repeated(configs.map(({ name }) => name));
  return config === null ? null : `configs.${config.at}.name: configs.${config.first} has the same name`;
}

/** Where a name stands for the second time, and where it stood first; null when all are different. */
function repeated(names: readonly (string | null)[]): { readonly at: number; readonly first: number } | null {
  const at = names.findIndex((name, i) => name !== null && names.indexOf(name) < i);
  return at === -1 ? null : { at, first: names.indexOf(names[at] ?? null) };
}

function settingsOf(given: ToolSettingsInput, usual: ToolSettings): ToolSettings {
  const { type } = given.permission_policy ?? usual.permission_policy;
  return { enabled: given.enabled ?? usual.enabled, permission_policy: { type } };
}

function plainServer({ type, name, url }: McpServerInput): McpServer {
  return { type, name, url };
}
