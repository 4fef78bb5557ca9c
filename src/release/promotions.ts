import type { Audit } from '../access/audit.ts';
import type { Actor } from '../access/keys.ts';
import type { AuditActor } from '../core/audit-entry.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { ReviewDecision } from '../core/release.ts';
import { mayActAs } from '../core/roles.ts';
import { findAgent, findVersion, lockAgent } from '../store/agents.ts';
import { findAlias } from '../store/aliases.ts';
import type { Handle, Store } from '../store/dialect.ts';
import {
  findOpenPromotion,
  findPromotion,
  insertPromotion,
  insertReview,
  listPromotions,
  listReviews,
  lockPromotion,
  type PromotionFilter,
  type PromotionRow,
  type ReviewRow,
  updatePromotion,
} from '../store/promotions.ts';
import { type Aliases, noAlias, readAlias, requireVersion } from './aliases.ts';
import type { EvidenceRoom } from './evidence.ts';
import type { Notify } from './notify.ts';
import {
  approvers,
  blockersOf,
  isNamed,
  isSamePerson,
  type Override,
  type Promotion,
  type PromotionDetails,
  type Review,
} from './promotion.ts';
import { basisChanges, basisHash, type PromotionBasis, readBasis } from './promotion-basis.ts';
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

/** What a reviewer says, and about what. */
export type ReviewRequest = {
  readonly decision: ReviewDecision;
  readonly comment: string | null;
  /** The basis that the reviewer has looked at; undefined takes the one there is. */
  readonly basis_hash: string | undefined;
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly audit: Audit;
  readonly aliases: Aliases;
  readonly evidence: EvidenceRoom;
  readonly notify: Notify;
};

/** How much may be said about one promotion. */
const maxReviews = 500;

