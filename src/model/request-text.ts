import type { Message } from './model.ts';

/**
 * Writes the first messages of requests as a provider has them. What it wrote is kept for the next request of the same
 * conversation, which begins with the same messages and some more: by the last of them, so that it is gone when the
 * messages are. `write` gives an empty text for a message that says nothing.
 */
export function keptBeginnings(
  write: (message: Message) => string,
): (messages: readonly Message[]) => readonly string[] {
  const kept = new WeakMap<Message, { readonly length: number; readonly text: string }>();
  return (messages) => {
    const last = messages.at(-1);
    if (last === undefined) return [];
    const place = messages.findLastIndex((message) => kept.has(message));
    const end = messages[place];
    const known = end === undefined ? undefined : kept.get(end);
    const isSame = known?.length === place + 1;
    const added = messages.slice(isSame ? place + 1 : 0).map(write);
    const text = joined(isSame ? [known.text, ...added] : added);
    if (isSame && end !== undefined) kept.delete(end);
    kept.set(last, { length: messages.length, text });
    return [text];
  };
}

/** The JSON of a request's body, whose messages are written already; `before` has at least one field. */
export function requestText(
  messages: readonly string[],
  { before, behind }: { readonly before: object; readonly behind: object },
): string {
  const head = JSON.stringify(before).slice(0, -1);
  const tail = JSON.stringify(behind).slice(1);
  return `${head},"messages":[${joined(messages)}]${tail === '}' ? '' : ','}${tail}`;
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(',');
}
