import type { Audit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import { requireAgent } from '../../agent/agents.ts';
import { requireStarting, requireVersion } from '../../agent/servable.ts';
import type { AuditActor } from '../../core/audit-entry.ts';
import { type Clock, formatTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { Log } from '../../core/log.ts';
import { type Page, type PageRequest, pageOf } from '../../core/page.ts';
import type { Duty } from '../../queue/duties.ts';
import type { Inbox } from '../../session/inbox.ts';
import type { Sessions } from '../../session/sessions.ts';
import { findAgent } from '../../store/agents.ts';
import type { Store } from '../../store/dialect.ts';
import {
  findShadow,
  insertShadow,
  listShadows,
  lockShadow,
  type ShadowFilter,
  type ShadowRow,
  updateShadow,
} from '../../store/shadows.ts';
import type { Comparison } from '../comparisons.ts';
import type { Evals } from '../evals.ts';
import { requireAliased } from '../recorded/backtests.ts';
import type { RecordedComparison, RecordedComparisons } from '../recorded/recorded-comparisons.ts';
import { requireScores, type Scoring } from '../recorded/scoring.ts';
import { createCopier } from './copier.ts';
import { createMirror } from './mirror.ts';
import { type Shadow, type ShadowDetails, summaryOf } from './shadow.ts';
import { findPaired, readPairs } from './shadow-cases.ts';
import { addTally, noTally, type PairTally } from './tally.ts';

export type ShadowRequest = {
  readonly agent_id: string;
  readonly alias: string;
  readonly candidate_version: number;
  readonly sample: number;
  readonly max_sessions: number;
  /** Id or name of the eval that its comparisons score by, where they name nothing else. */
  readonly eval?: string | undefined;
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly audit: Audit;
  readonly sessions: Sessions;
  readonly inbox: Inbox;
  readonly evals: Evals;
  readonly recordedComparisons: RecordedComparisons;
  readonly duty: Duty;
  /** How long a shadow with nothing to do rests at first, in milliseconds. */
  readonly pause_ms: number;
};

/** Shadows: a candidate answers copies of what users say to an alias, in sessions that nobody sees an answer of. */
export function createShadows(deps: Deps) {
  const { store, clock, ids, audit, evals, recordedComparisons, duty } = deps;
  const mirror = createMirror({ ...deps, copier: createCopier(deps) });

  async function require(id: string): Promise<ShadowRow> {
    return requireShadow(await findShadow(store.db, id), id);
  }

  return {
    /**
     * Begins to copy sessions that are made from now on.
     * @throws PawlError `agent_not_found`, `agent_archived`, `alias_not_found`, `version_not_found`, `eval_not_found`,
     *   `eval_archived`
     */
    async create(request: ShadowRequest, by: Actor): Promise<ShadowDetails> {
      const { agent_id, alias, candidate_version, sample, max_sessions } = request;
      const agent = requireAgent(await findAgent(store.db, agent_id), agent_id);
      const baseline_version = await requireAliased(store.db, agent_id, alias);
      await requireVersion(store.db, agent, candidate_version);
      requireStarting(agent);
      const named = request.eval === undefined ? null : await requireScores(evals, request.eval);
      const now = formatTime(clock.now());
      const row: ShadowRow = {
        ...{ id: ids.next('shadow'), agent_id, alias, baseline_version, candidate_version },
        ...{ sample, max_sessions, eval_id: named?.id ?? null, status: 'running', ended_reason: null },
        ...{ begun: 0, copies_archived: 0 },
        ...{ seen_until: now, actor: JSON.stringify(by), created_at: now, updated_at: now, ended_at: null },
      };
      await store.write(async (tx) => {
        await insertShadow(tx, row);
        await audit.append(tx, {
          ...{ action: 'shadow.started', outcome: 'done', actor: by, reason: null, before: null },
          subject: { type: 'shadow', id: row.id },
          after: { agent_id, alias, baseline_version, candidate_version, sample, max_sessions },
        });
      });
      duty.wake();
      return withDetails(store, row);
    },

    /** A shadow with what has come of it so far. @throws PawlError `shadow_not_found` */
    retrieve: async (id: string): Promise<ShadowDetails> => withDetails(store, await require(id)),

    /** Shadows by creation time. */
    async list(filter: ShadowFilter, request: PageRequest): Promise<Page<Shadow>> {
      const rows = await listShadows(store.db, filter, request);
      const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
      return { data: page.data.map(readShadow), next_page: page.next_page };
    },

    /**
     * Stops copying, for good; turns under way come to their end. One that is over stays as it is.
     * @throws PawlError `shadow_not_found`
     */
    async end(id: string, by: Actor): Promise<ShadowDetails> {
      const now = formatTime(clock.now());
      const ended_reason = `${by.name} stopped it`;
      const over = { status: 'stopped', ended_reason, ended_at: now, updated_at: now } as const;
      const row = await store.write(async (tx) => {
        const locked = requireShadow(await lockShadow(tx, store.dialect, id), id);
        if (!(await updateShadow(tx, id, over))) return locked;
        await audit.append(tx, {
          ...{ action: 'shadow.stopped', outcome: 'done', actor: by, reason: null },
          ...{ subject: { type: 'shadow', id }, before: { status: 'running' }, after: { status: 'stopped' } },
        });
        return { ...locked, ...over };
      });
      duty.wake();
      return withDetails(store, row);
    },

    /**
     * Compares what the candidate has answered so far with what users were answered. Without a scoring of its own, it
     * goes by the shadow's eval.
     * @throws PawlError `shadow_not_found`, `invalid_request` without any of the two, and as
     *   `recordedComparisons.compare`
     */
    async compare(
      id: string,
      asked: { readonly by: Scoring | null; readonly expected_from: 'recorded' | null },
      by: Actor,
    ): Promise<Comparison> {
      const { agent_id, baseline_version, candidate_version, eval_id } = await require(id);
      const scoring = asked.by ?? (eval_id === null ? null : { eval: eval_id });
      if (scoring === null) {
        throw new PawlError('invalid_request', 'eval: must be given, as the shadow was started without one');
      }
      const comparison: RecordedComparison = {
        ...{ by: scoring, expected_from: asked.expected_from, agent_id, baseline_version, candidate_version },
        ...{ candidate_recorded: 'shadow', epochs: 1, origin: { type: 'shadow', shadow_id: id } },
        nothing: `shadow: ${id} has no turn that both sides have answered`,
      };
      return recordedComparisons.compare(comparison, (taking) => findPaired(store, id, taking), by);
    },

    /** Goes on with what an earlier process left. */
    recover(): void {
      duty.onWake(mirror.wake);
      if (duty.isMine()) mirror.wake();
    },

    /** Leaves the rest for the next start. */
    stop: (): Promise<void> => mirror.stop(),
  };
}

export type Shadows = ReturnType<typeof createShadows>;

function requireShadow(row: ShadowRow | null, id: string): ShadowRow {
  if (row === null) throw new PawlError('shadow_not_found', `shadow ${id} does not exist`);
  return row;
}

function readShadow(row: ShadowRow): Shadow {
  const { actor, begun: _begun, copies_archived: _archived, seen_until: _seen, ...fields } = row;
  return { ...fields, started_by: JSON.parse(actor) as AuditActor };
}

async function withDetails(store: Store, row: ShadowRow): Promise<ShadowDetails> {
  const sessions = { sampled: 0, copied: 0, waiting: 0, skipped: 0, failed: 0 };
  const reasons = new Map<string, number>();
  let production = noTally;
  let candidate = noTally;
  for await (const { status, turns, tally, reason } of readPairs(store, row.id)) {
    sessions.sampled++;
    if (turns > 0) sessions.copied++;
    if (status === 'open' && turns === 0) sessions.waiting++;
    if (status !== 'open') sessions[status]++;
    if (reason !== null) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    if (tally === null) continue;
    const both = JSON.parse(tally) as PairTally;
    production = addTally(production, both.production);
    candidate = addTally(candidate, both.candidate);
  }
  return {
    ...readShadow(row),
    sessions: { ...sessions, reasons: Object.fromEntries(reasons) },
    production: summaryOf(production),
    candidate: summaryOf(candidate),
  };
}
