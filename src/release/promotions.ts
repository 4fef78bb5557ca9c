import type { Audit } from '../access/audit.ts';
import { type Actor, serverActor } from '../access/keys.ts';
import { requireAgent } from '../agent/agents.ts';
import { requireServable } from '../agent/servable.ts';
import type { AuditActor } from '../core/audit-entry.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import { type AgentRow, findAgent, lockAgent } from '../store/agents.ts';
import type { Handle, Store } from '../store/dialect.ts';
import {
  findOpenPromotion,
  insertPromotion,
  listPromotions,
  listUnmeasured,
  type PromotionFilter,
  type PromotionRow,
} from '../store/promotions.ts';
import type { Notify } from '../webhook/notify.ts';
import { type Alias, noAlias, subjectOf } from './alias.ts';
import type { Aliases } from './aliases.ts';
import type { EvidenceRoom } from './evidence.ts';
import { isSamePerson, type Promotion, type PromotionDetails } from './promotion.ts';
import { basisHash, type PromotionBasis, readBasis } from './promotion-basis.ts';
import { type CarryOut, requireUnblocked } from './promotion-move.ts';
import type { PromotionRecords } from './promotion-records.ts';
import { orWriteDown } from './refusals.ts';

/** What is asked for. */
export type PromotionRequest = {
  readonly agent_id: string;
  readonly alias: string;
  readonly candidate_version: number;
  /** Undefined takes the alias's own. */
  readonly eval: string | undefined;
  /** A comparison that is to be the evidence; undefined finds one that fits, or begins one. */
  readonly comparison: string | undefined;
  readonly reason: string | null;
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly audit: Audit;
  readonly aliases: Aliases;
  readonly evidence: EvidenceRoom;
  readonly notify: Notify;
  readonly records: PromotionRecords;
  readonly carryOut: CarryOut;
  /** Whether other processes make promotions as well. */
  readonly shared: boolean;
};

/** Another process may be about to begin the evidence of what it has made or changed for so long. */
const beginsWithinUs = 60_000_000;

