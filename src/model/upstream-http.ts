import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** One POST to a provider, as the `fetch` of an SDK is asked for it. */
export type PostCall = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal | undefined;
};

const statusesWithoutBody = [204, 205, 304];

/**
 * Posts over connections that are kept for the next request. Node's own `fetch` is not used: it gives up on an
 * upstream that is silent for five minutes, whatever time-out is set here, and leaves so much behind that the
 * server's memory grows by tens of megabytes under load. Redirects are answers like any other.
 */
export function createPoster(): (call: PostCall) => Promise<Response> {
  const plain = new HttpAgent({ keepAlive: true });
  const secure = new HttpsAgent({ keepAlive: true });
  return ({ url, headers, body, signal }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const options: RequestOptions = {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      ...(signal === undefined ? {} : { signal }),
    };
    const request = url.startsWith('https:')
      ? httpsRequest(url, { ...options, agent: secure })
      : httpRequest(url, { ...options, agent: plain });
    request.once('response', (message) => resolve(toResponse(message)));
    // Stays for good: after the response has begun, an abort is reported here as well as by the body.
    request.on('error', reject);
    request.end(body);
    return promise;
  };
}

function toResponse(message: IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers.set(name, String(value));
  }
  const status = message.statusCode ?? 0;
  if (!statusesWithoutBody.includes(status)) return new Response(toStream(message), { status, headers });
  message.resume();
  return new Response(null, { status, headers });
}

function toStream(message: IncomingMessage): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      let open = true;
      const settle = (how: () => void): void => {
        if (open) how();
        open = false;
      };
      message.on('data', (chunk: Buffer) => {
        if (!open) return;
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 1) <= 0) message.pause();
      });
      message.once('end', () => settle(() => controller.close()));
      message.once('error', (error) => settle(() => controller.error(error)));
      message.once('close', () => settle(() => controller.error(new Error('The connection was closed'))));
    },
    pull() {
      message.resume();
    },
    cancel() {
      message.destroy();
    },
  });
}
