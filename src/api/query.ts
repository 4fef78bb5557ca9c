import { PawlError } from '../core/errors.ts';
import { decodeCursor, type ListShape, type Order, type PageRequest } from '../core/page.ts';
import type { TimeBounds } from '../store/keyset.ts';

/**
 * Reads a query string the way the SDKs write it: lists in brackets or repeated, an empty value as absent, and
 * `beta`, which old clients put on every call, nowhere.
 */
export function parseQuery(text: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null);
  for (const [rawKey, value] of new URLSearchParams(text)) {
    const key = rawKey.endsWith('[]') ? rawKey.slice(0, -2) : rawKey;
    if (key === 'beta' || value === '') continue;
    const known = query[key];
    query[key] = known === undefined ? value : [known, value].flat();
  }
  return query;
}

export type TimeQuery = {
  readonly 'created_at[gt]'?: string | undefined;
  readonly 'created_at[gte]'?: string | undefined;
  readonly 'created_at[lt]'?: string | undefined;
  readonly 'created_at[lte]'?: string | undefined;
};

export function timeBounds(query: TimeQuery): TimeBounds {
  return {
    gt: query['created_at[gt]'],
    gte: query['created_at[gte]'],
    lt: query['created_at[lt]'],
    lte: query['created_at[lte]'],
  };
}

/** Every list of the API, and what its cursors hold. Most are sorted by time and id. */
export const lists = {
  agents_by_created_at: { name: 'agents_by_created_at', key: ['string', 'string'], backwards: false },
  agents_by_updated_at: { name: 'agents_by_updated_at', key: ['string', 'string'], backwards: false },
  agents_by_name: { name: 'agents_by_name', key: ['string', 'string'], backwards: false },
  version_overviews: { name: 'version_overviews', key: ['number'], backwards: false },
  session_rows: { name: 'session_rows', key: ['string', 'string'], backwards: true },
  cases_by_flips: { name: 'cases_by_flips', key: ['number'], backwards: false },
  cases_by_dataset: { name: 'cases_by_dataset', key: ['number'], backwards: false },
  agents: { name: 'agents', key: ['string', 'string'], backwards: false },
  versions: { name: 'versions', key: ['number'], backwards: false },
  environments: { name: 'environments', key: ['string', 'string'], backwards: false },
  session_scores: { name: 'session_scores', key: ['number'], backwards: false },
  retention: { name: 'retention', key: ['string', 'string'], backwards: false },
  sessions: { name: 'sessions', key: ['string', 'string'], backwards: true },
  events: { name: 'events', key: ['number', 'number'], backwards: false },
  thread_events: { name: 'thread_events', key: ['number', 'number'], backwards: false },
  files: { name: 'files', key: ['string'], backwards: false },
  keys: { name: 'keys', key: ['string', 'string'], backwards: false },
  datasets: { name: 'datasets', key: ['string', 'string'], backwards: false },
  dataset_revisions: { name: 'dataset_revisions', key: ['string', 'string'], backwards: false },
  cases: { name: 'cases', key: ['string', 'number'], backwards: false },
  case_changes: { name: 'case_changes', key: ['string', 'string', 'number', 'number'], backwards: false },
  evals: { name: 'evals', key: ['string', 'string'], backwards: false },
  eval_runs: { name: 'eval_runs', key: ['string', 'string'], backwards: false },
  eval_results: { name: 'eval_results', key: ['number', 'number'], backwards: false },
  calibrations: { name: 'calibrations', key: ['string', 'string'], backwards: false },
  comparisons: { name: 'comparisons', key: ['string', 'string'], backwards: false },
  alias_moves: { name: 'alias_moves', key: ['number'], backwards: false },
  rollouts: { name: 'rollouts', key: ['string', 'string'], backwards: false },
  rollout_events: { name: 'rollout_events', key: ['number'], backwards: false },
  promotions: { name: 'promotions', key: ['string', 'string'], backwards: false },
  shadows: { name: 'shadows', key: ['string', 'string'], backwards: false },
  audit: { name: 'audit', key: ['number'], backwards: false },
  vaults: { name: 'vaults', key: ['string', 'string'], backwards: false },
  vault_credentials: { name: 'vault_credentials', key: ['string', 'string'], backwards: false },
  webhooks: { name: 'webhooks', key: ['string', 'string'], backwards: false },
  webhook_deliveries: { name: 'webhook_deliveries', key: ['string', 'string'], backwards: false },
  dead_deliveries: { name: 'dead_deliveries', key: ['string', 'string'], backwards: false },
} as const satisfies Record<string, ListShape>;

type PageQuery = TimeQuery & {
  readonly limit: number;
  readonly page?: string | undefined;
  readonly order?: Order;
};

/**
 * @throws PawlError `invalid_page` when the cursor is not of this list and order, or stands outside of the times
 *   that the query asks for.
 */
export function pageRequest(query: PageQuery, list: ListShape): PageRequest {
  const order = query.order ?? 'desc';
  const cursor = query.page === undefined ? null : decodeCursor(query.page, list, order);
  if (cursor !== null && !isWithin(cursor.key[0], timeBounds(query))) {
    throw new PawlError('invalid_page', 'page: created_at leaves out the place where this cursor stands');
  }
  return { list, limit: query.limit, order, cursor };
}

/** Whether a list sorted by time goes on within these bounds. Other keys hold no time to compare. */
function isWithin(time: string | number | undefined, { gt, gte, lt, lte }: TimeBounds): boolean {
  if (typeof time !== 'string') return true;
  const late = (gt === undefined || time > gt) && (gte === undefined || time >= gte);
  return late && (lt === undefined || time < lt) && (lte === undefined || time <= lte);
}
