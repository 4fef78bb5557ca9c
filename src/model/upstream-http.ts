import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** One request, as the `fetch` of an SDK is asked for it. */
export type Call = {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly signal: AbortSignal | undefined;
};

const mostCollected = 32 * 1024 * 1024;

/**
 * Makes requests over connections that are kept for the next one. Node's own `fetch` is not used: it gives up on an
 * upstream that is silent for five minutes, whatever time-out is set here, and leaves so much behind that the
 * server's memory grows by tens of megabytes under load. Redirects are answers like any other.
 */
export function createCaller(): (call: Call) => Promise<Response> {
  const plain = new HttpAgent({ keepAlive: true });
  const secure = new HttpsAgent({ keepAlive: true });
  return ({ url, method, headers, body, signal }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    // A long text would be gone through once for its length, and once more to send it.
    const bytes = body === null ? null : Buffer.from(body);
    const options: RequestOptions = {
      method,
      headers: bytes === null ? headers : { ...headers, 'content-length': bytes.length },
    };
    const request = url.startsWith('https:')
      ? httpsRequest(url, { ...options, agent: secure })
      : httpRequest(url, { ...options, agent: plain });
    // Not the request's own option, which watches over three streams and costs a tenth of the request.
    const stop = (): void => void request.destroy(signal?.reason as Error);
    signal?.addEventListener('abort', stop, { once: true });
    request.once('close', () => signal?.removeEventListener('abort', stop));
    request.once('response', (message) => void toResponse(message).then(resolve, reject));
    // Stays for good: after the response has begun, an abort is reported here as well as by the body.
    request.on('error', reject);
    if (signal?.aborted === true) stop();
    request.end(bytes ?? undefined);
    return promise;
  };
}

async function toResponse(message: IncomingMessage): Promise<Response> {
  if (message.headers['content-type']?.startsWith('text/event-stream') === true) {
    return new Response(toStream(message), headOf(message));
  }
  const bytes = await collect(message);
  // The ways in which the SDKs read a response, which cost a tenth of reading a stream.
  return Object.assign(new Response(null, headOf(message)), {
    text: async (): Promise<string> => bytes.toString(),
    json: async (): Promise<unknown> => JSON.parse(bytes.toString()),
    arrayBuffer: async (): Promise<ArrayBuffer> => new Uint8Array(bytes).buffer,
  });
}

/** An answer that is no stream is read to its end first: that is much cheaper than a stream of it. */
function collect(message: IncomingMessage): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  message.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > mostCollected) message.destroy(new Error('the answer is longer than 32 MiB'));
  });
  message.once('end', () => resolve(Buffer.concat(chunks)));
  message.once('error', reject);
  message.once('close', () => reject(new Error('The connection was closed')));
  return promise;
}

function headOf(message: IncomingMessage): { status: number; headers: Headers } {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers.set(name, String(value));
  }
  return { status: message.statusCode ?? 0, headers };
}

function toStream(message: IncomingMessage): ReadableStream<Uint8Array> {
  let open = true;
  return new ReadableStream<Uint8Array>({
    start(controller) {
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
      // More of the message may be on its way, and a cancelled stream takes nothing, not even its end.
      open = false;
      message.destroy();
    },
  });
}
