import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import {
  type CallToolResult,
  createMcpHandler,
  isInitializeRequest,
  Server,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { oldTransport } from './mcp-old-transport.ts';

/*
 * A real MCP server on loopback, made of the official package:
 *
 *   const mcp = await startMcpServer({ tools: [{ name: 'look_up', run: ({ id }) => `Order ${id} is on its way.` }] });
 *   … an agent with mcp_servers [{ type: 'url', name: 'orders', url: mcp.url }], on a Pawl with allow_private_mcp …
 *   expect(mcp.calls).toEqual([{ name: 'look_up', input: { id: 7 }, authorization: null }]);
 *   await mcp.close();
 *
 * `fault` makes it misbehave, `setTools` changes its tools and says so, `authorization` makes it ask for credentials.
 */

type Input = Readonly<Record<string, unknown>>;
type Result = string | CallToolResult;

/** A tool of the test server. Without `run` it answers with its input as JSON; a text is a text block. */
export type TestTool = {
  readonly name: string;
  readonly description?: string;
  readonly input_schema?: Input;
  readonly run?: (input: Input, signal: AbortSignal) => Result | Promise<Result>;
};

/** A call that has begun to run. */
export type TestCall = {
  readonly name: string;
  readonly input: Input;
  readonly authorization: string | null;
};

/**
 * What becomes of a request: it stays without an answer; its connection dies before it is looked at, or after the tool
 * has begun; the answer is no MCP, one too large to take, of another status, or leads elsewhere.
 */
export type McpFault =
  | 'stall'
  | 'die'
  | 'die_in_call'
  | 'garbage'
  | 'flood'
  | { readonly status: number; readonly body?: string }
  | { readonly redirect: string };

/** `newest`: every revision, each request by itself. `sessions`: revisions of 2025. `old`: HTTP with SSE. */
export type McpKind = 'newest' | 'sessions' | 'old';

type Options = {
  readonly tools: readonly TestTool[];
  readonly kind?: McpKind;
  /** Tools on one page of the list; absent puts all on one. */
  readonly page_size?: number;
  /** The only `Authorization` header that is let in; others get 401. */
  readonly authorization?: string;
};

/** A running test server. */
export type McpServerOnLoopback = {
  readonly url: string;
  /** Every call that has begun to run, in order. */
  readonly calls: readonly TestCall[];
  /** The JSON-RPC methods that have arrived, in order, with those that met a fault. `GET` and `DELETE` are among them. */
  readonly methods: readonly string[];
  /** The `Authorization` headers that have arrived, in order. */
  readonly credentials: readonly (string | null)[];
  /** How many connections there are now. */
  connections(): Promise<number>;
  /** Has other tools from now on, and says so to whoever listens. */
  setTools(tools: readonly TestTool[]): Promise<void>;
  /** What becomes of requests with this JSON-RPC method from now on, or of all with `*`; null ends it. */
  fault(method: string, fault: McpFault | null): void;
  /** Lets in only this `Authorization` header from now on; null lets in everybody. */
  authorize(authorization: string | null): void;
  /** Forgets its sessions, as after a restart. */
  forgetSessions(): Promise<void>;
  /** Waits until so many of its methods have been this one. */
  until(method: string, count?: number): Promise<void>;
  close(): Promise<void>;
};

type Session = {
  readonly server: Server;
  handle(request: Request): Promise<Response>;
};

/** Starts an MCP server on a free port of loopback. */
export async function startMcpServer(options: Options): Promise<McpServerOnLoopback> {
  let { tools } = options;
  let allowed = options.authorization ?? null;
  const calls: TestCall[] = [];
  const methods: string[] = [];
  const credentials: (string | null)[] = [];
  const faults = new Map<string, McpFault>();
  const waiting = new Set<() => void>();
  const sessions = new Map<string, Session>();

  const build = (authorization: () => string | null): Server =>
    newServer({
      tools: () => tools,
      page_size: options.page_size ?? Number.POSITIVE_INFINITY,
      begun: (call) => {
        calls.push({ ...call, authorization: authorization() });
      },
    });
  const newest = createMcpHandler(({ requestInfo }) =>
    build(() => requestInfo?.headers.get('authorization') ?? null),
  );
  const old = oldTransport();

  async function withSession(request: Request, body: unknown): Promise<Response> {
    const known = sessions.get(request.headers.get('mcp-session-id') ?? '');
    if (known !== undefined) return known.handle(request);
    if (!isInitializeRequest(body)) return Response.json(unknownSession, { status: 404 });
    const authorization = request.headers.get('authorization');
    const server = build(() => authorization);
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) =>
        void sessions.set(id, { server, handle: (one) => transport.handleRequest(one) }),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await server.connect(transport);
    return transport.handleRequest(request);
  }

  async function take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await buffer(incoming);
    const body: unknown = bytes.length > 0 ? JSON.parse(bytes.toString()) : null;
    const method = methodOf(body) ?? incoming.method ?? '';
    const authorization = incoming.headers.authorization ?? null;
    methods.push(method);
    credentials.push(authorization);
    for (const look of waiting) look();
    const fault = faults.get(method) ?? faults.get('*');
    if (fault !== undefined && fault !== 'die_in_call') return misbehave(response, fault);
    if (allowed !== null && authorization !== allowed) {
      return void response.writeHead(401, { 'www-authenticate': 'Bearer' }).end('who are you?');
    }
    if (options.kind === 'old') {
      const newServer = (): Server => build(() => authorization);
      return old.take({ incoming, response, body, newServer, dies: fault === 'die_in_call' });
    }
    const left = new AbortController();
    response.on('close', () => left.abort());
    const request = toRequest(incoming, bytes, left.signal);
    const answering = options.kind === 'sessions' ? withSession(request, body) : newest.fetch(request);
    if (fault === 'die_in_call') {
      answering.catch(() => {});
      await dieInCall(response, () => calls.some(({ name }) => name === nameOf(body)));
    } else await send(await answering, response);
  }

  const server = createServer((incoming, response) => {
    response.on('error', () => {});
    take(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    calls,
    methods,
    credentials,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
      }),
    async setTools(next): Promise<void> {
      tools = next;
      newest.notify.toolsChanged();
      const listening = [...sessions.values()].map((session) => session.server);
      await Promise.all([...listening, ...old.servers()].map((one) => one.sendToolListChanged()));
    },
    fault(method, fault): void {
      if (fault === null) faults.delete(method);
      else faults.set(method, fault);
    },
    authorize(authorization): void {
      allowed = authorization;
    },
    async forgetSessions(): Promise<void> {
      const all = [...sessions.values()];
      sessions.clear();
      await Promise.all(all.map((session) => session.server.close()));
    },
    until: (method, count = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (methods.filter((one) => one === method).length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await newest.close();
    },
  };
}

