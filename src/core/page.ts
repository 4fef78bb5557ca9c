import { PawlError } from './errors.ts';

export type Order = 'asc' | 'desc';

/** A page of a list, and the cursors that lead on from it; null where there is nothing more. */
export type Page<T> = { readonly data: readonly T[]; readonly next_page: string | null };

/** A list that can be paged through: what its cursors are called, and what their keys are made of. */
export type ListShape = {
  readonly name: string;
  readonly key: readonly ('string' | 'number')[];
  /** Whether its pages lead back as well. */
  readonly backwards: boolean;
};

/** Where a page starts or ends: the sort order, the direction read in, and the position key of one row. */
export type Cursor = {
  readonly list: string;
  readonly order: Order;
  readonly direction: 'next' | 'prev';
  readonly key: readonly (string | number)[];
};

/** An opaque text for a cursor. */
export function encodeCursor(cursor: Cursor): string {
  const parts = [cursor.list, cursor.order, cursor.direction, ...cursor.key];
  return `page_${Buffer.from(JSON.stringify(parts)).toString('base64url')}`;
}

/**
 * Reads a cursor back.
 * @throws PawlError `invalid_page` when the text is no cursor of this list, or was made for another order.
 */
export function decodeCursor(text: string, list: ListShape, order: Order): Cursor {
  const [name, madeFor, direction, ...key] = parseParts(text);
  const fits =
    name === list.name &&
    (madeFor === 'asc' || madeFor === 'desc') &&
    (direction === 'next' || (direction === 'prev' && list.backwards)) &&
    key.length === list.key.length &&
    key.every((part, i) => typeof part === list.key[i] && isStorable(part));
  if (!fits) throw new PawlError('invalid_page', 'page: not a cursor of this list');
  if (madeFor !== order) {
    throw new PawlError('invalid_page', `page: this cursor was made for order=${madeFor}, not ${order}`);
  }
  return { list: name, order, direction, key: key as (string | number)[] };
}

/** The largest whole number that both databases keep in an integer column. */
export const maxInteger = 2 ** 31 - 1;

function isStorable(part: unknown): boolean {
  if (typeof part === 'number') return Number.isInteger(part) && part >= 0 && part <= maxInteger;
  return !String(part).includes('\0');
}

/** Room for the longest name that a list can be sorted by. */
const longestCursor = 4096;

function parseParts(text: string): unknown[] {
  if (!text.startsWith('page_') || text.length > longestCursor) return [];
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text.slice(5), 'base64url').toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

/** How to read one page of a list that is sorted by a key. `cursor` is null for the first page. */
export type PageRequest = {
  readonly list: ListShape;
  readonly limit: number;
  readonly order: Order;
  readonly cursor: Cursor | null;
};

/** A page with a way back as well; `prev_page` is null on the first page. */
export type BidirectionalPage<T> = Page<T> & { readonly prev_page: string | null };

/** Whether the rows of a page request must be read from the largest key down. */
export function readsDown({ order, cursor }: PageRequest): boolean {
  return (order === 'desc') !== (cursor?.direction === 'prev');
}

/**
 * Makes a page of rows that were read in the direction of the request, one more than its limit if there are
 * as many: the extra row shows that the list goes on.
 */
export function pageOf<T>(
  rows: readonly T[],
  request: PageRequest,
  keyOf: (row: T) => readonly (string | number)[],
): BidirectionalPage<T> {
  const { list, limit, order, cursor } = request;
  const goesOn = rows.length > limit;
  const data = rows.slice(0, limit);
  const backwards = cursor?.direction === 'prev';
  if (backwards) data.reverse();
  const to = (direction: 'next' | 'prev', row: T | undefined): string | null =>
    row === undefined ? null : encodeCursor({ list: list.name, order, direction, key: keyOf(row) });
  return {
    data,
    next_page: goesOn || backwards ? to('next', data.at(-1)) : null,
    prev_page: (backwards ? goesOn : cursor !== null) ? to('prev', data[0]) : null,
  };
}

/** So many things one page looks at, at most, for what no index finds. */
export const mostExamined = 10_000;

/** A page that leads on from the last thing that was looked at for it, if it holds everything that was found. */
export function examinedPage<T>(
  page: BidirectionalPage<T>,
  { list, order, cursor }: PageRequest,
  { edge, found }: { readonly edge: readonly (string | number)[] | null; readonly found: number },
): BidirectionalPage<T> {
  if (edge === null || found > page.data.length) return page;
  const direction = cursor?.direction ?? 'next';
  return { ...page, [`${direction}_page`]: encodeCursor({ list: list.name, order, direction, key: edge }) };
}
