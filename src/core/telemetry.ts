import type { RequestUsage } from './usage.ts';

/** How a turn came to rest. */
export const turnOutcomes = [
  'reply',
  'refusal',
  'error',
  'interrupted',
  'requires_action',
  'budget_reached',
] as const;
export type TurnOutcome = (typeof turnOutcomes)[number];

/** Who answers a request to a model, and for which model id of theirs. */
export type AskedModel = { readonly provider: string; readonly model: string };

/** A request to a model that is over. Durations are in seconds. */
export type ModelRequestEnd = AskedModel & {
  /** `ok`, `aborted`, or the type of the error. */
  readonly outcome: string;
  readonly seconds: number;
  /** How long it took until the first piece of text; null when none came. */
  readonly first_text_seconds: number | null;
  /** Null unless it was answered. */
  readonly usage: RequestUsage | null;
};

/** An HTTP request that is answered. */
export type AnsweredHttp = {
  readonly method: string;
  /** The pattern of its route, such as `/v1/sessions/:id`; null when there is none. */
  readonly route: string | null;
  readonly status: number;
  /** Null for a stream, which lasts as long as somebody listens. */
  readonly seconds: number | null;
};

/** Who makes the calls of a tool: this server at an MCP server, the client, or nobody, because there is no such tool. */
export type CallKind = 'mcp' | 'custom' | 'unknown';

/**
 * What came of a call: an answer, one that says that something went wrong, no answer from the MCP server, none because
 * the turn was stopped; a client's call is handed over to it, and one that does not run is refused.
 */
export type CallEnd = 'ok' | 'error' | 'unreachable' | 'aborted' | 'handed_over' | 'refused';

/** What is counted. Rooms say what has happened; which metrics come of it is not their business. */
export type Metrics = {
  answered(request: AnsweredHttp): void;
  streamOpened(): void;
  streamClosed(): void;
  /** This process begins to run a turn, or goes on with one. */
  turnBegan(): void;
  /** It has run it to its end, or lets it go. */
  turnLeft(seconds: number): void;
  turnEnded(outcome: TurnOutcome): void;
  modelAnswered(request: ModelRequestEnd): void;
  /** A request that failed is to be made again. */
  modelRetried(asked: AskedModel): void;
  /** What an answered request cost at list prices, in US dollars. */
  modelPaid(asked: AskedModel, cost_usd: number): void;
  /** `seconds` is null for calls that this server does not make. */
  toolCalled(kind: CallKind, outcome: CallEnd, seconds: number | null): void;
  /** What an attempt to deliver a webhook came to; `again` and `dead` have failed. */
  deliveryTried(outcome: 'delivered' | 'again' | 'dead'): void;
  caseDone(outcome: 'done' | 'error'): void;
  rolloutLooked(decision: 'advance' | 'pause' | 'roll_back' | 'wait'): void;
  databaseWritten(seconds: number): void;
  /** A write failed because the database could not be used. */
  databaseFailed(): void;
};

/** Attributes of a span; what is undefined is left out. They must hold no prompt, reply or secret. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A span to begin. Without `parent` and `follows`, the one under way is its parent. */
export type SpanStart = {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  readonly attributes: SpanAttributes;
  /** A `traceparent` header; one that cannot be read, or undefined in its place, begins a trace. */
  readonly traceparent?: string | undefined;
  /** The name that {@link Tracer.handOver} was given; a trace begins where nothing was handed over. */
  readonly follows?: string;
};

/** A stretch of work that is under way. */
export type Span = {
  /** For when it is known only later whose work it is. */
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  /** Marks it as failed; `type` is a word of a closed list, and never a message. */
  fail(type: string): void;
  /** Runs `work` so that spans which begin in it, or in what it awaits, are below this one. */
  within<T>(work: () => T): T;
  end(): void;
};

/** Writes down what happens inside what. */
export type Tracer = {
  begin(start: SpanStart): Span;
  /** The span under way. */
  current(): Span;
  /** Lets work that begins later, out of a queue, stand below the HTTP request that is under way now, if there is one. */
  handOver(name: string): void;
};

/** How a room tells what it does. */
export type Telemetry = {
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** Milliseconds of a clock that nobody sets, to measure by. */
  readonly elapsed: () => number;
};

const noSpan: Span = {
  rename: () => {},
  set: () => {},
  fail: () => {},
  within: (work) => work(),
  end: () => {},
};

/** A tracer for when nobody wants traces. */
export const noTracer: Tracer = { begin: () => noSpan, current: () => noSpan, handOver: () => {} };

/** Runs work as a span, which fails when the work does: `failure` names the error, or is null where it is none. */
export async function traced<T>(
  tracer: Tracer,
  start: SpanStart,
  work: (span: Span) => Promise<T>,
  failure: (error: unknown) => string | null = nameOf,
): Promise<T> {
  const span = tracer.begin(start);
  try {
    return await span.within(() => work(span));
  } catch (error) {
    const type = failure(error);
    if (type !== null) span.fail(type);
    throw error;
  } finally {
    span.end();
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
