import type { Client, Tool } from '@modelcontextprotocol/client';
import type { JsonObject } from '../core/tools.ts';
import { jsonWithoutSecret } from './answer.ts';
import { never } from './connection.ts';
import { isFitSchema } from './fit-schema.ts';
import { LimitError } from './limit-error.ts';

/** A tool as its MCP server describes it. */
export type McpTool = {
  readonly name: string;
  /** Empty where the server says nothing. */
  readonly description: string;
  /** A JSON Schema whose top is an object. */
  readonly input_schema: JsonObject;
};

const mostPages = 100;
const mostTools = 1000;
/** Of names, descriptions and schemas, as JSON. */
const mostCharacters = 2_000_000;
/** What model providers take nowhere but below the top of a schema: one tool with it would fail every request. */
const refusedAtTop = ['oneOf', 'anyOf', 'allOf', 'not', 'enum'];

type Listing = {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Left out of all that the server says of its tools; null where there is none. */
  readonly secret: string | null;
};

/**
 * All tools of a server, page after page; none where it says that it has no tools. Of two tools with one name the first
 * is taken.
 * @throws LimitError
 */
export async function listTools(client: Client, { signal, secret }: Listing): Promise<readonly McpTool[]> {
  const tools = new Map<string, McpTool>();
  if (client.getServerCapabilities()?.tools === undefined) return [];
  let characters = 0;
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await client.request({ method: 'tools/list', params }, { signal, timeout: never });
    for (const tool of answer.tools.map((one) => readTool(one, secret))) {
      characters += JSON.stringify(tool).length;
      if (!tools.has(tool.name)) tools.set(tool.name, tool);
    }
    if (tools.size > mostTools) throw new LimitError(`has more than ${mostTools} tools`);
    if (characters > mostCharacters) {
      throw new LimitError(`describes its tools in more than ${mostCharacters} characters`);
    }
    cursor = answer.nextCursor;
    if (cursor === undefined) return [...tools.values()];
  }
  throw new LimitError(`lists its tools on more than ${mostPages} pages`);
}

function readTool({ name, description = '', inputSchema }: Tool, secret: string | null): McpTool {
  const entries = Object.entries(inputSchema);
  const moved = entries.filter(([key]) => refusedAtTop.includes(key));
  const rest = JSON.stringify(Object.fromEntries(moved));
  const schema = Object.fromEntries(entries.filter(([key]) => !refusedAtTop.includes(key)));
  const isFit = isFitSchema(schema);
  const words = [
    ...(moved.length === 0 || !isFit ? [] : [`The input also has to fit this JSON Schema: ${rest}`]),
    ...(isFit
      ? []
      : ['Its server describes the input in a way that nobody can read: it may be any JSON object.']),
  ];
  const tool: McpTool = {
    name,
    description: [description.toWellFormed(), ...words].filter((part) => part !== '').join('\n\n'),
    input_schema: isFit ? schema : { type: 'object' },
  };
  return jsonWithoutSecret(tool, secret) as McpTool;
}
