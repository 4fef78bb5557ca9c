import { type Clock, formatTime } from '../core/clock.ts';
import type { EventBody, EventDraft, SessionError } from '../core/events.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry, TurnOutcome } from '../core/telemetry.ts';
import { spanNames } from '../core/telemetry-names.ts';
import type { SessionRow } from '../store/sessions.ts';
import { isSpent } from './budget.ts';
import { type Calls, callsOf, closedCalls, keptCalls, type McpCall, readCalls, started } from './calls.ts';
import { draftsWith, requestStart, rescheduled, running } from './choreography.ts';
import type { Summary } from './compaction.ts';
import { continueTurn, type Ended, type Step } from './continuing.ts';
import { type Ending, endTurn } from './ending.ts';
import { readInbox } from './inbox.ts';
import { type Decision, type Journal, requireAttempt } from './journal.ts';
import { answeredRequest, charged, failedRequest, type Reply, said } from './reply.ts';
import type { CallOutcome } from './toolbox.ts';
import { turnOutcome } from './turn-outcome.ts';
import type { Run, TurnWork } from './turn-work.ts';

type Deps = {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** The most model requests that one turn makes. */
  readonly max_rounds: number;
};

/**
 * Writes down what happens in a turn, each time with what that makes of the session. Every write throws a FencedError when
 * somebody else has taken the session on.
 */
