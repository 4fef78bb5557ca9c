import { z } from 'zod';
import { problemWithInputSchema } from '../../agent/input-schema.ts';
import { policyTypes } from '../../core/tools.ts';
import { notSupported, parseInto, text, typeOf } from './fields.ts';

/** Names that the API keeps for tools of its own. */
const builtIn = ['bash', 'read', 'write', 'edit', 'glob', 'grep', 'web_fetch', 'web_search'];

const customName = z
  .string()
  .regex(/^[\w-]{1,128}$/, 'must have 1 to 128 characters, each a letter, a digit, _ or -')
  .refine((name) => !builtIn.includes(name), `must not be one of ${builtIn.join(', ')}`)
  .refine((name) => !name.startsWith('mcp__'), 'must not begin with mcp__');

const inputSchema = z
  .record(z.string(), z.unknown(), 'must be a JSON Schema')
  .superRefine((schema, context) => {
    const problem = problemWithInputSchema(schema);
    if (problem !== null) context.addIssue(problem);
  });

const custom = z.strictObject({
  type: z.literal('custom'),
  name: customName,
  description: text(1, 4096),
  input_schema: inputSchema,
});

const policy = z.strictObject({
  type: z.enum(policyTypes, `must be one of ${policyTypes.join(', ')}`),
});

const settings = {
  enabled: z.boolean('must be true, false or null').nullable().optional(),
  permission_policy: policy.nullable().optional(),
};

const mcpToolset = z.strictObject({
  type: z.literal('mcp_toolset'),
  mcp_server_name: text(1, 255),
  default_config: z.strictObject(settings).nullable().optional(),
  configs: z
    .array(z.strictObject({ name: text(1, 128), ...settings }))
    .max(256, 'must hold at most 256 tools')
    .optional(),
});

const known = z.discriminatedUnion('type', [custom, mcpToolset], {
  error: ({ code }) =>
    `must be ${code === 'invalid_union' ? '' : 'a tool, of type '}'custom' or 'mcp_toolset'`,
});

const tool = z.unknown().transform((value, context) => {
  if (typeOf(value) === sandboxed) {
    const reason = 'this server has no sandbox to run its tools in; offer custom tools or an MCP server';
    notSupported(context, `'${sandboxed}' is not supported by this server: ${reason}`);
    return z.NEVER;
  }
  return parseInto(known, value, context);
});

const sandboxed = 'agent_toolset_20260401';

const server = z.strictObject({
  type: z.literal('url', "must be 'url'"),
  name: text(1, 255),
  url: text(1, 2048).refine(
    isAddress,
    'must be an address that begins with http:// or https:// and has no user name or password in it',
  ),
});

/** The tools of an agent, as requests have them; null clears. How they go together is checked where they are merged. */
export const tools = z
  .array(tool, 'must be a list of tools')
  .max(256, 'must hold at most 256 tools')
  .nullable();

/** The MCP servers of an agent, as requests have them; null clears. */
export const mcpServers = z
  .array(server, 'must be a list of MCP servers')
  .max(20, 'must hold at most 20 MCP servers')
  .nullable();

/** What is wrong with an address is never said with the address, because there may be a secret in it. */
function isAddress(url: string): boolean {
  if (!/^https?:\/\/[^\s\p{Cc}]+$/iu.test(url) || !URL.canParse(url)) return false;
  const { username, password } = new URL(url);
  return username === '' && password === '';
}