/** Promotions: asked for by an author, measured by a gate, decided on by others, and carried out in one move. */
export function createPromotions({ store, clock, ids, audit, aliases, evidence, notify }: Deps) {
  async function read(db: Handle, row: PromotionRow): Promise<Promotion> {
    return {
      ...row,
      author: JSON.parse(row.author) as AuditActor,
      basis: JSON.parse(row.basis) as PromotionBasis,
      override: row.override === null ? null : (JSON.parse(row.override) as Override),
      evidence: row.comparison_id === null ? null : await evidence.read(db, row.comparison_id),
    };
  }

  async function detail(db: Handle, row: PromotionRow): Promise<PromotionDetails> {
    const promotion = await read(db, row);
    const reviews = (await listReviews(db, row.id)).map(readReview);
    const aliasRow = await findAlias(db, { agent_id: row.agent_id, name: row.alias });
    const agent = await findAgent(db, row.agent_id);
    if (aliasRow === null) throw new Error(`Promotion ${row.id} lacks its alias ${row.alias}`);
    const alias = readAlias(aliasRow);
    const approvals = { needed: alias.policy.approvals, given_by: approvers(reviews, row.basis_hash) };
    const isOpen = row.status === 'in_review' || row.status === 'approved';
    const blockers = !isOpen
      ? []
      : blockersOf({
          ...{ promotion, approvals, hold: alias.hold, live_version: alias.version },
          changes: await changesOf(db, promotion),
          archived: agent?.archived_at != null,
        });
    const { reviews: _count, comparison_id: _comparison, ...fields } = { ...row, ...promotion };
    return { ...fields, reviews, approvals, blockers };
  }

  /** What has changed since a promotion was put on its basis. */
  async function changesOf(db: Handle, { agent_id, alias, basis }: Promotion): Promise<string[]> {
    try {
      const { candidate_version, eval_id } = basis;
      const now = await readBasis(db, { agent_id, name: alias, candidate_version, eval: eval_id });
      return basisChanges(basis, now);
    } catch (error) {
      if (error instanceof PawlError) return [error.message];
      throw error;
    }
  }

  async function require(db: Handle, id: string): Promise<PromotionRow> {
    const row = await findPromotion(db, id);
    if (row === null) throw new PawlError('promotion_not_found', `promotion ${id} does not exist`);
    return row;
  }

  /** Changes an open promotion in one transaction, or writes down that it was refused. */
  async function change(
    id: string,
    attempt: { readonly action: string; readonly by: Actor },
    work: (tx: Handle, row: PromotionRow) => Promise<PromotionRow>,
  ): Promise<PromotionDetails> {
    const subject = { type: 'promotion', id };
    const changed = await orWriteDown(audit, { action: attempt.action, actor: attempt.by, subject }, () =>
      store.write(async (tx) => {
        // An alias is locked before its promotions, wherever both are.
        const { agent_id, alias } = await require(tx, id);
        await aliases.lockOrMake(tx, { agent_id, name: alias });
        const row = await lockPromotion(tx, store.dialect, id);
        if (row === null) throw new Error(`Promotion ${id} is gone`);
        if (row.ended_at !== null) throw new PawlError('promotion_over', `promotion ${id} is ${row.status}`);
        return detail(tx, await work(tx, row));
      }),
    );
    notify.wake();
    return changed;
  }

  async function write(
    tx: Handle,
    row: PromotionRow,
    changes: Partial<PromotionRow>,
    said: { readonly action: string; readonly by: Actor; readonly reason: string | null },
  ): Promise<PromotionRow> {
    const next = { ...changes, updated_at: formatTime(clock.now()) };
    await updatePromotion(tx, row.id, next);
    const told = Object.keys(changes).filter(
      (key) => key !== 'reviews' && key !== 'ended_at',
    ) as (keyof PromotionRow)[];
    const pick = (from: PromotionRow) => Object.fromEntries(told.map((key) => [key, from[key]]));
    const after = { ...row, ...next };
    await audit.append(tx, {
      ...{ action: said.action, outcome: 'done', actor: said.by, reason: said.reason },
      ...{ subject: { type: 'promotion', id: row.id }, before: pick(row), after: pick(after) },
    });
    return after;
  }

  async function announce(tx: Handle, type: Announced, row: PromotionRow): Promise<void> {
    const { id, agent_id, alias, candidate_version } = row;
    await notify.enqueue(tx, { type, data: { id, agent_id, alias, candidate_version }, at: row.updated_at });
  }

  /** Puts down what somebody said, and gives the row with one more review. */
  async function addReview(
    tx: Handle,
    row: PromotionRow,
    by: Actor,
    said: Pick<Review, 'decision' | 'comment'>,
  ) {
    if (row.reviews >= maxReviews) {
      throw new PawlError('invalid_request', `comment: a promotion takes at most ${maxReviews} reviews`);
    }
    const review: ReviewRow = {
      ...{ id: ids.next('review'), promotion_id: row.id, position: row.reviews + 1, ...said },
      ...{ actor: JSON.stringify(by), basis_hash: row.basis_hash, created_at: formatTime(clock.now()) },
    };
    await insertReview(tx, review);
    return { reviews: row.reviews + 1 };
  }

  /** @throws PawlError `permission`, and `own_promotion` when the actor asked for it, or wrote the version. */
  async function requireReviewer(tx: Handle, row: PromotionRow, by: Actor): Promise<void> {
    if (!mayActAs(by.role, 'reviewer')) {
      throw new PawlError(
        'permission',
        `This needs an API key with the role reviewer; this one has the role ${by.role}`,
      );
    }
    const version = await findVersion(tx, row.agent_id, row.candidate_version);
    const author = JSON.parse(row.author) as AuditActor;
    const what = isSamePerson(by, author)
      ? 'asked for this promotion'
      : isNamed(by, version?.author ?? null)
        ? `wrote version ${row.candidate_version}`
        : null;
    if (what === null) return;
    throw new PawlError('own_promotion', `${by.name} ${what}, and somebody else has to decide on it`);
  }

  /** Puts a promotion on what there is now. Evidence, approvals and overrides of another basis are void by that. */
  async function rebase(
    tx: Handle,
    row: PromotionRow,
    question: { candidate_version: number; eval: string },
  ) {
    const basis = await readBasis(tx, { agent_id: row.agent_id, name: row.alias, ...question });
    const found = await evidence.find(tx, row.agent_id, basis);
    return {
      ...{ candidate_version: question.candidate_version, basis: JSON.stringify(basis) },
      ...{ basis_hash: basisHash(basis), comparison_id: found?.id ?? null, status: 'in_review' as const },
    };
  }

  /** Sees to it that a promotion without evidence gets some. */
  async function seekEvidence(id: string, by: Actor): Promise<PromotionDetails> {
    const row = await require(store.db, id);
    const { basis, ...promotion } = await read(store.db, row);
    const lacks = promotion.evidence === null || ['failed', 'canceled'].includes(promotion.evidence.status);
    if (!lacks || row.ended_at !== null) return detail(store.db, row);
    const comparison_id = await evidence.begin(row.agent_id, basis);
    return change(id, { action: 'promotion.evaluated', by }, async (tx, current) => {
      if (current.basis_hash !== row.basis_hash) return current;
      return write(tx, current, { comparison_id }, { action: 'promotion.evaluated', by, reason: null });
    });
  }

  return {
    /** @throws PawlError `promotion_not_found` */
    async retrieve(id: string): Promise<PromotionDetails> {
      return detail(store.db, await require(store.db, id));
    },

    /** Promotions by creation time, without what was said about them. */
    async list(filter: PromotionFilter, request: PageRequest): Promise<Page<Promotion>> {
      const rows = await listPromotions(store.db, filter, request);
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
      const subject = { type: 'alias', id: `${agent_id}@${name}` };
      const made = await orWriteDown(audit, { action: 'promotion.created', actor: by, subject }, () =>
        store.write(async (tx) => {
          const agent = await lockAgent(tx, store.dialect, agent_id);
          if (agent === null) throw new PawlError('agent_not_found', `agent ${agent_id} does not exist`);
          await requireVersion(tx, agent, candidate_version);
          const alias = await aliases.lockOrMake(tx, { agent_id, name });
          if (alias.version === null) throw noAlias({ agent_id, name });
          if (alias.version === candidate_version) {
            throw new PawlError(
              'invalid_request',
              `version: ${name} stands for version ${candidate_version} already`,
            );
          }
          const open = await findOpenPromotion(tx, { agent_id, alias: name, candidate_version });
          if (open !== null) {
            throw new PawlError(
              'promotion_open',
              `version ${candidate_version} is in review for ${name} as ${open.id}`,
            );
          }
          const basis = await readBasis(tx, {
            agent_id,
            name,
            candidate_version,
            eval: evalOf(alias, request),
          });
          const found = await evidence.find(tx, agent_id, basis, request.comparison);
          if (request.comparison !== undefined && found === null)
            throw await evidence.misfit(request.comparison, basis);
          const now = formatTime(clock.now());
          const row: PromotionRow = {
            ...{ id: ids.next('promotion'), agent_id, alias: name, candidate_version, status: 'in_review' },
            ...{
              author: JSON.stringify(by),
              reason,
              basis: JSON.stringify(basis),
              basis_hash: basisHash(basis),
            },
            ...{ comparison_id: found?.id ?? null, override: null, move: null, reviews: 0 },
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
      return seekEvidence(made.id, by);
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
      await change(id, { action: 'promotion.updated', by }, async (tx, row) => {
        if (version !== undefined && version !== row.candidate_version) {
          const author = JSON.parse(row.author) as AuditActor;
          if (!isSamePerson(by, author)) {
            throw new PawlError(
              'permission',
              `version: only ${author.name}, who asked for it, can change the candidate`,
            );
          }
        }
        const { eval_id } = JSON.parse(row.basis) as PromotionBasis;
        const alias = await aliases.lockOrMake(tx, { agent_id: row.agent_id, name: row.alias });
        const asked = { candidate_version: version ?? row.candidate_version };
        const next = await rebase(tx, row, { ...asked, eval: alias.policy.eval ?? named ?? eval_id });
        if (next.basis_hash === row.basis_hash) return row;
        return write(tx, row, next, { action: 'promotion.updated', by, reason: null });
      });
      return seekEvidence(id, by);
    },

    /**
     * Says something about an open promotion. Only a comment may come from its author.
     * @throws PawlError `promotion_not_found`, `promotion_over`, `own_promotion`, `stale_review`, `promotion_blocked`,
     *   `invalid_request`
     */
    async review(
      id: string,
      { decision, comment, basis_hash }: ReviewRequest,
      by: Actor,
    ): Promise<PromotionDetails> {
      const action = `promotion.${verbs[decision]}`;
      return change(id, { action, by }, async (tx, row) => {
        if (decision !== 'comment') await requireReviewer(tx, row, by);
        if (basis_hash !== undefined && basis_hash !== row.basis_hash) {
          throw new PawlError(
            'stale_review',
            `basis_hash: promotion ${id} is on another basis now, ${row.basis_hash}; look at it again`,
          );
        }
        const before = await detail(tx, row);
        const changed = before.blockers.find(({ code }) => code === 'basis_changed');
        if (changed !== undefined && (decision === 'approve' || decision === 'override')) {
          throw new PawlError('stale_review', `promotion ${id}: ${changed.text}`);
        }
        if (decision === 'approve') requireEvidence(before);
        const added = await addReview(tx, row, by, { decision, comment });
        const said = { action, by, reason: comment };
        const now = formatTime(clock.now());
        if (decision === 'comment') return write(tx, row, added, said);
        if (decision === 'reject') {
          const rejected = await write(tx, row, { ...added, status: 'rejected', ended_at: now }, said);
          await announce(tx, 'promotion.rejected', rejected);
          return rejected;
        }
        const override: Override | null =
          decision === 'override'
            ? { by, reason: comment ?? '', at: now, basis_hash: row.basis_hash }
            : before.override;
        const next = { ...added, override: override === null ? null : JSON.stringify(override) };
        const reviewed = await write(tx, row, next, said);
        const { blockers } = await detail(tx, reviewed);
        if (blockers.length > 0 || reviewed.status === 'approved') return reviewed;
        const approved = await write(
          tx,
          reviewed,
          { status: 'approved' },
          { action: 'promotion.approved', by, reason: null },
        );
        await announce(tx, 'promotion.approved', approved);
        return approved;
      });
    },

    /** Takes an open promotion back. @throws PawlError `promotion_not_found`, `promotion_over`, `permission` */
    async withdraw(
      id: string,
      { by, reason }: { by: Actor; reason: string | null },
    ): Promise<PromotionDetails> {
      return change(id, { action: 'promotion.withdrawn', by }, async (tx, row) => {
        const author = JSON.parse(row.author) as AuditActor;
        if (!isSamePerson(by, author) && by.role !== 'admin') {
          throw new PawlError(
            'permission',
            `only ${author.name}, who asked for it, or an admin can withdraw it`,
          );
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
      return change(id, { action: 'promotion.applied', by }, async (tx, row) => {
        const { blockers, approvals, override, evidence: found } = await detail(tx, row);
        if (blockers.length > 0) {
          const text = blockers.map((blocker) => blocker.text).join('; ');
          throw new PawlError('promotion_blocked', `promotion ${id} cannot be applied: ${text}`);
        }
        const alias = await aliases.lockOrMake(tx, { agent_id: row.agent_id, name: row.alias });
        const moved = await aliases.move(tx, alias, {
          ...{
            kind: 'promotion',
            to_version: row.candidate_version,
            actor: by,
            reason: reason ?? row.reason,
          },
          ...{ before: alias.move, hold: null },
          evidence: {
            ...{
              promotion_id: id,
              comparison_id: found?.comparison_id ?? null,
              verdict: found?.verdict ?? null,
            },
            overridden: override?.basis_hash === row.basis_hash && found?.verdict !== 'pass',
            approved_by: approvals.given_by,
          },
        });
        const ended = { status: 'completed', move: moved.move, ended_at: formatTime(clock.now()) } as const;
        const applied = await write(tx, row, ended, { action: 'promotion.applied', by, reason });
        await announce(tx, 'promotion.applied', applied);
        return applied;
      });
    },
  };
}

export type Promotions = ReturnType<typeof createPromotions>;

type Announced = 'promotion.created' | 'promotion.approved' | 'promotion.rejected' | 'promotion.applied';

const verbs = {
  approve: 'reviewed',
  reject: 'rejected',
  override: 'overridden',
  comment: 'commented',
} as const satisfies Record<ReviewDecision, string>;

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

/** Nobody can approve what has not been measured. @throws PawlError `promotion_blocked` */
function requireEvidence({ id, blockers }: PromotionDetails): void {
  const lack = blockers.find(
    ({ code }) => code === 'evidence_missing' || code === 'evidence_pending' || code === 'evidence_failed',
  );
  if (lack !== undefined) throw new PawlError('promotion_blocked', `promotion ${id}: ${lack.text}`);
}

function readReview({ promotion_id: _promotion, position: _position, actor, ...rest }: ReviewRow): Review {
  return { ...rest, actor: JSON.parse(actor) as AuditActor };
}
