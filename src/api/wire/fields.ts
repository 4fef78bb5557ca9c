import { z } from 'zod';
import { formatTime, parseTime } from '../../core/clock.ts';
import { effortLevels } from '../../core/effort.ts';
import { inWords } from './sentences.ts';

/** Text that fits a column of either database: PostgreSQL takes no NUL, and no broken pair of surrogates. */
export function text(min: number, max: number, expected?: string) {
  return z
    .string(expected)
    .min(min, min === 1 ? 'must not be empty' : `must have at least ${min} characters`)
    .max(max, `must have at most ${max} characters`)
    .refine((value) => !value.includes('\0') && value.isWellFormed(), 'must be well-formed text without NUL');
}

/** Text to look something up by: whatever a database can be asked for, found or not. */
export const lookup = z.string().refine((value) => !value.includes('\0'), 'must not hold NUL');

/** Long text, such as a prompt: kept inside JSON, so anything goes but its length. */
export function longText(max: number) {
  return z.string().max(max, `must have at most ${max} characters`);
}

/** Metadata as a new thing takes it. How many pairs and how long is checked where they are merged. */
export const metadata = z.record(text(0, 1000), text(0, 10_000));
/** Metadata as an update takes it: null removes a key. */
export const metadataPatch = z.record(text(0, 1000), text(0, 10_000).nullable()).nullable();

/** A field that the API knows and this server does not do yet: only its empty values are taken. */
export function unsupported(empty: 'list' | 'null', what: string) {
  return z.unknown().superRefine((value, context) => {
    const isEmpty = value === null || (empty === 'list' && Array.isArray(value) && value.length === 0);
    if (isEmpty || value === undefined) return;
    const allowed = empty === 'list' ? 'an empty list' : 'null';
    notSupported(context, `${what} not supported by this server yet; leave this out or send ${allowed}`);
  });
}

/** Adds an issue that becomes a `not_supported` error instead of an `invalid_request` one; about a field inside with `at`. */
export function notSupported(context: z.RefinementCtx, message: string, at: readonly string[] = []): void {
  context.addIssue({ code: 'custom', path: [...at], message, params: { pawl_code: 'not_supported' } });
}

const effort = z.union([z.enum(effortLevels), z.strictObject({ type: z.enum(effortLevels) })], {
  error: `must be one of ${effortLevels.join(', ')}, or an object with that as its type`,
});

const speed = z
  .enum(['standard', 'fast'])
  .nullable()
  .superRefine((value, context) => {
    if (value === 'fast')
      notSupported(context, "speed 'fast' is not supported by this server; use 'standard'");
  });

const modelObject = z
  .strictObject({
    id: text(1, 256),
    effort: effort.nullable().optional(),
    speed: speed.optional(),
    inference_geo: unsupported('null', 'inference_geo is').optional(),
  })
  .transform(({ id, effort: level }) => ({
    id,
    effort: typeof level === 'object' ? (level?.type ?? null) : (level ?? null),
  }));

/** A model: its id, or an object with its id. Null is refused here. */
export const model = z.unknown().transform((value, context) => {
  if (typeof value === 'object' && value !== null) return parseInto(modelObject, value, context);
  const id = text(1, 256, 'must be a model id, or an object with an id').safeParse(value);
  if (id.success) return { id: id.data, effort: null };
  addIssues(id.error, context);
  return z.NEVER;
});

/** Parses a value inside a transform; what is wrong with it is reported at its place. */
export function parseInto<T>(schema: z.ZodType<T>, value: unknown, context: z.RefinementCtx): T {
  const parsed = schema.safeParse(value, { error: inWords });
  if (parsed.success) return parsed.data;
  addIssues(parsed.error, context);
  return z.NEVER;
}

function addIssues({ issues }: z.ZodError, context: z.RefinementCtx): void {
  for (const issue of issues) context.addIssue({ ...issue } as never);
}

/** The `type` that an object of a request has; empty when there is none. */
export function typeOf(value: unknown): string {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  return typeof type === 'string' ? type : '';
}

/** A whole number that comes as text, as in a query or a form. */
export function writtenNumber(min: number, max: number) {
  return z
    .string()
    .refine(
      (value) => /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max,
      `must be a whole number from ${min} to ${max}`,
    )
    .transform(Number);
}

/** A page size. */
export function limit(fallback: number, max: number) {
  return writtenNumber(1, max)
    .default(fallback)
    .meta({
      ...{ type: 'integer', minimum: 1, maximum: max, default: fallback },
      description: 'How many a page holds at most.',
    });
}

/** The way a list is sorted. */
export function order(description: string) {
  return z.enum(['asc', 'desc'], 'must be asc or desc').default('desc').describe(description);
}

/** What a list of things that are sorted by the time at which they were made is kept in. */
export const newestFirst = order('desc gives the newest first.');

/** Words to look for in a list. */
export function search(description: string) {
  return lookup.max(200, 'must have at most 200 characters').optional().describe(description);
}

/** A switch in a query, off unless it says `true`. */
export function flag(description: string) {
  return z
    .enum(['true', 'false'], 'must be true or false')
    .transform((value) => value === 'true')
    .default(false)
    .meta({ type: 'boolean', enum: [true, false], default: false, description });
}

/** A version number in a query. */
export const versionNumber = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'must be a whole number from 1')
  .transform(Number)
  .meta({ type: 'integer', minimum: 1 });

export const page = z
  .string()
  .optional()
  .meta({ description: 'Where to go on: the `next_page` of the page before. Absent begins at the start.' });

/** A time in a query, as it is stored. */
export const time = z
  .string()
  .transform((value, context) => {
    const us = parseTime(value);
    if (us !== null) return formatTime(us);
    context.addIssue('must be an RFC 3339 time such as 2026-01-31T12:00:00Z');
    return z.NEVER;
  })
  .optional();

/** One value or several of the same key. */
export function list<T extends z.ZodType<string, string>>(item: T) {
  return z
    .union([z.string().transform((value) => [value]), z.array(z.string())])
    .pipe(z.array(item).max(100, 'at most 100 values are allowed'))
    .optional();
}
