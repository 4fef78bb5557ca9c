import { z } from 'zod';
import type { ClientEventBody } from '../../core/events.ts';
import { messageContent, resultContent, systemContent } from './content.ts';
import { limit, list, longText, lookup, notSupported, page, parseInto, time, typeOf } from './fields.ts';

const userMessage = z.strictObject({ type: z.literal('user.message'), content: messageContent });

const userInterrupt = z.strictObject({
  type: z.literal('user.interrupt'),
  session_thread_id: z.string('must be the id of a thread').nullable().optional(),
});

const toolConfirmation = z
  .strictObject({
    type: z.literal('user.tool_confirmation'),
    tool_use_id: z.string('must be the id of an agent.mcp_tool_use event'),
    result: z.enum(['allow', 'deny'], "must be 'allow' or 'deny'"),
    deny_message: longText(10_000).nullable().optional(),
  })
  .transform(({ deny_message, ...rest }, context) => {
    if (typeof deny_message !== 'string') return rest;
    if (rest.result === 'deny') return { ...rest, deny_message };
    const message = "goes with the result 'deny' alone";
    context.addIssue({ code: 'custom', path: ['deny_message'], message });
    return z.NEVER;
  });

const customToolResult = z
  .strictObject({
    type: z.literal('user.custom_tool_result'),
    custom_tool_use_id: z.string('must be the id of an agent.custom_tool_use event'),
    content: resultContent.nullable().optional(),
    is_error: z.boolean('must be true or false').nullable().optional(),
  })
  .transform(({ type, custom_tool_use_id, content, is_error }) => ({
    ...{ type, custom_tool_use_id, content: content ?? [] },
    ...(typeof is_error === 'boolean' ? { is_error } : {}),
  }));

const systemMessage = z.strictObject({ type: z.literal('system.message'), content: systemContent });

const schemas: Readonly<Record<ClientEventBody['type'], z.ZodType<ClientEventBody>>> = {
  'user.message': userMessage,
  'user.interrupt': userInterrupt.transform(({ type, session_thread_id }) => ({
    type,
    ...(typeof session_thread_id === 'string' ? { session_thread_id } : {}),
  })),
  'user.tool_confirmation': toolConfirmation,
  'user.custom_tool_result': customToolResult,
  'system.message': systemMessage,
};
const known = Object.keys(schemas) as ClientEventBody['type'][];

const laterTypes = ['user.tool_result', 'user.define_outcome'];

/** An event that a client sends. */
const clientEvent = z.unknown().transform((value, context): ClientEventBody => {
  const type = typeOf(value);
  const name = known.find((one) => one === type);
  if (name !== undefined) return parseInto(schemas[name], value, context);
  if (laterTypes.includes(type)) {
    notSupported(context, `'${type}' events are not supported by this server yet`, ['type']);
  } else {
    context.addIssue({ code: 'custom', path: ['type'], message: `must be one of ${known.join(', ')}` });
  }
  return z.NEVER;
});

export const eventSend = z.strictObject({
  events: z
    .array(clientEvent, 'must be a list of events')
    .min(1, 'must hold at least one event')
    .max(50, 'must hold at most 50 events'),
});

/** A message that a session begins with. */
const initialEvent = z.unknown().transform((value, context) => {
  const type = typeOf(value);
  if (type === 'user.message') return parseInto(userMessage, value, context);
  if (type === 'user.define_outcome') {
    notSupported(context, `'${type}' events are not supported by this server yet`, ['type']);
  } else {
    context.addIssue({ code: 'custom', path: ['type'], message: "must be 'user.message'" });
  }
  return z.NEVER;
});

const mostFileDocuments = 100;

/** The messages that a session begins with; null and none at all are the same. */
export const initialEvents = z
  .array(initialEvent, 'must be a list of events')
  .max(50, 'must hold at most 50 events')
  .refine(
    (events) => fileDocuments(events) <= mostFileDocuments,
    `must hold at most ${mostFileDocuments} documents that are files`,
  )
  .nullable();

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

function fileDocuments(events: readonly Extract<ClientEventBody, { type: 'user.message' }>[]): number {
  const blocks = events.flatMap(({ content }) => content);
  return blocks.filter((block) => block.type === 'document' && block.source.type === 'file').length;
}
