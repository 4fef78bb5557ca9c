import { noRequestUsage } from '../../core/usage.ts';
import type { ModelReply, ModelRequest, Provider, SendOptions } from '../model.ts';
import { answer, type Reading, readPrompt } from './answer.ts';
import { readInput } from './input.ts';
import { type Plan, planCalls } from './plan-calls.ts';
import { readTurn, type Turn, textOfMessage } from './turn.ts';

/**
 * Makes the embedded model: a small deterministic classifier that reads the output template, the rules, the label
 * descriptions and the examples in its system prompt and answers the last user message by them. It calls the tools that
 * prompt or message tell it to call, and cannot see images. It needs no key and no network. The same request always
 * gets the same reply, whatever was asked before.
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
  const turn = readTurn(request);
  const plan = planCalls(request.tools, { system: request.system, turn });
  const calling = plan.calls.length > 0;
  const text = calling ? '' : cut(reply(request, { read: options.read, turn, plan }), request.max_tokens);
  if (!calling) options.onText?.(text, 0);
  const asked = request.messages.map(textOfMessage).join('\n');
  return {
    content: calling ? [] : [{ type: 'text', text }],
    tool_uses: plan.calls,
    refusal: null,
    usage: {
      ...noRequestUsage,
      input_tokens: tokensIn(`${request.system ?? ''}${asked}`),
      output_tokens: tokensIn(calling ? JSON.stringify(plan.calls) : text),
    },
    served_model: 'offline',
  };
}

const withoutTemplate =
  'This is the embedded offline model, and no model provider is configured for this request, so it cannot hold a ' +
  'conversation. It answers once the system prompt states an output template such as ' +
  '{"team": "<billing|auth>"} or a set of labels to choose from.';

function reply(request: ModelRequest, of: { read: Read; turn: Turn; plan: Plan }): string {
  const { read, turn, plan } = of;
  const results = turn.done.map(({ text }) => text).filter((text) => text !== '');
  const unread = turn.text === '' && results.length === 0 && turn.unseen.length > 0;
  const reading = request.system === null || unread ? null : read(request.system);
  if (reading === null) return plainReply(turn, plan);
  const now = [turn.text, ...results].join('\n\n');
  // What a tool has said is news; what a free field tells of a text is told of that.
  const told = results.length > 0 ? results.join('\n\n') : now;
  const last = answer(reading, { ...readInput(now), text: told });
  if (last.evident || turn.before.length === 0) return last.text;
  return answer(reading, readInput([...turn.before, now].join('\n\n'))).text;
}

/** What there is to say when the prompt states no form of answer: what the tools have said, and what is missing. */
function plainReply({ done, unseen }: Turn, { notes }: Plan): string {
  const results = done.map(({ name, is_error, text }) => {
    return `${name} ${is_error ? 'failed' : 'answered'}: ${text === '' ? 'it gave no output.' : text}`;
  });
  const blind =
    unseen.length === 0
      ? []
      : [`The embedded offline model reads text only: it cannot see ${unseen.join(' or ')} of yours.`];
  const said = [...results, ...notes, ...blind];
  return said.length === 0 ? withoutTemplate : said.join('\n');
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