const unknownSession = { jsonrpc: '2.0', id: null, error: { code: -32_001, message: 'Session not found' } };

type Parts = {
  readonly tools: () => readonly TestTool[];
  readonly page_size: number;
  readonly begun: (call: { readonly name: string; readonly input: Input }) => void;
};

function newServer({ tools, page_size, begun }: Parts): Server {
  const server = new Server(
    { name: 'test', version: '1.0.0' },
    { capabilities: { tools: { listChanged: true } } },
  );
  server.setRequestHandler('tools/list', ({ params }) => {
    const from = Number(params?.cursor ?? 0);
    const next = from + page_size;
    return {
      tools: tools()
        .slice(from, next)
        .map(({ name, description, input_schema }) => ({
          name,
          ...(description === undefined ? {} : { description }),
          inputSchema: { ...input_schema, type: 'object' as const },
        })),
      ...(next < tools().length ? { nextCursor: String(next) } : {}),
    };
  });
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const { name, arguments: input = {} } = params;
    const tool = tools().find((one) => one.name === name);
    if (tool === undefined) throw new Error(`Unknown tool: ${name}`);
    begun({ name, input });
    const result = (await tool.run?.(input, mcpReq.signal)) ?? JSON.stringify(input);
    return typeof result === 'string' ? { content: [{ type: 'text', text: result }] } : result;
  });
  return server;
}

function misbehave(response: ServerResponse, fault: Exclude<McpFault, 'die_in_call'>): void {
  const html = { 'content-type': 'text/html' };
  if (fault === 'stall') return;
  if (fault === 'die') response.destroy();
  else if (fault === 'garbage') response.writeHead(200, html).end('<h1>It works!</h1>');
  else if (fault === 'flood') {
    response.writeHead(200, { 'content-type': 'application/json' });
    const pour = (): void => {
      if (!response.destroyed) response.write('x'.repeat(1024 * 1024), pour);
    };
    pour();
  } else if ('redirect' in fault) response.writeHead(307, { location: fault.redirect }).end();
  else response.writeHead(fault.status, html).end(fault.body ?? 'no');
}

/** The first bytes of an answer go out, then the connection is cut once the tool runs. */
async function dieInCall(response: ServerResponse, hasBegun: () => boolean): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': one moment\n\n');
  while (!hasBegun()) await new Promise((resolve) => setImmediate(resolve));
  response.destroy();
}

function methodOf(body: unknown): string | null {
  const method = body !== null && typeof body === 'object' && 'method' in body ? body.method : null;
  return typeof method === 'string' ? method : null;
}

function nameOf(body: unknown): unknown {
  return (body as { params?: { name?: unknown } } | null)?.params?.name;
}

function toRequest(incoming: IncomingMessage, bytes: Buffer<ArrayBuffer>, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value));
  const method = incoming.method ?? 'GET';
  const url = `http://${incoming.headers.host}${incoming.url}`;
  return new Request(url, { method, headers, signal, ...(bytes.length > 0 ? { body: bytes } : {}) });
}

async function send(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.flushHeaders();
  for await (const chunk of answer.body ?? []) response.write(chunk);
  response.end();
}
