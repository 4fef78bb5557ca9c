import type { ExpressionBuilder, SelectQueryBuilder } from 'kysely';
import { type PageRequest, readsDown } from '../core/page.ts';

/** Bounds on a time, RFC 3339 text as stored; an absent bound does not limit. */
export type TimeBounds = {
  readonly gt?: string | undefined;
  readonly gte?: string | undefined;
  readonly lt?: string | undefined;
  readonly lte?: string | undefined;
};

const operators = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

type TimeKeyed = { created_at: string; id: string };

/** Sorts a query by time and id, starts it after the cursor, and reads one row more than the page holds. */
export function seek<DB, TB extends keyof DB & string, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  table: DB[TB] extends TimeKeyed ? TB : never,
  request: PageRequest,
): SelectQueryBuilder<DB, TB, O> {
  const down = readsDown(request);
  const direction = down ? 'desc' : 'asc';
  // Kysely cannot follow that a table chosen by a type parameter has these two columns.
  const columns = [`${table}.created_at`, `${table}.id`] as never[];
  let sought = query as SelectQueryBuilder<DB, TB, O>;
  for (const column of columns) sought = sought.orderBy(column, direction);
  if (request.cursor !== null) {
    const [time, id] = request.cursor.key;
    sought = sought.where((eb: ExpressionBuilder<DB, TB>) =>
      eb(eb.refTuple(...(columns as [never, never])), down ? '<' : '>', eb.tuple(time, id) as never),
    );
  }
  return sought.limit(request.limit + 1);
}

/** Keeps the rows of a table whose `created_at` is within bounds. */
export function within<DB, TB extends keyof DB & string, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  column: string,
  bounds: TimeBounds,
): SelectQueryBuilder<DB, TB, O> {
  let limited = query;
  for (const [name, operator] of Object.entries(operators)) {
    const bound = bounds[name as keyof TimeBounds];
    if (bound !== undefined) limited = limited.where(column as never, operator, bound as never);
  }
  return limited;
}

/** Sorts a query by a number that rows are counted by, and starts it after the cursor; reads one row more. */
export function seekNumber<DB, TB extends keyof DB & string, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  column: string,
  request: PageRequest,
): SelectQueryBuilder<DB, TB, O> {
  const down = readsDown(request);
  const sorted = query.orderBy(column as never, down ? 'desc' : 'asc').limit(request.limit + 1);
  const from = request.cursor?.key[0];
  return from === undefined ? sorted : sorted.where(column as never, down ? '<' : '>', from as never);
}