/** Promotions: asked for by an author, measured by a gate, decided on by others, and carried out in one move. */
export function createPromotions(deps: Deps) {
  const { store, clock, ids, audit, aliases, evidence, notify, records, carryOut, shared } = deps;
  const { read, detail, find, change, write, announce } = records;
  const seeking = new Map<string, Promise<PromotionDetails>>();

  /** What it takes to put a promotion on what there is now; null when that is what it stands on. */
  async function rebase(
    tx: Handle,
    row: PromotionRow,
    question: { candidate_version: number; eval: string },
  ) {
    const { round } = JSON.parse(row.basis) as PromotionBasis;
    const asked = { agent_id: row.agent_id, name: row.alias, ...question };
    const same = await readBasis(tx, { ...asked, round });
    if (basisHash(same) === row.basis_hash) return null;
    const basis = { ...same, round: round + 1 };
    const found = await evidence.find(tx, row.agent_id, basis);
    const changes = {
      ...{ candidate_version: question.candidate_version, basis: JSON.stringify(basis) },
      ...{ basis_hash: basisHash(basis), comparison_id: found?.id ?? null, status: 'in_review' as const },
    };
    return { basis, changes };
  }

  /** Sees to it that a promotion without evidence gets some; whoever asks at the same time waits for the same. */
  async function seekEvidence(id: string, by: Actor): Promise<PromotionDetails> {
    const underway = seeking.get(id) ?? seek(id, by).finally(() => seeking.delete(id));
    seeking.set(id, underway);
    return underway;
  }

  async function seek(id: string, by: Actor): Promise<PromotionDetails> {
    const row = await find(store.db, id);
    const { basis, ...promotion } = await read(store.db, row);
    const attached = promotion.evidence;
    const isSettled = attached?.verdict != null && attached.verdict !== 'error';
    if (isSettled || row.ended_at !== null) return detail(store.db, row);
    const found = await evidence.find(store.db, row.agent_id, basis);
    const isUnderway = attached?.status === 'pending' || attached?.status === 'running';
    // One that nobody follows any more gives way to one that came to an end.
    if (isUnderway && found?.status !== 'completed') return detail(store.db, row);
    const comparison_id = found?.id ?? (await evidence.begin(row.agent_id, basis));
    return change(id, { action: 'promotion.evaluated', by }, async (tx, current) => {
      // Somebody who asked at the same moment was first, or it stands on something else by now.
      const isSame = current.basis_hash === row.basis_hash && current.comparison_id === row.comparison_id;
      if (!isSame) return current;
      return write(tx, current, { comparison_id }, { action: 'promotion.evaluated', by, reason: null });
    });
  }

  /** Whether a version can be asked for. @throws PawlError as `create` does */
  async function requirePromotable(
    tx: Handle,
    agent: AgentRow,
    { alias, candidate_version }: { alias: Alias; candidate_version: number },
  ): Promise<void> {
    const { agent_id, name } = alias;
    await requireServable(tx, agent, candidate_version);
    if (alias.version === null) throw noAlias(alias);
    if (alias.version === candidate_version) {
      const message = `version: ${name} stands for version ${candidate_version} already`;
      throw new PawlError('invalid_request', message);
    }
    const open = await findOpenPromotion(tx, { agent_id, alias: name, candidate_version });
    if (open === null) return;
    const message = `version ${candidate_version} is in review for ${name} as ${open.id}`;
    throw new PawlError('promotion_open', message);
  }

  return {
    /**
     * Has measured what another process left without evidence, until the signal comes. Whoever takes the duty over from one
     * that may be dead takes all of it; later on, what is new is left to its maker for a minute.
     */
    async recover(signal: AbortSignal, { takesOver }: { readonly takesOver: boolean }): Promise<void> {
      const before = formatTime(clock.now() - (shared && !takesOver ? beginsWithinUs : 0));
      for (let after = ''; !signal.aborted; ) {
        const left = await listUnmeasured(store.db, { after, before });
        for (const id of left) {
          if (signal.aborted) return;
          // What cannot be measured says so when somebody asks for it, and holds up no other.
          await seekEvidence(id, serverActor).catch((error: unknown) => {
            if (!(error instanceof PawlError)) throw error;
          });
        }
        const next = left.at(-1);
        if (next === undefined) return;
        after = next;
      }
    },

    /** @throws PawlError `promotion_not_found` */
    async retrieve(id: string): Promise<PromotionDetails> {
      return detail(store.db, await find(store.db, id));
    },

    /** Promotions by creation time, without what was said about them. */
    async list(filter: PromotionFilter, request: PageRequest): Promise<Page<Promotion>> {
      const rows = await listPromotions(store.db, store.dialect, { filter, request });
      const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
      return {
        data: await Promise.all(page.data.map((row) => read(store.db, row))),
        next_page: page.next_page,
      };
    },

    /**
     * Asks that an alias be moved to a candidate. Evidence that fits is attached, or else begun.
     * @throws PawlError `agent_not_found`, `agent_archived`, `version_not_found`, `alias_not_found`, `eval_not_found`,
     *   `promotion_open`, `promotion_blocked`, `invalid_request`
     */
    async create(request: PromotionRequest, by: Actor): Promise<PromotionDetails> {
      const { agent_id, alias: name, candidate_version, reason } = request;
      const subject = subjectOf({ agent_id, name });
      const made = await orWriteDown(audit, { action: 'promotion.created', actor: by, subject }, () =>
        store.write(async (tx) => {
          const agent = requireAgent(await lockAgent(tx, store.dialect, agent_id), agent_id);
          const alias = await aliases.lockOrMake(tx, { agent_id, name });
          await requirePromotable(tx, agent, { alias, candidate_version });
          const basis = await readBasis(tx, {
            agent_id,
            name,
            candidate_version,
            eval: evalOf(alias, request),
            round: 1,
          });
          const found = await evidence.find(tx, agent_id, basis, request.comparison);
          if (request.comparison !== undefined && found === null)
            throw evidence.misfit(request.comparison, basis);
          const now = formatTime(clock.now());
          const row: PromotionRow = {
            ...{ id: ids.next('promotion'), agent_id, alias: name, candidate_version, status: 'in_review' },
            ...{
              author: JSON.stringify(by),
              reason,
              basis: JSON.stringify(basis),
              basis_hash: basisHash(basis),
            },
            ...{ comparison_id: found?.id ?? null, override: null, move: null, rollout_id: null, reviews: 0 },
            ...{ created_at: now, updated_at: now, ended_at: null },
          };
          await insertPromotion(tx, row);
          await audit.append(tx, {
            ...{ action: 'promotion.created', outcome: 'done', actor: by, reason, before: null },
            ...{ subject: { type: 'promotion', id: row.id }, after: { agent_id, alias: name, basis } },
          });
          await announce(tx, 'promotion.created', row);
          return row;
        }),
      );
      notify.wake();
      // It stands from here on; what cannot be measured now is tried again when it is asked for.
      return seekEvidence(made.id, by).catch((error: unknown) => {
        if (error instanceof PawlError) return detail(store.db, made);
        throw error;
      });
    },

    /**
     * Puts an open promotion on what there is now: another candidate or eval, a new revision of the dataset, another
     * version under the alias. Where anything changed, approvals are void; evidence is sought, or begun anew.
     * @throws PawlError `promotion_not_found`, `promotion_over`, `version_not_found`, `eval_not_found`, `permission`
     */
    async evaluate(
      id: string,
      { version, eval: named, by }: { version: number | undefined; eval: string | undefined; by: Actor },
    ): Promise<PromotionDetails> {
      await change(id, { action: 'promotion.updated', by }, async (tx, row, alias) => {
        const { eval_id } = JSON.parse(row.basis) as PromotionBasis;
        const candidate_version = version ?? row.candidate_version;
        if (candidate_version !== row.candidate_version) {
          requireAuthor(row, by, 'version');
          const agent = requireAgent(await findAgent(tx, row.agent_id), row.agent_id);
          await requirePromotable(tx, agent, { alias, candidate_version });
        }
        const next = await rebase(tx, row, {
          candidate_version,
          eval: alias.policy.eval ?? named ?? eval_id,
        });
        if (next === null) return row;
        if (alias.policy.eval === null && next.basis.eval_id !== eval_id) requireAuthor(row, by, 'eval');
        return write(tx, row, next.changes, { action: 'promotion.updated', by, reason: null });
      });
      return seekEvidence(id, by);
    },

    /** Takes an open promotion back. @throws PawlError `promotion_not_found`, `promotion_over`, `permission` */
    async withdraw(
      id: string,
      { by, reason }: { by: Actor; reason: string | null },
    ): Promise<PromotionDetails> {
      return change(id, { action: 'promotion.withdrawn', by }, async (tx, row) => {
        const author = JSON.parse(row.author) as AuditActor;
        if (!isSamePerson(by, author) && by.role !== 'admin') {
          const message = `only ${author.name}, who asked for it, or an admin can withdraw it`;
          throw new PawlError('permission', message);
        }
        const ended = { status: 'canceled', ended_at: formatTime(clock.now()) } as const;
        return write(tx, row, ended, { action: 'promotion.withdrawn', by, reason });
      });
    },

    /**
     * Carries a promotion out: the alias moves, if nothing stands in the way at this very moment.
     * @throws PawlError `promotion_not_found`, `promotion_over`, `promotion_blocked`
     */
    async apply(id: string, { by, reason }: { by: Actor; reason: string | null }): Promise<PromotionDetails> {
      return change(id, { action: 'promotion.applied', by }, async (tx, row, alias) => {
        const details = requireUnblocked(await detail(tx, row));
        return carryOut(tx, { row, details, alias }, { by, reason });
      });
    },
  };
}

export type Promotions = ReturnType<typeof createPromotions>;

/** @throws PawlError `permission` when somebody else would change what is asked for. */
function requireAuthor(row: PromotionRow, by: Actor, field: 'version' | 'eval'): void {
  const author = JSON.parse(row.author) as AuditActor;
  if (isSamePerson(by, author)) return;
  throw new PawlError('permission', `${field}: only ${author.name}, who asked for it, can name another`);
}

/** The eval that a promotion is measured by: the alias's own, where it has one. @throws PawlError `invalid_request` */
function evalOf(
  alias: { readonly name: string; readonly policy: { readonly eval: string | null } },
  request: PromotionRequest,
): string {
  const chosen = alias.policy.eval ?? request.eval;
  if (chosen !== undefined) return chosen;
  throw new PawlError(
    'invalid_request',
    `eval: name the eval that has to pass, or let the policy of ${alias.name} name it`,
  );
}
