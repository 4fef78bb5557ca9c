import { noRequestUsage } from '../../core/usage.ts';
import type { Message, ModelReply, ModelRequest, Provider, SendOptions } from '../model.ts';
import { answer, type Reading, readPrompt } from './answer.ts';
import { readInput } from './input.ts';

/**
 * Makes the embedded model: a small deterministic classifier that reads the output template, the rules, the label
 * descriptions and the examples in its system prompt and answers the last user message by them. It needs no key and
 * no network. The same request always gets the same reply, whatever was asked before.
 */
export function offlineProvider(): Provider {
  const read = memoised();
  return {
    name: 'offline',
    send: async (request, options) => send(request, { ...options, read }),
  };
}

type Read = (prompt: string) => Reading | null;

function send(request: ModelRequest, options: SendOptions & { readonly read: Read }): ModelReply {
  options.signal.throwIfAborted();
  const text = cut(reply(request, options.read), request.max_tokens);
  options.onText?.(text);
  const asked = request.messages.map(textOf).join('\n');
  return {
    content: [{ type: 'text', text }],
    refusal: null,
    usage: {
      ...noRequestUsage,
      input_tokens: tokensIn(`${request.system ?? ''}${asked}`),
      output_tokens: tokensIn(text),
    },
    served_model: 'offline',
  };
}

const withoutTemplate =
  'This is the embedded offline model, and no model provider is configured for this request, so it cannot hold a ' +
  'conversation. It answers once the system prompt states an output template such as ' +
  '{"team": "<billing|auth>"} or a set of labels to choose from.';

function reply(request: ModelRequest, read: Read): string {
  const reading = request.system === null ? null : read(request.system);
  if (reading === null) return withoutTemplate;
  const asked = request.messages.filter((message) => message.role === 'user').map(textOf);
  const last = answer(reading, readInput(asked.at(-1) ?? ''));
  if (last.evident || asked.length < 2) return last.text;
  return answer(reading, readInput(asked.join('\n\n'))).text;
}

const mostReadings = 64;

/** Keeps the readings of the latest prompts, since a server asks the same few prompts over and over. */
function memoised(): Read {
  const known = new Map<string, Reading | null>();
  return (prompt) => {
    const found = known.get(prompt);
    if (found !== undefined) return found;
    const reading = readPrompt(prompt);
    const [oldest] = known.keys();
    if (known.size >= mostReadings && oldest !== undefined) known.delete(oldest);
    known.set(prompt, reading);
    return reading;
  };
}

function textOf(message: Message): string {
  return message.content.map((block) => block.text).join('\n');
}

const charactersPerToken = 4;

function tokensIn(text: string): number {
  return Math.ceil(text.length / charactersPerToken);
}

function cut(text: string, most: number): string {
  const end = Math.max(1, most) * charactersPerToken;
  if (text.length <= end) return text;
  // A character outside the basic plane takes two places; half of one is not text.
  return /[\uD800-\uDBFF]/u.test(text.charAt(end - 1)) ? text.slice(0, end - 1) : text.slice(0, end);
}
