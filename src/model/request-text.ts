import type { Message } from './model.ts';

/**
 * Writes messages as a provider has them, and keeps what it wrote for those that last: for as long as the message itself
 * is kept, so that nothing here has to be cleared. Messages never change.
 */
export function keptTexts(write: (message: Message) => string): (message: Message, lasts: boolean) => string {
  const kept = new WeakMap<Message, string>();
  return (message, lasts) => {
    if (!lasts) return write(message);
    const known = kept.get(message);
    if (known !== undefined) return known;
    const text = write(message);
    kept.set(message, text);
    return text;
  };
}

/** The JSON of a request's body, whose messages are written already; `before` has at least one field. */
export function requestText(
  messages: readonly string[],
  { before, behind }: { readonly before: object; readonly behind: object },
): string {
  const head = JSON.stringify(before).slice(0, -1);
  const tail = JSON.stringify(behind).slice(1);
  return `${head},"messages":[${messages.join(',')}]${tail === '}' ? '' : ','}${tail}`;
}
