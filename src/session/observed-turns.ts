import type { Log } from '../core/log.ts';
import { type Span, type Telemetry, traced } from '../core/telemetry.ts';
import { spanNames, spanOperations } from '../core/telemetry-names.ts';
import { handoverName } from '../queue/traced-queue.ts';
import type { SessionRow } from '../store/sessions.ts';
import type { McpCall } from './calls.ts';
import { FencedError } from './journal.ts';
import type { CallOutcome } from './toolbox.ts';
import type { Run, TurnWork } from './turn-work.ts';

/** Runs turns; gives what came of each. */
type Turns<T> = { run(work: TurnWork): Promise<T> };

/** Turns that are measured, and stand in the trace of the request that has asked for them. */
export function observedTurns<T>(turns: Turns<T>, { metrics, tracer, elapsed }: Telemetry): Turns<T> {
  return {
    async run(work) {
      const began = elapsed();
      const start = {
        name: spanOperations.turn,
        kind: 'internal',
        follows: handoverName({ subject: work.sessionId, attempt: work.attempt }),
        attributes: {
          [spanNames.operation]: spanOperations.turn,
          [spanNames.conversation]: work.sessionId,
        },
      } as const;
      metrics.turnBegan();
      try {
        return await traced(tracer, start, () => turns.run(work), failureOf);
      } finally {
        metrics.turnLeft((elapsed() - began) / 1000);
      }
    },
  };
}

/** Says in the span of a turn whose turn it is. */
export function describeTurn(span: Span, session: SessionRow): void {
  span.rename(`${spanOperations.turn} ${session.agent_name}`);
  span.set({
    [spanNames.agent_id]: session.agent_id,
    [spanNames.agent_name]: session.agent_name,
    [spanNames.agent_version]: String(session.agent_version),
  });
}

/** Makes a call of a tool, and tells what came of it: which tool, and neither what it was asked nor what it said. */
export async function observedCall(
  { telemetry, log }: { readonly telemetry: Telemetry; readonly log: Log },
  { sessionId, toolbox, signal }: Run,
  call: McpCall,
): Promise<CallOutcome> {
  const { metrics, tracer, elapsed } = telemetry;
  const began = elapsed();
  const tell = (outcome: 'ok' | 'error' | 'unreachable' | 'aborted'): void => {
    const ms = elapsed() - began;
    metrics.toolCalled('mcp', outcome, ms / 1000);
    const { server, name: tool } = call;
    log.debug({ session_id: sessionId, server, tool, outcome, ms: Math.round(ms) }, 'A tool was called');
  };
  const start = {
    name: `${spanOperations.call} ${call.name}`,
    kind: 'internal',
    attributes: {
      [spanNames.operation]: spanOperations.call,
      [spanNames.tool_name]: call.name,
      [spanNames.tool_type]: 'extension',
      [spanNames.call_id]: call.id,
      [spanNames.mcp_server]: call.server,
    },
  } as const;
  return traced(
    tracer,
    start,
    async (span) => {
      try {
        const called = await toolbox.call(call, signal);
        if (called.answer.is_error) span.fail(called.trouble?.type ?? 'tool_error');
        if (called.trouble !== null) tell('unreachable');
        else tell(called.answer.is_error ? 'error' : 'ok');
        return called;
      } catch (error) {
        tell('aborted');
        throw error;
      }
    },
    () => null,
  );
}

/** What went wrong with a turn; null when somebody else goes on with it. */
function failureOf(error: unknown): string | null {
  return error instanceof FencedError ? null : 'not_recorded';
}
