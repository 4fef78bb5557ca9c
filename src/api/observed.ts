import type { FastifyReply, FastifyRequest } from 'fastify';
import { isId } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Span, Telemetry } from '../core/telemetry.ts';
import { spanNames } from '../core/telemetry-names.ts';
import type { App } from './http.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The span of the request; set before any handler runs. */
    span: Span;
  }
}

type Deps = { readonly log: Log; readonly telemetry: Telemetry };

/** What is noted when the client was gone before there was an answer, as others note it. */
const goneStatus = 499;

/** Logs, measures and traces every request. Has to come before whatever a request may wait for. */
export function observeRequests(app: App, deps: Deps): void {
  app.decorateRequest('span', null as unknown as Span);
  app.addHook('onRequest', (request, reply, done) => {
    // Put together anew whenever it is asked for.
    const { url, config } = request.routeOptions;
    if (config.stream === true) deps.telemetry.metrics.streamOpened();
    // Comes in any case, also when the client does not wait for the answer.
    reply.raw.once('close', () => tell(deps, request, reply, { url, config }));
    request.span = deps.telemetry.tracer.begin({
      name: `${request.method} ${url ?? ''}`.trimEnd(),
      kind: 'server',
      attributes: {
        [spanNames.http_method]: request.method,
        [spanNames.http_route]: url,
        [spanNames.request]: request.id,
        [spanNames.conversation]: sessionOf(request),
      },
      traceparent: headerOf(request, 'traceparent'),
    });
    request.span.within(done);
  });
  // A body arrives outside of whatever the request had begun in.
  app.addHook('preValidation', (request, _reply, done) => request.span.within(done));
}

function tell(
  { log, telemetry }: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  { url, config }: Pick<FastifyRequest['routeOptions'], 'url' | 'config'>,
): void {
  const { method, span } = request;
  const route = url ?? null;
  const status = reply.raw.headersSent ? reply.raw.statusCode : goneStatus;
  const ms = reply.elapsedTime;
  const isStream = config.stream === true;
  if (isStream) telemetry.metrics.streamClosed();
  telemetry.metrics.answered({ method, route, status, seconds: isStream ? null : ms / 1000 });
  span.set({ [spanNames.http_status]: status });
  if (status >= 500) span.fail(String(status));
  // What watches over the server asks all the time, and would be most of all traces.
  if (config.unlimited !== true) span.end();
  const fields = { request_id: request.id, session_id: sessionOf(request), method, route, status };
  log.debug({ ...fields, ms: Math.round(ms) }, 'Answered');
}

/** The session that a request is about, where its path names one. */
function sessionOf({ params }: FastifyRequest): string | undefined {
  const { id } = (params ?? {}) as { readonly id?: string };
  return id !== undefined && isId('session', id) ? id : undefined;
}

function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
