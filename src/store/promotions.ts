import type { Selectable } from 'kysely';
import type { PageRequest } from '../core/page.ts';
import type { PromotionStatus } from '../core/release.ts';
import type { PromotionTable, ReviewTable } from './database.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seek } from './keyset.ts';
import { isFoundBy } from './release-search.ts';

export type PromotionRow = Selectable<PromotionTable>;
export type ReviewRow = Selectable<ReviewTable>;

export async function insertPromotion(tx: Handle, row: PromotionRow): Promise<void> {
  await tx.insertInto('promotions').values(row).execute();
}

export async function findPromotion(db: Handle, id: string): Promise<PromotionRow | null> {
  return (await db.selectFrom('promotions').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

/** A promotion, locked until the transaction ends; null when there is none. */
export async function lockPromotion(tx: Handle, dialect: Dialect, id: string): Promise<PromotionRow | null> {
  const query = tx.selectFrom('promotions').selectAll().where('id', '=', id);
  return (await dialect.lock(query).executeTakeFirst()) ?? null;
}

export async function updatePromotion(
  tx: Handle,
  id: string,
  changes: Partial<Omit<PromotionRow, 'id'>>,
): Promise<void> {
  await tx.updateTable('promotions').set(changes).where('id', '=', id).execute();
}

/** A promotion of this candidate that is not over; null when there is none. */
export async function findOpenPromotion(
  db: Handle,
  { agent_id, alias, candidate_version }: Pick<PromotionRow, 'agent_id' | 'alias' | 'candidate_version'>,
): Promise<PromotionRow | null> {
  const query = db
    .selectFrom('promotions')
    .selectAll()
    .where('agent_id', '=', agent_id)
    .where('alias', '=', alias)
    .where('candidate_version', '=', candidate_version)
    .where('status', 'in', ['in_review', 'approved']);
  return (await query.limit(1).executeTakeFirst()) ?? null;
}

export type PromotionFilter = {
  readonly agent_id?: string | undefined;
  /** Only looked at together with `agent_id`. */
  readonly alias?: string | undefined;
  readonly status?: PromotionStatus | undefined;
  /** A part of the agent's name or of the reason, or an id. */
  readonly search?: string | undefined;
};

/** Promotions by creation time; one more than the page holds, if there is one. */
export async function listPromotions(
  db: Handle,
  dialect: Dialect,
  { filter, request }: { readonly filter: PromotionFilter; readonly request: PageRequest },
): Promise<PromotionRow[]> {
  const { agent_id, alias, status, search } = filter;
  let query = db.selectFrom('promotions').selectAll();
  if (agent_id !== undefined) query = query.where('agent_id', '=', agent_id);
  if (agent_id !== undefined && alias !== undefined) query = query.where('alias', '=', alias);
  if (status !== undefined) query = query.where('status', '=', status);
  if (search !== undefined) query = query.where(isFoundBy(search, { dialect, table: 'promotions' }));
  return seek(query, 'promotions', request).execute();
}

/**
 * Ids of promotions in review to which no evidence is attached, and that are as they were `before` that time, `after` one of
 * them; at most a hundred.
 */
export async function listUnmeasured(
  db: Handle,
  { after, before }: { readonly after: string; readonly before: string },
): Promise<string[]> {
  const query = db.selectFrom('promotions').select('id').where('status', '=', 'in_review');
  const unmeasured = query.where('comparison_id', 'is', null).where('updated_at', '<=', before);
  const rows = await unmeasured.where('id', '>', after).orderBy('id').limit(100).execute();
  return rows.map(({ id }) => id);
}

export async function insertReview(tx: Handle, row: ReviewRow): Promise<void> {
  await tx.insertInto('reviews').values(row).execute();
}

/** What was said about a promotion, in order; there is at most as much as a promotion takes. */
export async function listReviews(db: Handle, promotionId: string): Promise<ReviewRow[]> {
  const query = db.selectFrom('reviews').selectAll().where('promotion_id', '=', promotionId);
  return query.orderBy('position').execute();
}
