import type {
  Base64Source,
  DocumentBlock,
  PlainTextSource,
  ReadyBlock,
  SearchResultBlock,
  UrlSource,
} from '../core/content.ts';
import { ModelError, type ProviderName } from './model.ts';

/** A document with its file put in. */
export type ReadyDocument = DocumentBlock<Base64Source | UrlSource | PlainTextSource>;

/** The text of a document that holds text, whatever its source; null for one of another kind, such as a PDF. */
export function documentText({ source }: ReadyDocument): string | null {
  if (source.type === 'text') return source.data;
  if (source.type === 'url' || !isTextType(source.media_type)) return null;
  return new TextDecoder().decode(Buffer.from(source.data, 'base64'));
}

/** What is said of a document beside what it holds, one line each; empty when there is nothing. */
export function documentHead({ title, context }: ReadyDocument): string {
  const lines = [title ? `Document: ${title}` : '', context ? `Context: ${context}` : ''];
  return lines.filter((line) => line !== '').join('\n');
}

/** A search result as text, for models that know no such block. */
export function searchResultText({ source, title, content }: SearchResultBlock): string {
  return `Search result: ${title}\nSource: ${source}\n\n${content.map((block) => block.text).join('\n')}`;
}

/** The error for a block that a provider cannot be given. Trying again does not help. */
export function unsupportedBlock(provider: ProviderName, block: ReadyBlock): ModelError {
  return new ModelError({
    type: 'model_request_failed_error',
    message: `The ${provider} provider cannot be given ${described(block)}.`,
    retryable: false,
  });
}

function described(block: ReadyBlock): string {
  if (block.type !== 'document' && block.type !== 'image') return `a block of type ${block.type}`;
  const { source } = block;
  return source.type === 'url' ? `a URL as ${block.type}` : `a ${block.type} of type ${source.media_type}`;
}

function isTextType(mediaType: string): boolean {
  const [type = ''] = mediaType.toLowerCase().split(';');
  return /^text\/|^application\/(?:.+\+)?(?:json|xml|yaml)$/.test(type.trim());
}
