import { z } from 'zod';
import type { Json } from '../../../core/evaluation.ts';
import type { BidirectionalPage, Page } from '../../../core/page.ts';
import type { Capped } from '../../../eval/gate-report.ts';

/**
 * Ties the description of an answer to the type that routes give. It compiles only where each fits the other, so
 * that neither drifts away. The argument that is asked for in a misfit names the type that the description lacks.
 */
export function describes<T>() {
  return <S extends z.ZodType<T>>(
    schema: S,
    ..._misfit: [T] extends [z.output<S>] ? [] : [undescribed: T]
  ): z.ZodType<T> => schema;
}

/** A text of any length. */
export const text: z.ZodString = z.string();
/** A time as every answer carries it, in UTC and to the microsecond. */
export const time: z.ZodString = z.string().meta({ format: 'date-time' });
/** A whole number from 0. */
export const count: z.ZodInt = z.int().min(0);
/** A part of a whole, or a chance. */
export const share: z.ZodNumber = z.number().min(0).max(1);
/** A part of a whole in percent. */
export const percent: z.ZodNumber = z.number().min(0).max(100);
/** Any JSON. */
export const json: z.ZodType<Json> = z.any();

/** A list of any length, which nobody changes. */
export function listOf<T>(item: z.ZodType<T>): z.ZodType<readonly T[]> {
  return z.array(item);
}

/** A list that is cut so that a report stays small. */
export function capped<T>(item: z.ZodType<T>): z.ZodType<Capped<T>> {
  return z.object({
    total: count.describe('How many there are.'),
    shown: listOf(item).describe('The first of them.'),
  });
}

/** What a page of a list holds besides its items. */
export const nextPage = text
  .nullable()
  .describe('What to send as `page` to go on; null where there is nothing more.');

/** One page of a list. */
export function pageOf<T>(item: z.ZodType<T>): z.ZodType<Page<T>> {
  return z.object({ data: listOf(item).describe('The items, in order.'), next_page: nextPage });
}

/** One page of a list that leads back as well. */
export function pageBothWaysOf<T>(item: z.ZodType<T>): z.ZodType<BidirectionalPage<T>> {
  return z.object({
    data: listOf(item).describe('The items, in order.'),
    next_page: nextPage,
    prev_page: text
      .nullable()
      .describe('What to send as `page` to go back; null at the start, and where a page found nothing.'),
  });
}
