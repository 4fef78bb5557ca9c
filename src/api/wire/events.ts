import { z } from 'zod';
import type { ClientEventBody } from '../../core/events.ts';
import { limit, list, lookup, notSupported, page, parseInto, time } from './fields.ts';

const textBlock = z.strictObject({ type: z.literal('text'), text: z.string() });

const knownBlocks = ['image', 'document', 'search_result'];

/** A block of a user's message. */
const block = z.unknown().transform((value, context) => {
  const type = typeOf(value);
  if (knownBlocks.includes(type)) {
    notSupported(context, `'${type}' blocks are not supported by this server yet; send text`);
    return z.NEVER;
  }
  return parseInto(textBlock, value, context);
});

const userMessage = z.strictObject({
  type: z.literal('user.message'),
  content: z
    .preprocess(
      (value) => (typeof value === 'string' ? [{ type: 'text', text: value }] : value),
      z.array(block, 'must be a list of text blocks'),
    )
    .refine((blocks) => blocks.some((entry) => entry.text.trim() !== ''), 'must hold some text'),
});

const userInterrupt = z.strictObject({
  type: z.literal('user.interrupt'),
  session_thread_id: z.null('only the whole session can be interrupted').optional(),
});

const laterTypes = [
  'user.tool_confirmation',
  'user.custom_tool_result',
  'user.tool_result',
  'user.define_outcome',
  'system.message',
];

/** An event that a client sends. */
const clientEvent = z.unknown().transform((value, context): ClientEventBody => {
  const type = typeOf(value);
  if (type === 'user.message') return parseInto(userMessage, value, context);
  if (type === 'user.interrupt') {
    parseInto(userInterrupt, value, context);
    return { type };
  }
  if (laterTypes.includes(type)) {
    notSupported(context, `type: '${type}' events are not supported by this server yet`);
  } else {
    context.addIssue("type: must be 'user.message' or 'user.interrupt'");
  }
  return z.NEVER;
});

export const eventSend = z.strictObject({
  events: z.array(clientEvent).min(1, 'must hold at least one event').max(50, 'must hold at most 50 events'),
});

export const eventListQuery = z.strictObject({
  limit: limit(1000, 1000),
  page,
  order: z.enum(['asc', 'desc']).default('asc'),
  types: list(lookup),
  'created_at[gt]': time,
  'created_at[gte]': time,
  'created_at[lt]': time,
  'created_at[lte]': time,
});

export const eventStreamQuery = z.strictObject({
  event_deltas: z
    .unknown()
    .superRefine((_value, context) => notSupported(context, 'previews are not supported by this server yet'))
    .optional(),
});

function typeOf(value: unknown): string {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  return typeof type === 'string' ? type : '';
}
