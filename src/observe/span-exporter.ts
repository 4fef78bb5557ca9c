import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../core/log.ts';
import { otlpBody, type Resource } from './otlp.ts';
import type { EndedSpan } from './tracer.ts';

type Deps = {
  /** Where spans are sent to, with its path. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Resource;
  readonly log: Log;
  /** Told how many spans have arrived, or will never. */
  readonly onDone: (outcome: 'sent' | 'dropped', spans: number) => void;
  /** How long spans wait for others to go along with, in milliseconds. */
  readonly pause_ms: number;
  /** After each of these waits a request that failed is made again. */
  readonly retries_ms: readonly number[];
};

/** More than these are dropped: somebody who takes no traces must not cost this process its memory. */
const mostWaiting = 4096;
const sentTogether = 512;
const timeoutMs = 10_000;
/** These say that the same request may succeed later: https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes. */
const passing = [429, 502, 503, 504];

/** Sends spans, some at a time and one request after the other. Nobody ever waits for it but the end of the process. */
export function createSpanExporter({ url, headers, resource, log, onDone, pause_ms, retries_ms }: Deps) {
  let waiting: EndedSpan[] = [];
  let sending: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isDown = false;
  const stopping = new AbortController();

  /** Sends one request; gives null when it has arrived, and otherwise why it has not. */
  async function post(body: string): Promise<{ readonly reason: string; readonly again: boolean } | null> {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), stopping.signal]);
    try {
      const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
      await response.body?.cancel();
      if (response.ok) return null;
      return { reason: `HTTP ${response.status}`, again: passing.includes(response.status) };
    } catch (error) {
      const reason =
        error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : 'no connection';
      return { reason, again: true };
    }
  }

  async function send(spans: readonly EndedSpan[]): Promise<void> {
    const body = otlpBody(spans, resource);
    for (const waitMs of [...retries_ms, null]) {
      const failure = await post(body);
      if (failure === null) {
        if (isDown) log.info({}, 'Traces arrive again');
        isDown = false;
        onDone('sent', spans.length);
        return;
      }
      if (waitMs === null || !failure.again || stopping.signal.aborted) {
        // Once for each outage: the metrics have the numbers.
        if (!isDown) log.warn({ reason: failure.reason }, 'Traces could not be sent, and are dropped');
        isDown = true;
        onDone('dropped', spans.length);
        return;
      }
      await wait(waitMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
    }
  }

  async function sendAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, sentTogether);
      waiting = waiting.slice(sentTogether);
      await send(batch);
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    sending ??= sendAll().finally(() => {
      sending = null;
    });
    return sending;
  }

  return {
    add(span: EndedSpan): void {
      if (waiting.length >= mostWaiting) {
        onDone('dropped', 1);
        return;
      }
      waiting.push(span);
      if (waiting.length >= sentTogether) void flush();
      else timer ??= setTimeout(() => void flush(), pause_ms).unref();
    },

    /** Sends what is left for as long as `graceMs`, and drops the rest. */
    async stop(graceMs: number): Promise<void> {
      const last = flush();
      const patience = new AbortController();
      await Promise.race([last, wait(graceMs, undefined, { signal: patience.signal }).catch(() => {})]);
      patience.abort();
      stopping.abort();
      await last;
    },
  };
}

export type SpanExporter = ReturnType<typeof createSpanExporter>;
