/** A JSON object, such as the input of a tool. */
export type JsonObject = { readonly [key: string]: unknown };

/**
 * Who decides whether a tool runs: nobody has to, a person is asked each time, or the server judges. This server has no
 * judge, so that `auto` asks.
 */
export const policyTypes = ['always_allow', 'always_ask', 'auto'] as const;
export type PolicyType = (typeof policyTypes)[number];
export type PermissionPolicy = { readonly type: PolicyType };

/** A JSON Schema whose top is an object. */
export type InputSchema = {
  readonly type: 'object';
  readonly properties?: JsonObject;
  readonly required?: readonly string[];
  readonly [key: string]: unknown;
};

/** A tool that the caller runs. */
export type CustomTool = {
  readonly type: 'custom';
  readonly name: string;
  readonly description: string;
  readonly input_schema: InputSchema;
};

/** Whether a tool can be used, and who decides. */
export type ToolSettings = { readonly enabled: boolean; readonly permission_policy: PermissionPolicy };

/** What a toolset has by itself: it asks before it does anything, as nobody here knows what an MCP server does. */
export const usualSettings: ToolSettings = { enabled: true, permission_policy: { type: 'always_ask' } };

/** The tools of one MCP server, in the resolved form: `configs` holds those with settings of their own. */
export type McpToolset = {
  readonly type: 'mcp_toolset';
  readonly mcp_server_name: string;
  readonly default_config: ToolSettings;
  readonly configs: readonly ({ readonly name: string } & ToolSettings)[];
};

/** An entry of an agent's `tools`. */
export type Tool = CustomTool | McpToolset;

/** An MCP server that an agent may use, by its URL. */
export type McpServer = { readonly type: 'url'; readonly name: string; readonly url: string };

/** The schema of a tool without members that are null where the API takes that for nothing at all. */
export function withoutNulls(schema: JsonObject): JsonObject {
  const nothing = ['properties', 'required'];
  return Object.fromEntries(
    Object.entries(schema).filter(([key, value]) => value !== null || !nothing.includes(key)),
  );
}
