import { createHash } from 'node:crypto';

/** A tool by its own name, and by the name that an agent gives its MCP server. */
export type ServerTool = { readonly server: string; readonly tool: string };

/** The longest name of a tool that model providers take, in characters. */
const longest = 64;
const hashLength = 8;
/** What remains of the server's name in a name with a hash. */
const serverPart = 20;
const plain = /^[A-Za-z0-9_-]+$/;

/**
 * The name under which a model is offered a tool: `mcp__<server>__<tool>` where that is at most 64 characters out of
 * `A-Z a-z 0-9 _ -` and can be read one way only; otherwise as much of it as there is room for, with a hash of both
 * names. It depends on nothing but the two names, so that it stays the same from turn to turn.
 */
export function offeredName(one: ServerTool): string {
  const { server, tool } = one;
  const whole = `mcp__${server}__${tool}`;
  // Without two underscores in a row or one at its end, so that the next two end the name of the server.
  const readable = plain.test(server) && !/__|_$/.test(server) && plain.test(tool);
  return readable && whole.length <= longest ? whole : hashedName(one, 0);
}

/**
 * The tools by the names under which they are offered, in the given order. Each tool is there once. Where two have the
 * same name, which takes a collision of hashes or ill will, the one whose own names come first keeps it.
 */
export function offeredNames(tools: readonly ServerTool[]): ReadonlyMap<string, ServerTool> {
  const distinct = new Map(tools.map((one) => [identityOf(one), one]));
  const names = new Map<string, string>();
  for (const [identity, one] of [...distinct].sort(([left], [right]) => (left < right ? -1 : 1))) {
    let name = offeredName(one);
    // Ends because the salt is part of what is hashed, and there are fewer tools than hashes.
    for (let salt = 1; names.has(name); salt++) name = hashedName(one, salt);
    names.set(name, identity);
  }
  const byIdentity = new Map([...names].map(([name, identity]) => [identity, name]));
  return new Map([...distinct].map(([identity, one]) => [byIdentity.get(identity) ?? offeredName(one), one]));
}

function hashedName(one: ServerTool, salt: number): string {
  const text = JSON.stringify([one.server, one.tool, ...(salt === 0 ? [] : [salt])]);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, hashLength);
  const head = `mcp__${clean(one.server).slice(0, serverPart)}__`;
  return `${head}${clean(one.tool).slice(0, longest - head.length - 1 - hashLength)}_${hash}`;
}

function clean(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/gu, '_');
}

function identityOf({ server, tool }: ServerTool): string {
  return JSON.stringify([server, tool]);
}
