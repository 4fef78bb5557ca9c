import type {
  Base64Source,
  DocumentBlock,
  PlainTextSource,
  SearchResultBlock,
  UrlSource,
} from '../core/content.ts';

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

/**
 * What stands in the place of a document that a provider cannot be given. It is no error, because a conversation that
 * holds one would then fail at every turn from there on.
 */
export function unshownText({ source, title }: ReadyDocument): string {
  const named = title ? `The document ${title}` : 'A document';
  const form = source.type === 'url' ? 'is given by its address' : `is of the type ${source.media_type}`;
  return `${named} ${form} and cannot be shown here.`;
}

function isTextType(mediaType: string): boolean {
  const [type = ''] = mediaType.toLowerCase().split(';');
  return /^text\/|^application\/(?:.+\+)?(?:json|xml|yaml)$/.test(type.trim());
}
