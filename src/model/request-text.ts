import type { Message } from './model.ts';

/**
 * Keeps what was made of the first messages of a request for the next one of the same conversation, which begins with the
 * same objects and some more. It is kept by the last of them, so that it is gone when the messages are. `goOn` adds more
 * messages to what was made before; `nothing` is made of none.
 */
export function keptBeginnings<T>(
  goOn: (before: T, added: readonly Message[]) => T,
  nothing: T,
): (messages: readonly Message[]) => T {
  const kept = new WeakMap<Message, { readonly length: number; readonly made: T }>();
  return (messages) => {
    const last = messages.at(-1);
    if (last === undefined) return nothing;
    const end = messages.findLast((message) => kept.has(message));
    const known = end === undefined ? undefined : kept.get(end);
    const isSame = known !== undefined && messages[known.length - 1] === end;
    const made = isSame ? goOn(known.made, messages.slice(known.length)) : goOn(nothing, messages);
    // Whatever was made of fewer is not asked for again.
    if (isSame && end !== undefined) kept.delete(end);
    kept.set(last, { length: messages.length, made });
    return made;
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

/** Messages that are written already as one text. An empty one stands for a message that is not sent. */
export function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(',');
}
