import { isUtf8 } from 'node:buffer';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyReply, fastify } from 'fastify';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { errorResponse, sendError, toPawlError } from './errors.ts';
import { parseQuery } from './query.ts';
import { compileSchema, type ZodProvider } from './route.ts';

/** The HTTP server as the route files see it. */
export type App = ReturnType<typeof bare>;

const maxBodyBytes = 32 * 1024 * 1024;

/**
 * An HTTP server without routes: it reads JSON, checks requests against zod schemas, and names each request. The
 * proxies are believed about the address that a request comes from.
 */
export function newApp(ids: Ids, trusted_proxies: readonly string[] = []): App {
  const app = bare(ids, trusted_proxies);
  readBodies(app);
  app.server.on('checkExpectation', (_request, response: ServerResponse) => {
    const error = new PawlError('invalid_request', "expect: only '100-continue' is understood");
    const id = ids.next('request');
    const body = JSON.stringify(errorResponse(error, id));
    response.writeHead(400, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'request-id': id,
      connection: 'close',
    });
    response.end(body);
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('request-id', request.id);
  });
  return app;
}

/** Fastify's own would load a validator and a serializer of JSON schemas, and no schema here is one. */
const ownCompilers = {
  buildValidator: () => compileSchema as never,
  buildSerializer: () => () => JSON.stringify,
};

function bare(ids: Ids, trusted_proxies: readonly string[]) {
  return fastify({
    logger: false,
    schemaController: { compilersFactory: ownCompilers },
    trustProxy: trusted_proxies.length === 0 ? false : [...trusted_proxies],
    bodyLimit: maxBodyBytes,
    exposeHeadRoutes: false,
    // An open stream would otherwise hold up the end of the process.
    forceCloseConnections: true,
    // HTTP/1.1 wants the header; without it the answer would come from Node, and in no envelope.
    http: { requireHostHeader: false },
    // For a whole request to arrive; whoever sends half of one would otherwise keep the connection.
    requestTimeout: 300_000,
    clientErrorHandler: (error, socket) => refuseGarbage(ids.next('request'), error, socket),
    genReqId: () => ids.next('request'),
    routerOptions: { querystringParser: parseQuery, maxParamLength: 500 },
    frameworkErrors: (error, request, reply) => {
      reply.header('request-id', request.id);
      sendError(reply as unknown as FastifyReply, toPawlError(error));
    },
  }).withTypeProvider<ZodProvider>();
}

/** Answers what is no HTTP request, or does not become one in time, and hangs up. */
function refuseGarbage(id: string, cause: Error & { code?: string }, socket: Socket): void {
  if (cause.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { code, what } = garbage[cause.code ?? ''] ?? {
    code: 'invalid_request',
    what: 'This is no HTTP request',
  };
  const error = new PawlError(code, what, { cause });
  const body = JSON.stringify(errorResponse(error, id));
  const head = [
    `HTTP/1.1 ${error.entry.status} ${STATUS_CODES[error.entry.status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `request-id: ${id}`,
    'connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}

const garbage: Readonly<Record<string, { code: 'invalid_request' | 'request_timeout'; what: string }>> = {
  HPE_HEADER_OVERFLOW: { code: 'invalid_request', what: 'The request headers are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', what: 'The request did not arrive in time' },
};

/** JSON, and nothing else. An empty body is an empty object, because some clients announce JSON and send none. */
function readBodies(app: App): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    /^application\/([\w.-]+\+)?json\s*(;|$)/,
    { parseAs: 'buffer' },
    (request, body, done) => {
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      if (bytes.length === 0) done(null, {});
      else if (isUtf8(bytes)) void parseJson(request, bytes.toString(), done);
      else done(new PawlError('invalid_request', 'The request body is not UTF-8'));
    },
  );
  app.addHook('preValidation', async (request) => {
    request.body ??= {};
  });
}
