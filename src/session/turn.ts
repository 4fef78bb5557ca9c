import { setTimeout as wait } from 'node:timers/promises';
import type { Versions } from '../agent/versions.ts';
import type { AgentConfig } from '../core/agent-config.ts';
import { PawlError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { ModelError } from '../model/model.ts';
import type { Router } from '../model/router.ts';
import type { Store } from '../store/dialect.ts';
import { hasQueuedInterrupt } from '../store/events.ts';
import { findSession, type SessionRow } from '../store/sessions.ts';
import { type Asking, failedFor, type TooLong } from './asking.ts';
import { type McpCall, readCalls } from './calls.ts';
import { afterPiece, doesNotFit, startSummary, summaryRequest, withSmallerPieces } from './compaction.ts';
import type { Ended, Step } from './continuing.ts';
import { createConversations } from './conversations.ts';
import type { Ending } from './ending.ts';
import { FencedError, requireAttempt } from './journal.ts';
import { describeTurn, observedCall } from './observed-turns.ts';
import { vaultIdsOf } from './opening.ts';
import { type Attachments, planRequest, type RequestPlan, sessionConfig } from './plan.ts';
import { openRehearsal } from './rehearsal.ts';
import type { Toolbox, Toolboxes } from './toolbox.ts';
import type { TurnRecord } from './turn-record.ts';
import { type NextStep, type Run, type TurnWork, toldToStop } from './turn-work.ts';

type Deps = {
  readonly store: Store;
  readonly versions: Versions;
  readonly router: Router;
  readonly toolboxes: Toolboxes;
  readonly attachments: Attachments;
  readonly record: TurnRecord;
  readonly asking: Asking;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** Whether what a model costs is known. */
  readonly hasPrice: (model: string) => boolean;
  /** The most tokens that one reply may have. */
  readonly max_tokens: number;
};

/** Runs turns: ask the model, make the calls that it asks for, try again where that may help, and write it all down. */
export function createTurns(deps: Deps) {
  const { store, log, record, asking } = deps;
  const conversations = createConversations(store);

  /** Asks the model what comes next, and takes what it says. */
  async function request(run: Run, session: SessionRow): Promise<NextStep | TooLong> {
    const model = run.config.model.id;
    if (session.budget !== null && !deps.hasPrice(model)) return record.end(run, withoutPrice(model));
    const plan = await planOrFailure({ ...deps, conversations }, { ...run, session });
    if ('kind' in plan) return record.end(run, plan);
    const asked = await asking(run, { plan, span_id: session.open_span });
    if (asked.kind === 'over') return asked.step;
    if (asked.kind === 'too_long') return asked;
    return asked.reply.tool_uses.length === 0 ? record.end(run, asked) : record.takeCalls(run, asked);
  }

  /** Makes room in the model's window: what was said becomes a summary, and the turn goes on behind it. */
  async function compact(run: Run, { plan, error }: TooLong): Promise<NextStep> {
    const session = await requireSession(store, run);
    let summary = startSummary((await conversations.read(session)).events);
    // What is asked is too long by itself: there is nothing to put into fewer words.
    if (summary === null) return record.end(run, failedFor(error));
    while (summary.rest !== '') {
      const span_id = await record.begin(run);
      const piece = { ...plan, request: summaryRequest(plan.request, summary) };
      const asked = await asking(run, { plan: piece, span_id, silent: true });
      if (asked.kind === 'over') return asked.step;
      if (asked.kind === 'too_long') summary = withSmallerPieces(summary);
      else {
        const { spent } = await record.takePiece(run, asked);
        const said = asked.reply.content.map(({ text }) => text).join('');
        if (asked.reply.refusal !== null || said.trim() === '') {
          return record.end(run, tooLong('the model gave no summary of it'));
        }
        summary = afterPiece(summary, said);
        if (spent && summary !== null && summary.rest !== '')
          return record.end(run, { kind: 'budget_reached' });
      }
      if (summary === null) return record.end(run, tooLong('a summary of it took too many requests'));
    }
    return record.takeSummary(run, summary);
  }

  /** Makes calls side by side. Each answer is on disk as soon as it is there. */
  async function makeCalls(run: Run, calls: readonly McpCall[]): Promise<NextStep> {
    if (run.signal.aborted) return stopNow(run);
    if (calls.some(({ state }) => state === 'allowed')) await record.startCalls(run);
    const made = calls.map(async (call) => {
      const outcome = await observedCall(deps, run, call);
      await keepTrying(run, () => record.takeAnswer(run, call, outcome));
    });
    const failed = (await Promise.allSettled(made)).find((one) => one.status === 'rejected');
    if (failed === undefined) return record.goOn(run);
    if (!run.signal.aborted) throw failed.reason;
    return stopNow(run);
  }

  /** Writes what cannot be had again, also when the database is away for a while. */
  async function keepTrying(run: Run, writing: () => Promise<unknown>): Promise<void> {
    for (const waitMs of [...repairsMs, null]) {
      try {
        await writing();
        return;
      } catch (error) {
        if (waitMs === null || error instanceof FencedError || error instanceof PawlError) throw error;
        const about = { session_id: run.sessionId, err: error };
        log.error(about, 'An answer could not be recorded; trying again');
        await wait(waitMs, undefined, { signal: run.signal });
      }
    }
  }

  /** What becomes of a turn whose signal was aborted before anything was said. */
  async function stopNow(work: TurnWork): Promise<Ended | 'stopped'> {
    const stop = toldToStop(work);
    return stop.kind === 'stopped' ? 'stopped' : record.end(work, stop);
  }

  /**
   * Opens the tools of a turn; what is missing is said in the history, and the turn does without. Null when the turn was
   * told to stop meanwhile.
   */
  async function openTools(
    work: TurnWork,
    config: AgentConfig,
    session: SessionRow,
  ): Promise<Toolbox | null> {
    const opening =
      session.copy_of === null
        ? deps.toolboxes.open(config, vaultIdsOf(session), work.signal)
        : openRehearsal(deps, { session, config }, work.signal);
    const toolbox = await opening.catch((error: unknown) => {
      if (!work.signal.aborted) throw error;
      return null;
    });
    if (toolbox !== null) await record.tell(work, toolbox.troubles);
    return toolbox;
  }

  return {
    /**
     * Runs a turn until it is over, or waits for a client. Gives `stopped` when the process is stopping: the session stays
     * as it is, to be taken up again.
     * @throws FencedError when somebody else has taken the session on.
     */
    async run(work: TurnWork): Promise<Ended | 'stopped'> {
      const session = await requireSession(store, work);
      const config = await sessionConfig(deps.versions, session);
      describeTurn(deps.telemetry.tracer.current(), session);
      if (session.queued > 0 && (await hasQueuedInterrupt(store.db, session.id))) {
        return record.end(work, { kind: 'interrupted', said: null });
      }
      let step: NextStep | TooLong = work.opened ? nextStep(session) : await record.takeUp(work);
      if (step.kind === 'ended') return step;
      const toolbox = await openTools(work, config, session);
      if (toolbox === null) return stopNow(work);
      const run: Run = { ...work, config, toolbox };
      let known: SessionRow | null = work.opened ? session : null;
      let compactions = 0;
      // Every round asks the model once, and continueTurn counts the rounds.
      while (step !== 'stopped' && step.kind !== 'ended') {
        if (step.kind === 'call') step = await makeCalls(run, step.calls);
        else if (step.kind === 'ask') {
          step = await request(run, known ?? (await requireSession(store, run)));
        } else if (++compactions > mostCompactions) {
          step = await record.end(
            run,
            tooLong(`it was summarised ${mostCompactions} times in this turn already`),
          );
        } else step = await compact(run, step);
        known = null;
      }
      return step;
    },
  };
}

export type Turns = ReturnType<typeof createTurns>;

/** The step that whoever wrote the session has left open. */
function nextStep(session: SessionRow): Step {
  const calls = readCalls(session).filter(
    (call): call is McpCall => call.kind === 'mcp' && call.state !== 'asked',
  );
  return calls.length > 0 ? { kind: 'call', calls } : { kind: 'ask' };
}

/** The session as long as it is ours: what is started in that of somebody else must not be made again. */
async function requireSession(store: Store, { sessionId, attempt }: TurnWork): Promise<SessionRow> {
  const session = await findSession(store.db, sessionId);
  if (session === null) throw new Error(`Session ${sessionId} is gone`);
  requireAttempt(session, attempt);
  return session;
}

/** How often one turn may be summarised before it is given up. */
const mostCompactions = 3;

/** A budget that nobody could tell the end of is no budget. */
function withoutPrice(model: string): Ending {
  const message = `The session has a budget, and the price table has no price for ${model} any more`;
  return {
    kind: 'exhausted',
    error: { type: 'billing_error', message, retry_status: { type: 'exhausted' } },
  };
}

function tooLong(why: string): Ending {
  return { kind: 'exhausted', error: doesNotFit(why) };
}

/** What the model is asked; what cannot be put together, because files cannot be read, ends the turn. */
async function planOrFailure(
  deps: Parameters<typeof planRequest>[0],
  given: Parameters<typeof planRequest>[1],
): Promise<RequestPlan | Ending> {
  try {
    return await planRequest(deps, given);
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    const { message } = error;
    return failedFor(new ModelError({ type: 'model_request_failed_error', message, retryable: false }));
  }
}

/** How long an answer waits for a database that is away, try after try. */
const repairsMs = [500, 1000, 2000, 5000, 10_000, 20_000, 30_000];
