import type { TextBlock } from '../core/content.ts';
import type { Message } from '../model/model.ts';

type ConversationEvent = { readonly type: string; readonly content: readonly TextBlock[] };

/**
 * What a model is told of a session: its user and agent messages in order, neighbours of one side joined, so
 * that the sides alternate. Blank text is left out, because providers refuse it, and so is a trailing agent
 * message, which answers nothing that follows.
 */
export function transcript(events: readonly ConversationEvent[]): Message[] {
  const messages: { role: Message['role']; content: TextBlock[] }[] = [];
  for (const event of events) {
    const role = event.type === 'user.message' ? 'user' : 'assistant';
    const content = event.content.filter((block) => block.text.trim() !== '');
    if (content.length === 0) continue;
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (last !== undefined || role === 'user') messages.push({ role, content });
  }
  if (messages.at(-1)?.role === 'assistant') messages.pop();
  return messages;
}
