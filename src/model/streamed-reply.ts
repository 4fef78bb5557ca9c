import type { Deadline } from './deadline.ts';
import type { FailureContext } from './failure.ts';
import type { ModelRequest, SendOptions } from './model.ts';

/** A reply that is about to arrive, and what it takes to read it. */
export type StreamedReply = {
  readonly response: Response;
  readonly deadline: Deadline;
  readonly context: FailureContext;
  /** What is answered. */
  readonly request: ModelRequest;
  readonly onText: SendOptions['onText'] | undefined;
};
