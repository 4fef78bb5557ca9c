import { mergeSessionTools } from '../agent/merge.ts';
import type { ToolChanges } from '../agent/tools.ts';
import {
  type AgentConfig,
  type AgentOverrides,
  applyOverrides,
  effectiveConfig,
} from '../core/agent-config.ts';
import type { Budget } from '../core/budget.ts';
import { contentHash } from '../core/canonical.ts';
import { formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { EventBody } from '../core/events.ts';
import type { Ids } from '../core/ids.ts';
import { type Metadata, type MetadataPatch, patchMetadata } from '../core/metadata.ts';
import { listCost, reachesBudget } from '../core/money.ts';
import { isBusy } from '../core/session.ts';
import type { SessionRow } from '../store/sessions.ts';
import { isSpent } from './budget.ts';
import { readCalls } from './calls.ts';
import { draftsWith, turnStart } from './choreography.ts';
import type { Decision } from './journal.ts';
import { notBudgetable, overridesOf, sessionAgent } from './opening.ts';

/** What a request changes of a session; absent keeps. */
export type SessionChanges = {
  readonly title?: string | null | undefined;
  readonly metadata?: MetadataPatch | null | undefined;
  readonly agent?: ToolChanges | undefined;
  /** Null removes it for good. */
  readonly budget?: Budget | null | undefined;
};

type Update = {
  readonly session: SessionRow;
  /** The configuration of the session's version. */
  readonly config: AgentConfig;
  readonly changes: SessionChanges;
  readonly ids: Ids;
  /** Microseconds since 1970. */
  readonly now: number;
  /** Whether what a model costs is known. */
  readonly hasPrice: (model: string) => boolean;
};

/**
 * What an update makes of a session. One that a budget has stopped goes on when that is raised or removed.
 * @throws PawlError `session_archived`, `session_running`, `invalid_metadata`, `invalid_request`, `budget_create_only`,
 *   `budget_not_raised`, `model_not_budgetable`
 */
export function decideUpdate(update: Update): Decision<null> {
  const { session, changes, ids } = update;
  const now = formatTime(update.now);
  if (session.status === 'terminated') {
    throw new PawlError('session_archived', `session ${session.id} is archived and can only be read`);
  }
  if (changes.agent !== undefined) requireQuiet(session, 'given other tools');
  const metadata = patchMetadata(JSON.parse(session.metadata) as Metadata, changes.metadata);
  const metadataText = JSON.stringify(metadata);
  const title = changes.title === undefined ? session.title : changes.title;
  const retitled = title !== session.title;
  const relabelled = metadataText !== session.metadata;
  const before = overridesOf(session);
  const overrides = changes.agent === undefined ? before : withTools(before, update.config, changes.agent);
  const rearmed = JSON.stringify(overrides) !== JSON.stringify(before);
  const budget = changes.budget === undefined ? session.budget : newBudget(update, changes.budget);
  const rebudgeted = budget !== session.budget;
  if (!retitled && !relabelled && !rearmed && !rebudgeted) return { result: null };
  const config = applyOverrides(update.config, overrides);
  const body: EventBody = {
    type: 'session.updated',
    ...(retitled ? { title } : {}),
    ...(relabelled && Object.keys(metadata).length > 0 ? { metadata } : {}),
    ...(rearmed ? { agent: sessionAgent(session, config) } : {}),
    ...(rebudgeted ? { budget: changes.budget ?? null } : {}),
  };
  const event = draftsWith(ids)(body);
  const updated: Partial<SessionRow> = {
    ...{ title, metadata: metadataText, budget, updated_at: now },
    ...(rearmed
      ? {
          unseen: session.rollout_id === null || session.attempt === 0 ? session.unseen : 1,
          overrides: JSON.stringify(overrides),
          effective_hash: contentHash(effectiveConfig(config)),
        }
      : {}),
  };
  const goesOn = rebudgeted ? resume({ ...session, ...updated }, update) : null;
  return {
    events: [event, ...(goesOn?.events ?? [])],
    changes: { ...updated, ...goesOn?.changes },
    result: null,
  };
}

/** The request with which a session goes on that a budget had stopped; null where none had, or it still does. */
function resume(session: SessionRow, { ids, now }: Update): Omit<Decision<unknown>, 'result'> | null {
  if (session.status !== 'idle' || session.rounds === 0 || session.stopped_at !== null) return null;
  if (readCalls(session).length > 0 || isSpent(session)) return null;
  return turnStart(session, { ids, at: formatTime(now) });
}

/** The new budget as it is stored; null removes it for good. */
function newBudget({ session, config, hasPrice }: Update, budget: Budget | null): string | null {
  if (budget === null) return null;
  if (session.budget === null) {
    const message = `budget: session ${session.id} has none, and only sessions that were made with one can be given another`;
    throw new PawlError('budget_create_only', message);
  }
  if (reachesBudget(session.list_cost_usd, budget)) {
    const spent = listCost(session.list_cost_usd)?.amount ?? '0';
    const message = `budget.max_list_cost: must be more than the ${spent} cents that session ${session.id} has cost already`;
    throw new PawlError('budget_not_raised', message);
  }
  const { id } = applyOverrides(config, overridesOf(session)).model;
  if (!hasPrice(id)) throw notBudgetable(id);
  return JSON.stringify(budget);
}

/** Lays other tools over a session, unless they are what it has already. */
function withTools(
  before: AgentOverrides | null,
  base: AgentConfig,
  input: NonNullable<SessionChanges['agent']>,
): AgentOverrides | null {
  const current = applyOverrides(base, before);
  const next = { ...before, ...mergeSessionTools(current, input) };
  const changed = JSON.stringify(applyOverrides(current, next)) !== JSON.stringify(current);
  return changed ? next : before;
}

/** @throws PawlError `session_running` */
export function requireQuiet(session: SessionRow, what: string): void {
  if (!isBusy(session.status)) return;
  const message = `session ${session.id} cannot be ${what} while its status is ${session.status}; interrupt it and wait for idle`;
  throw new PawlError('session_running', message);
}