export function createTurnRecord({ journal, clock, ids, log, telemetry, max_rounds }: Deps) {
  const draft = draftsWith(ids);
  const context = () => ({ ids, now: clock.now(), max_rounds });

  /** Writes as long as the attempt is ours, and tells when the turn came to rest with that. */
  async function write<T>(
    { sessionId, attempt }: TurnWork,
    decide: (session: SessionRow, queued: readonly EventDraft[]) => Decision<T>,
    ending: Ending | null = null,
  ): Promise<T> {
    let outcome: TurnOutcome | null = null;
    const written = await journal.write(sessionId, async (session, tx) => {
      requireAttempt(session, attempt);
      const decision = decide(session, await readInbox(tx, session));
      outcome = turnOutcome(decision.events ?? [], ending);
      return decision;
    });
    if (outcome !== null) tell(sessionId, outcome);
    return written.result;
  }

  function tell(session_id: string, outcome: TurnOutcome): void {
    const span = telemetry.tracer.current();
    span.set({ [spanNames.turn_outcome]: outcome });
    if (outcome === 'error') span.fail(outcome);
    telemetry.metrics.turnEnded(outcome);
    log.debug({ session_id, outcome }, 'A turn came to rest');
  }

  /** The calls that this server does not make. */
  function tellCalls({ uses, open }: Calls): void {
    for (const { type } of uses)
      if (type === 'agent.tool_use') telemetry.metrics.toolCalled('unknown', 'refused', null);
    for (const { kind } of open)
      if (kind === 'custom') telemetry.metrics.toolCalled('custom', 'handed_over', null);
  }

  return {
    /** A session that somebody has left in the middle: what was under way is closed, and the turn goes on. */
    takeUp: (work: TurnWork): Promise<Step> =>
      write(work, (session, queued) => {
        const calls = readCalls(session);
        const lost = calls.filter((call) => call.kind === 'mcp' && call.state === 'started');
        const closed = [...failedRequest(session), ...closedCalls(lost, 'lost')].map(draft);
        const resumed = session.status === 'rescheduling' ? running(session).map(draft) : [];
        const left = keptCalls(calls.filter((call) => !lost.includes(call)));
        // A request that is made again is the same round.
        const cut = session.open_span !== null || session.status === 'rescheduling';
        const rounds = cut ? session.rounds - 1 : session.rounds;
        const changes = { ...left, open_span: null, status: 'running', rounds } as const;
        const step = continueTurn({ ...session, ...changes }, queued, context());
        return behind({ events: [...closed, ...resumed], changes }, step);
      }),

    /** Another request of the same turn begins; gives the id of its start. */
    begin: (work: TurnWork): Promise<string> =>
      write(work, (session) => {
        const resumed = session.status === 'rescheduling' ? running(session).map(draft) : [];
        const start = requestStart(ids);
        const changes = { status: 'running', open_span: start.id } as const;
        return {
          events: [...failedRequest(session).map(draft), ...resumed, start],
          changes,
          result: start.id,
        };
      }),

    /** The request has failed, and is made again after a while. */
    reschedule: (work: TurnWork, error: SessionError): Promise<null> =>
      write(work, (session) => ({
        events: [...failedRequest(session), ...rescheduled(session, error)].map(draft),
        changes: { status: 'rescheduling', open_span: null, updated_at: formatTime(clock.now()) },
        result: null,
      })),

    /** The turn is over, or rests. */
    end: (work: TurnWork, ending: Ending): Promise<Ended> =>
      write(
        work,
        (session, queued) => ({
          ...endTurn(session, ending, queued, context()),
          result: { kind: 'ended' },
        }),
        ending,
      ),

    /** All calls of a round are answered. */
    goOn: (work: TurnWork): Promise<Step> =>
      write(work, (session, queued) => continueTurn(session, queued, context())),

    /** A reply that calls tools, and where the turn goes with them. */
    takeCalls: async (work: Run, reply: Reply): Promise<Step> => {
      const find = work.toolbox.find;
      // Once, and not in each try to write: a rehearsal counts what it was asked.
      const calls = callsOf(reply.reply.tool_uses, { find, nextId: () => ids.next('event') });
      const step = await write(work, (session, queued) => {
        const requestEnd = answeredRequest(session, reply).map(draft);
        const events = [...said(reply), ...calls.uses, ...requestEnd, ...calls.answers];
        const changes = { ...charged(session, reply), ...keptCalls(calls.open), open_span: null };
        return behind({ events, changes }, continueTurn({ ...session, ...changes }, queued, context()));
      });
      tellCalls(calls);
      return step;
    },

    /** What was allowed begins: from here on it may have run. */
    startCalls: (work: TurnWork): Promise<null> =>
      write(work, (session) => ({ changes: keptCalls(readCalls(session).map(started)), result: null })),

    /** What came of a call that this server has made. Writing it again changes nothing. */
    takeAnswer: (work: TurnWork, call: McpCall, { answer, trouble }: CallOutcome): Promise<null> =>
      write(work, (session) => {
        const calls = readCalls(session);
        const left = calls.filter(({ id }) => id !== call.id);
        if (left.length === calls.length) return { result: null };
        const bodies: EventBody[] = [
          ...(trouble === null ? [] : [{ type: 'session.error', error: trouble } as const]),
          { type: 'agent.mcp_tool_result', mcp_tool_use_id: call.id, ...answer },
        ];
        return { events: bodies.map(draft), changes: keptCalls(left), result: null };
      }),

    /** The end of a request that summarised: it is paid for, and not said. Says whether the budget is used up by it. */
    takePiece: (work: TurnWork, reply: Reply): Promise<{ readonly spent: boolean }> =>
      write(work, (session) => {
        const events = answeredRequest(session, reply).map(draft);
        const changes = { ...charged(session, reply), open_span: null };
        return { events, changes, result: { spent: isSpent({ ...session, ...changes }) } };
      }),

    /** From here on the model reads a summary, or from the message on that it leads up to. */
    takeSummary: (work: TurnWork, { done, kept }: Pick<Summary, 'done' | 'kept'>): Promise<Step> =>
      write(work, (session, queued) => {
        const event = draft({ type: 'agent.thread_context_compacted', pawl: { summary: done } });
        // The request that was too long is made again, in fewer words.
        const changes = { context_from: kept ?? session.last_seq + 1, rounds: session.rounds - 1 };
        const step = continueTurn({ ...session, ...changes }, queued, context());
        return behind({ events: [event], changes }, step);
      }),

    /** What went wrong beside the turn, which goes on. */
    tell: async (work: TurnWork, errors: readonly SessionError[]): Promise<void> => {
      const events = errors.map((error) => draft({ type: 'session.error', error }));
      if (events.length > 0) await write(work, () => ({ events, result: null }));
    },
  };
}

export type TurnRecord = ReturnType<typeof createTurnRecord>;

/** A decision with what comes before it in the same commit. */
function behind<T>(
  first: { readonly events: readonly EventDraft[]; readonly changes: Partial<SessionRow> },
  decision: Decision<T>,
): Decision<T> {
  return {
    ...decision,
    events: [...first.events, ...(decision.events ?? [])],
    changes: { ...first.changes, ...decision.changes },
  };
}
