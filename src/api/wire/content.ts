import { z } from 'zod';
import type { MessageBlock, ResultBlock, TextBlock } from '../../core/content.ts';
import { isId } from '../../core/ids.ts';
import { longText, parseInto, text, typeOf } from './fields.ts';
import { inWords } from './sentences.ts';

/** In one message, one result or one instruction. */
const mostBlocks = 1000;

const textBlock = z.strictObject({ type: z.literal('text'), text: z.string() });

const imageTypes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

const base64 = z
  .string('must be base64')
  .refine((data) => /^[A-Za-z0-9+/]+={0,2}$/.test(data) && data.length % 4 === 0, 'must be base64');

const webAddress = z
  .string()
  .max(2048, 'must have at most 2048 characters')
  .refine((url) => /^https?:\/\/\S+$/i.test(url) && URL.canParse(url), 'must begin with http:// or https://');

const fileId = z
  .string('must be the id of a file')
  .refine((id) => isId('file', id), 'must be the id of a file');

const url = z.strictObject({ type: z.literal('url'), url: webAddress });
const file = z.strictObject({ type: z.literal('file'), file_id: fileId });

/** Bytes in the block itself, of one of these types. */
function inline(types: readonly string[], data: typeof base64) {
  const media_type = z.enum(types, `must be one of ${types.join(', ')}`);
  return z.strictObject({ type: z.literal('base64'), media_type, data });
}

/** What model providers take of one image, as base64. A larger one would fail every turn of its session. */
const mostImageText = 5_000_000;
const imageBase64 = base64.max(mostImageText, `must have at most ${mostImageText} characters`);

const imageBlock = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion(
    'type',
    [inline(imageTypes, imageBase64), url, file],
    'must be a source of the type base64, url or file',
  ),
});

const plainText = z.strictObject({
  type: z.literal('text'),
  media_type: z.literal('text/plain', "must be 'text/plain'"),
  data: z.string(),
});

const documentBlock = z.strictObject({
  type: z.literal('document'),
  source: z.discriminatedUnion(
    'type',
    [inline(['application/pdf'], base64), url, file, plainText],
    'must be a source of the type base64, url, file or text',
  ),
  title: text(0, 500).nullable().optional(),
  context: longText(10_000).nullable().optional(),
});

const searchResultBlock = z.strictObject({
  type: z.literal('search_result'),
  source: text(1, 2048),
  title: text(1, 500),
  content: listOf(textBlock, 'must be a list of text blocks').refine(
    (list) => list.length > 0,
    'must hold some text',
  ),
  citations: z.strictObject({ enabled: z.boolean() }).default({ enabled: false }),
});

const blocks = {
  text: textBlock,
  image: imageBlock,
  document: documentBlock,
  search_result: searchResultBlock,
};
type BlockType = keyof typeof blocks;

/** A block of one of these types, whose own fields are reported at their place. */
function blockOf<T extends ResultBlock>(allowed: readonly BlockType[]) {
  return z.unknown().transform((value, context): T => {
    const given = typeOf(value);
    const type = allowed.find((one) => one === given);
    if (type !== undefined) return parseInto(blocks[type] as z.ZodType, value, context) as T;
    context.addIssue({ code: 'custom', path: ['type'], message: `must be one of ${allowed.join(', ')}` });
    return z.NEVER;
  });
}

/**
 * A list of blocks, up to the first that is wrong: to say of each of millions what is wrong with it takes minutes, and more
 * memory than there is.
 */
function listOf<T>(block: z.ZodType<T>, expected: string) {
  return z
    .array(z.unknown(), expected)
    .max(mostBlocks, `must hold at most ${mostBlocks} blocks`)
    .transform((values, context): T[] => {
      const read: T[] = [];
      for (const [i, value] of values.entries()) {
        const { data, error } = block.safeParse(value, { error: inWords });
        for (const issue of error?.issues ?? []) {
          context.addIssue({ ...issue, path: [i, ...issue.path] } as never);
        }
        if (error !== undefined) return z.NEVER;
        read.push(data);
      }
      return read;
    });
}

/** A plain string stands for one block of text. */
const asBlocks = (value: unknown): unknown =>
  typeof value === 'string' ? [{ type: 'text', text: value }] : value;

/** What a user says: blocks, not all of them blank. */
export const messageContent = z
  .preprocess(
    asBlocks,
    listOf(blockOf<MessageBlock>(['text', 'image', 'document']), 'must be a list of blocks'),
  )
  .refine(
    (list) => list.some((block) => block.type !== 'text' || block.text.trim() !== ''),
    'must hold some text',
  );

/** What a tool has answered; it may be nothing. */
export const resultContent = z.preprocess(
  asBlocks,
  listOf(blockOf<ResultBlock>(['text', 'image', 'document', 'search_result']), 'must be a list of blocks'),
);

/** An instruction: text alone. */
export const systemContent = z
  .preprocess(asBlocks, listOf(blockOf<TextBlock>(['text']), 'must be a list of text blocks'))
  .refine((list) => list.some((block) => block.text.trim() !== ''), 'must hold some text');
