import type { ChatRequest } from '../model-requests.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';

/** A fake model that remembers what it was asked, and how often. */
export type CountedModel = ModelServer & {
  /** How often each message was asked, by its text. */
  readonly asked: ReadonlyMap<string, number>;
  /** How many requests there were since the last look. */
  readonly sinceLastLook: () => number;
};

/**
 * Starts a model that says the last word of the message, except that it says `wrong` where the message has the word
 * `hard`; or whatever `reply` says.
 */
export async function startCountedModel(
  reply: (request: ChatRequest, text: string) => string = (_, text) => lastWord(text),
): Promise<CountedModel> {
  const asked = new Map<string, number>();
  let total = 0;
  let seen = 0;
  const server = await startModelServer({
    reply: (request) => {
      const text = request.messages.at(-1)?.text ?? '';
      asked.set(text, (asked.get(text) ?? 0) + 1);
      total++;
      return reply(request, text);
    },
  });
  return {
    ...server,
    asked,
    sinceLastLook: () => {
      const since = total - seen;
      seen = total;
      return since;
    },
  };
}

/** What the model says of its own accord. */
export function lastWord(text: string): string {
  return text.includes('hard') ? 'wrong' : (text.split(' ').at(-1) ?? '');
}

/** So many cases that the model gets right, but for every tenth. */
export function plainCases(count: number, name = 'plain'): object[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `c${String(i).padStart(4, '0')}`,
    input: `${name} ${i} ${i % 10 === 9 ? 'hard' : 'easy'} answer${i}`,
    target: `answer${i}`,
  }));
}
