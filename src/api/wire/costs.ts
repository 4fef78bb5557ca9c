import { z } from 'zod';
import { readTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import { time } from './fields.ts';

const dayUs = 86_400_000_000;
const usualDays = 30;
const mostDays = 366;

export const costQuery = z.strictObject({
  'created_at[gte]': time.describe('From when on sessions were made. Absent is 30 days before the end.'),
  'created_at[lt]': time.describe('Before when they were made. Absent is now.'),
});

/**
 * The time that a query about costs is for, in microseconds since 1970.
 * @throws PawlError `invalid_request` when it ends before it begins, or is too long.
 */
export function costRange(
  query: z.output<typeof costQuery>,
  now: number,
): { readonly from: number; readonly before: number } {
  const [gte, lt] = [query['created_at[gte]'], query['created_at[lt]']];
  const before = lt === undefined ? now : readTime(lt);
  const from = gte === undefined ? before - usualDays * dayUs : readTime(gte);
  if (from >= before) {
    const end = lt === undefined ? 'now, because created_at[lt] is not given' : 'created_at[lt]';
    throw new PawlError('invalid_request', `created_at[gte]: must be before ${end}`);
  }
  if (before - from > mostDays * dayUs) {
    throw new PawlError(
      'invalid_request',
      `created_at[gte]: must be at most ${mostDays} days before created_at[lt]`,
    );
  }
  return { from, before };
}
