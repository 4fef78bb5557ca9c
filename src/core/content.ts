/** A piece of text in a message. */
export type TextBlock = { readonly type: 'text'; readonly text: string };

/** Bytes that stand in the block itself: base64 of what `media_type` names. */
export type Base64Source = { readonly type: 'base64'; readonly media_type: string; readonly data: string };
/** Bytes that whoever serves the model fetches by itself. */
export type UrlSource = { readonly type: 'url'; readonly url: string };
/** Bytes of a file that was uploaded to this server. */
export type FileSource = { readonly type: 'file'; readonly file_id: string };
/** Plain text as a document. */
export type PlainTextSource = {
  readonly type: 'text';
  readonly media_type: 'text/plain';
  readonly data: string;
};

/** Where the bytes of an image are. */
export type ImageSource = Base64Source | UrlSource | FileSource;
/** Where the bytes or the text of a document are. */
export type DocumentSource = ImageSource | PlainTextSource;

/** A picture. `Source` is narrower where files have been put in already. */
export type ImageBlock<Source = ImageSource> = { readonly type: 'image'; readonly source: Source };

/** A document: a PDF, or text. `title` and `context` are told to the model beside it. */
export type DocumentBlock<Source = DocumentSource> = {
  readonly type: 'document';
  readonly source: Source;
  readonly title?: string | null;
  readonly context?: string | null;
};

/** One thing that a search has found: where it is from, its title, and what it says. */
export type SearchResultBlock = {
  readonly type: 'search_result';
  readonly source: string;
  readonly title: string;
  readonly content: readonly TextBlock[];
  readonly citations: { readonly enabled: boolean };
};

/** What a user's message is made of. */
export type MessageBlock = TextBlock | ImageBlock | DocumentBlock;
/** What the result of a tool is made of. */
export type ResultBlock = MessageBlock | SearchResultBlock;

/** The same with every file put in, as a model is given it. */
export type ReadyBlock =
  | TextBlock
  | ImageBlock<Base64Source | UrlSource>
  | DocumentBlock<Base64Source | UrlSource | PlainTextSource>
  | SearchResultBlock;
