import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client';
import type { ResultBlock } from '../core/content.ts';

/** What a tool of an MCP server answered. `is_error` is what the tool itself says. */
export type McpAnswer = { readonly content: readonly ResultBlock[]; readonly is_error: boolean };

/** The most characters of text in one answer. */
const mostCharacters = 100_000;
const mostImages = 20;
/** What model providers take of one image, in characters of base64. */
const largestImage = 5_000_000;
const imageTypes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

/**
 * The result of a call as blocks that a model can be shown: text as it is, images as images, and of everything else a
 * line that says what it was. Text beyond {@link mostCharacters} is left out, with a note at the end. `secret` is left
 * out of all text.
 */
export function readAnswer(result: CallToolResult, secret: string | null): McpAnswer {
  const blocks = result.content.map(blockOf);
  if (blocks.length === 0 && result.structuredContent !== undefined) {
    // Before it is written as JSON, which has another spelling for quotation marks.
    blocks.push(text(JSON.stringify(jsonWithoutSecret(result.structuredContent, secret))));
  }
  return { content: bounded(blocks, secret), is_error: result.isError === true };
}

/** An answer that we give in place of a tool. */
export function failedAnswer(message: string): McpAnswer {
  return { content: [text(message)], is_error: true };
}

/** Whatever is shorter is part of ordinary words, which would be damaged, and no secret that is worth its name. */
const shortestSecret = 8;

/**
 * The text without a credential that the other side has repeated. `secret` is null where there is none. A token of
 * fewer than {@link shortestSecret} characters is left in.
 */
export function withoutSecret(message: string, secret: string | null): string {
  if (secret === null) return message;
  // The token itself too, without the word before it.
  const token = secret.replace(/^\S+\s+/, '');
  if (token.length < shortestSecret) return message;
  return [secret, token].reduce((rest, one) => rest.replaceAll(one, '[credential]'), message);
}

/** A JSON value without a credential in any of its texts and names. `secret` is null where there is none. */
export function jsonWithoutSecret(value: unknown, secret: string | null): unknown {
  if (typeof value === 'string') return withoutSecret(value, secret);
  if (typeof value !== 'object' || value === null || secret === null) return value;
  if (Array.isArray(value)) return value.map((one) => jsonWithoutSecret(one, secret));
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, one]) => [withoutSecret(name, secret), jsonWithoutSecret(one, secret)]),
  );
}

function blockOf(item: ContentBlock): ResultBlock {
  switch (item.type) {
    case 'text':
      return text(item.text);
    case 'image':
      return bytes('Image', item);
    case 'audio':
      return leftOut('Audio', item);
    case 'resource_link':
      return text(
        [`Resource ${item.name}: ${item.uri}`, item.description]
          .filter((line) => line !== undefined)
          .join('\n'),
      );
    case 'resource':
      return 'text' in item.resource
        ? text(item.resource.text)
        : bytes(`Resource ${item.resource.uri}`, {
            mimeType: item.resource.mimeType,
            data: item.resource.blob,
          });
    default:
      return text(`[Content of an unknown type was left out]`);
  }
}

type Bytes = { readonly mimeType?: string | undefined; readonly data: string };

/** An image block where it is an image that models take, and else a line about it. */
function bytes(what: string, { mimeType = '', data }: Bytes): ResultBlock {
  const media_type = mimeType.toLowerCase();
  const isImage = imageTypes.includes(media_type) && data.length > 0 && data.length <= largestImage;
  if (!isImage || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return leftOut(what, { mimeType, data });
  return { type: 'image', source: { type: 'base64', media_type, data } };
}

function leftOut(what: string, { mimeType, data }: Bytes): ResultBlock {
  const size = Math.floor((data.length * 3) / 4);
  return text(`[${what} of type ${mimeType || 'unknown'} with about ${size} bytes was left out]`);
}

function bounded(blocks: readonly ResultBlock[], secret: string | null): ResultBlock[] {
  const kept: ResultBlock[] = [];
  let characters = mostCharacters;
  let images = mostImages;
  let isCut = false;
  for (const block of blocks) {
    if (block.type === 'image' && images-- > 0) kept.push(block);
    else if (block.type !== 'text') isCut = true;
    else {
      const whole = withoutSecret(block.text, secret);
      const part = whole.slice(0, characters).toWellFormed();
      isCut ||= part.length < whole.length;
      characters -= part.length;
      // Providers refuse a block without text.
      if (part !== '') kept.push(text(part));
    }
  }
  const bounds = `${mostCharacters} characters or ${mostImages} images`;
  if (isCut) kept.push(text(`[The result had more than ${bounds}; the rest was left out]`));
  return kept;
}

function text(content: string): ResultBlock {
  return { type: 'text', text: content };
}
