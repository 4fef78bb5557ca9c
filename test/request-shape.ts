import type { ChatMessage, Protocol } from './model-requests.ts';
import type { ModelServer, RecordedRequest } from './model-server.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * What the official servers would refuse in a request: results that do not stand right behind their calls or are
 * missing, sides that do not alternate, blank texts, names that no tool can have, calls where no tool is defined.
 */
export function requestProblems(protocol: Protocol, body: unknown): string[] {
  const messages = list(record(body)['messages']).map(record);
  if (protocol === 'openai') return openaiProblems(messages);
  const types = messages.flatMap(({ content }) => list(content).map((block) => record(block)['type']));
  const usesTools = types.includes('tool_use') || types.includes('tool_result');
  const untold =
    usesTools && list(record(body)['tools']).length === 0 ? ['calls, and no tools are defined'] : [];
  return [...untold, ...anthropicProblems(messages)];
}

/** Gives the problems of all requests that have arrived since it was last asked. */
export function watchRequests(): (server: Pick<ModelServer, 'requests'>) => string[] {
  let last: RecordedRequest | null = null;
  return ({ requests }) => {
    const fresh = requests.slice(last === null ? 0 : requests.indexOf(last) + 1);
    last = fresh.at(-1) ?? last;
    return fresh.flatMap(({ read, body }) => requestProblems(read.protocol, body));
  };
}

/** What the last message of the newest request holds, as it went over the wire. */
export function lastContent({ requests }: Pick<ModelServer, 'requests'>): unknown {
  return record(list(record(requests.at(-1)?.body)['messages']).at(-1))['content'];
}

/** The conversation with neighbours of one side as one message: one protocol has a message for each result. */
export function joined(messages: readonly ChatMessage[]): ChatMessage[] {
  const sides: ChatMessage[] = [];
  for (const message of messages) {
    const last = sides.at(-1);
    if (last === undefined || last.role !== message.role) {
      sides.push(message);
      continue;
    }
    sides[sides.length - 1] = {
      ...{ role: last.role, text: last.text + message.text, blocks: [...last.blocks, ...message.blocks] },
      ...{ calls: [...last.calls, ...message.calls], results: [...last.results, ...message.results] },
    };
  }
  return sides;
}

const toolName = /^[\w-]{1,64}$/;

function anthropicProblems(messages: readonly Fields[]): string[] {
  const problems: string[] = [];
  const sides = messages.filter(({ role }) => role !== 'system');
  if (sides[0]?.['role'] !== 'user') problems.push('the first message is not from the user');
  if (sides.at(-1)?.['role'] !== 'user') problems.push('the last message is not from the user');
  let open: unknown[] = [];
  for (const [i, { role, content }] of sides.entries()) {
    if (i > 0 && sides[i - 1]?.['role'] === role)
      problems.push(`message ${i} is from the same side as the last`);
    const blocks = (typeof content === 'string' ? [{ type: 'text', text: content }] : list(content)).map(
      record,
    );
    if (blocks.length === 0) problems.push(`message ${i} is empty`);
    for (const { type, text } of blocks) {
      if (type === 'text' && String(text).trim() === '') problems.push(`message ${i} has a blank text`);
    }
    const results = blocks.filter(({ type }) => type === 'tool_result').map((block) => block['tool_use_id']);
    if (blocks.slice(0, results.length).some(({ type }) => type !== 'tool_result')) {
      problems.push(`the results of message ${i} do not come first`);
    }
    problems.push(...pairing(open, results));
    const calls = blocks.filter(({ type }) => type === 'tool_use');
    problems.push(...calls.flatMap(({ name }) => namingProblems(name)));
    open = calls.map(({ id }) => id);
  }
  return problems;
}

function openaiProblems(messages: readonly Fields[]): string[] {
  const problems: string[] = [];
  let open: unknown[] = [];
  let results: unknown[] = [];
  for (const message of [...messages, {}]) {
    if (message['role'] === 'tool') {
      results.push(message['tool_call_id']);
      if (message['content'] === '') problems.push('a result is empty');
      continue;
    }
    problems.push(...pairing(open, results));
    const calls = list(message['tool_calls']).map(record);
    problems.push(...calls.flatMap((call) => namingProblems(record(call['function'])['name'])));
    open = calls.map(({ id }) => id);
    results = [];
  }
  if (messages.at(-1)?.['role'] === 'assistant') problems.push('the last message is not from the user');
  return problems;
}

function pairing(calls: readonly unknown[], results: readonly unknown[]): string[] {
  const left = JSON.stringify(calls.toSorted());
  const right = JSON.stringify(results.toSorted());
  return left === right ? [] : [`the calls ${left} are followed by the results ${right}`];
}

function namingProblems(name: unknown): string[] {
  return toolName.test(String(name)) ? [] : [`no tool can be called ${JSON.stringify(name)}`];
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function record(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
