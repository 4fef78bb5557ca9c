import { type Cursor, decodeCursor, type Order, type PageRequest } from '../core/page.ts';
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

/** Key shapes of the cursors: most lists are sorted by time and id. */
export const timeKey = ['string', 'string'] as const;
export const versionKey = ['number'] as const;

/** @throws PawlError `invalid_page` */
export function pageRequest(
  query: { readonly limit: number; readonly page?: string | undefined; readonly order?: Order },
  shape: readonly ('string' | 'number')[],
): PageRequest {
  const order = query.order ?? 'desc';
  const cursor: Cursor | null = query.page === undefined ? null : decodeCursor(query.page, order, shape);
  return { limit: query.limit, order, cursor };
}
