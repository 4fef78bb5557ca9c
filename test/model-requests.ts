/** The two wire formats that the fake model server speaks. */
export type Protocol = 'anthropic' | 'openai';

/** One message, in the words of neither protocol: results of calls are the user's in both. */
export type ChatMessage = {
  readonly role: string;
  /** The text blocks put together. */
  readonly text: string;
  /** The types of its blocks other than text, calls and results. */
  readonly blocks: readonly string[];
  /** The calls that an assistant had made. */
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: unknown }[];
  readonly results: readonly { readonly id: string; readonly text: string }[];
};

/** A request of either protocol, reduced to what replies and predicates look at. */
export type ChatRequest = {
  readonly protocol: Protocol;
  readonly model: string;
  /** Null when the request has no system prompt. */
  readonly system: string | null;
  /** System messages in the middle of the conversation are among them. */
  readonly messages: readonly ChatMessage[];
  /** The names of the tools on offer. */
  readonly tools: readonly string[];
  readonly stream: boolean;
  /** How much there is to read: a token for every four characters of prompt, messages and tools. */
  readonly input_tokens: number;
};

/** Reads a request body of either protocol. Unknown shapes become empty text rather than an error. */
export function readChatRequest(protocol: Protocol, body: unknown): ChatRequest {
  const fields = record(body);
  const all = list(fields['messages']).map(readMessage);
  const start = all.findIndex((message) => message.role !== 'system');
  const leading = protocol === 'anthropic' ? 0 : start < 0 ? all.length : start;
  const prompts = all.slice(0, leading).map((message) => message.text);
  const system = protocol === 'anthropic' ? textOf(fields['system']) : prompts.join('\n');
  const messages = all.slice(leading);
  const tools = list(fields['tools']);
  const read = messages.reduce((sum, message) => sum + lengthOf(message), system.length);
  return {
    protocol,
    model: String(fields['model']),
    system: system === '' ? null : system,
    messages,
    tools: tools.map((tool) => String(record(record(tool)['function'])['name'] ?? record(tool)['name'])),
    stream: fields['stream'] === true,
    input_tokens: Math.ceil((read + (tools.length === 0 ? 0 : JSON.stringify(tools).length)) / 4),
  };
}

function readMessage(message: unknown): ChatMessage {
  const { role, content, tool_calls, tool_call_id } = record(message);
  if (role === 'tool') {
    return {
      role: 'user',
      text: '',
      blocks: [],
      calls: [],
      results: [{ id: String(tool_call_id), text: textOf(content) }],
    };
  }
  const blocks = (typeof content === 'string' ? [] : list(content)).map(record);
  const typed = (type: string) => blocks.filter((block) => block['type'] === type);
  const known = ['text', 'tool_use', 'tool_result'];
  return {
    role: String(role),
    text: textOf(content),
    blocks: blocks.map((block) => String(block['type'])).filter((type) => !known.includes(type)),
    calls: [
      ...typed('tool_use').map(({ id, name, input }) => ({ id: String(id), name: String(name), input })),
      ...list(tool_calls).map(readCall),
    ],
    results: typed('tool_result').map((block) => ({
      id: String(block['tool_use_id']),
      text: textOf(block['content']),
    })),
  };
}

function readCall(call: unknown): ChatMessage['calls'][number] {
  const { name, arguments: input } = record(record(call)['function']);
  return { id: String(record(call)['id']), name: String(name), input: JSON.parse(String(input)) };
}

function lengthOf({ text, calls, results }: ChatMessage): number {
  const inputs = calls.map((call) => JSON.stringify(call.input) ?? '');
  return [text, ...inputs, ...results.map((result) => result.text)].join('').length;
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return list(content)
    .map((block) => String(record(block)['text'] ?? ''))
    .join('');
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
