import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventually } from './story.ts';

/** A span as it arrives at a collector. */
export type ArrivedSpan = {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Whether it is marked as failed. */
  readonly failed: boolean;
};

/** A collector of traces, which takes the JSON of OTLP over HTTP. */
export type Collector = {
  readonly url: string;
  /** The headers of each request. */
  readonly headers: readonly Readonly<Record<string, unknown>>[];
  /** Every body that it has taken, as it was written. */
  readonly bodies: readonly string[];
  /** What the next requests are answered, one after the other; before and after that it is 200. */
  answer(...next: (number | 'silence')[]): void;
  /** Waits for a span that ended under this name, with these attributes: the newest. */
  span(name: string, attributes?: ArrivedSpan['attributes']): Promise<ArrivedSpan>;
  close(): void;
};

type Body = {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ArrivedSpan, 'attributes' | 'failed'> & {
        readonly attributes: readonly {
          readonly key: string;
          readonly value: Readonly<Record<string, unknown>>;
        }[];
        readonly status?: { readonly code: number };
      })[];
    }[];
  }[];
};

export async function startCollector(): Promise<Collector> {
  const bodies: string[] = [];
  const headers: Record<string, unknown>[] = [];
  const answers: (number | 'silence')[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const answer = request.url === '/v1/traces' ? (answers.shift() ?? 200) : 404;
      if (answer === 'silence') return;
      headers.push(request.headers);
      if (answer === 200) bodies.push(body);
      // Whoever sends again need not wait.
      response.writeHead(answer, { 'retry-after': new Date(0).toUTCString() }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ headers, bodies },
    answer: (...next) => void answers.push(...next),
    span: (name, attributes = {}) =>
      eventually(`span ${name}`, () =>
        bodies.flatMap(spansIn).findLast((one) => one.name === name && has(one, attributes)),
      ),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function has(span: ArrivedSpan, attributes: ArrivedSpan['attributes']): boolean {
  return Object.entries(attributes).every(([key, value]) => span.attributes[key] === value);
}

function spansIn(text: string): ArrivedSpan[] {
  const { resourceSpans } = JSON.parse(text) as Body;
  return resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ attributes, status, ...span }) => ({
        ...span,
        attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
        failed: status?.code === 2,
      })),
    ),
  );
}
