/** A piece of text in a message. The only kind of content that this server carries so far. */
export type TextBlock = { readonly type: 'text'; readonly text: string };
