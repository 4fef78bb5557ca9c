/** What the fake model server says: its triage verdict, and that verdict in the words of both protocols. */

/** The two wire formats that the fake model server speaks. */
export type Protocol = 'anthropic' | 'openai';

/** A request of either protocol, reduced to what replies and predicates look at. */
export type ChatRequest = {
  readonly protocol: Protocol;
  readonly model: string;
  /** Null when the request has no system prompt. */
  readonly system: string | null;
  readonly messages: readonly { readonly role: string; readonly text: string }[];
  readonly stream: boolean;
};

/** One reply before it is put into a protocol. */
export type Reply = {
  readonly model: string;
  readonly text: string;
  /** True when the model declines; `text` is then its explanation. */
  readonly refused: boolean;
  readonly input_tokens: number;
  readonly output_tokens: number;
};

/** A streamed reply in three parts, so that faults can stop between them. */
export type Frames = {
  readonly opening: readonly string[];
  readonly deltas: readonly string[];
  readonly closing: readonly string[];
};

const teams = ['billing', 'auth', 'api-platform', 'dashboard'] as const;

const teamWords: Readonly<Record<(typeof teams)[number], RegExp>> = {
  billing: /invoice|charge|refund|payment|credit|plan|tax|receipt/gi,
  auth: /log ?in|password|sso|saml|token|locked|2fa|permission/gi,
  'api-platform': /api|endpoint|webhook|rate limit|timeout|latency|sdk|5\d\d/gi,
  dashboard: /dashboard|chart|graph|page|button|screen|export|widget/gi,
};

/** The team whose words a message has most of, and its urgency, as one line of raw JSON.
 *  A message that names a ticket whose number ends in 7 gets the wrong team, so that a runner
 *  over consecutive ticket numbers scores exactly 90 %. */
export function keywordVerdict(request: ChatRequest): string {
  const text = request.messages.findLast((message) => message.role === 'user')?.text ?? '';
  let best = 2;
  let most = 0;
  for (const [index, team] of teams.entries()) {
    const count = text.match(teamWords[team])?.length ?? 0;
    if (count > most) {
      most = count;
      best = index;
    }
  }
  const ticket = /ticket\s+#?(\d+)/i.exec(text)?.[1];
  if (ticket !== undefined && Number(ticket) % 10 === 7) best = (best + 1) % teams.length;
  const urgent = /outage|urgent|down|cannot|production/i.test(text);
  const minor = /question|typo|cosmetic|minor|how do/i.test(text);
  return JSON.stringify({ team: teams[best], priority: urgent ? 'P1' : minor ? 'P3' : 'P2' });
}

/** Token counts follow from lengths, so that the same request always has the same usage. */
export function replyTo(request: ChatRequest, text: string, refused = false): Reply {
  const read = request.messages.reduce(
    (sum, message) => sum + message.text.length,
    request.system?.length ?? 0,
  );
  return {
    model: request.model,
    text,
    refused,
    input_tokens: Math.ceil(read / 4),
    output_tokens: Math.ceil(text.length / 4),
  };
}

/** Reads a request body of either protocol. Unknown shapes become empty text rather than an error. */
export function readChatRequest(protocol: Protocol, body: unknown): ChatRequest {
  const fields = record(body);
  const all = (Array.isArray(fields['messages']) ? fields['messages'] : []).map((message) => {
    const { role, content } = record(message);
    return { role: String(role), text: textOf(content) };
  });
  const prompts = all.filter((message) => message.role === 'system').map((message) => message.text);
  const system = protocol === 'anthropic' ? textOf(fields['system']) : prompts.join('\n');
  return {
    protocol,
    model: String(fields['model']),
    system: system === '' ? null : system,
    messages: all.filter((message) => message.role !== 'system'),
    stream: fields['stream'] === true,
  };
}

/** The reply as one JSON body, for requests that do not stream. */
export function wholeBody(protocol: Protocol, reply: Reply): string {
  if (protocol === 'openai') {
    const message = { role: 'assistant', ...openaiText(reply, reply.text) };
    const choice = { index: 0, message, finish_reason: 'stop' };
    return JSON.stringify({
      ...openaiHead(reply),
      object: 'chat.completion',
      choices: [choice],
      usage: openaiUsage(reply),
    });
  }
  const content = reply.refused ? [] : [{ type: 'text', text: reply.text }];
  return JSON.stringify({
    ...anthropicMessage(reply, content),
    ...anthropicStop(reply),
    usage: anthropicUsage(reply),
  });
}

/** The reply as server-sent events, its text split in six. */
export function streamFrames(protocol: Protocol, reply: Reply): Frames {
  return protocol === 'openai' ? openaiFrames(reply) : anthropicFrames(reply);
}

/** The body, or the event, with which each protocol reports an error. */
export function errorBody(protocol: Protocol, error: { type: string; message: string }): string {
  return JSON.stringify(
    protocol === 'openai' ? { error: { ...error, code: null, param: null } } : { type: 'error', error },
  );
}

/** One server-sent event; the Anthropic protocol names its events, the other does not. */
export function frame(protocol: Protocol, type: string, data: string): string {
  return protocol === 'anthropic' ? `event: ${type}\ndata: ${data}\n\n` : `data: ${data}\n\n`;
}

function anthropicFrames(reply: Reply): Frames {
  const event = (type: string, fields: object): string =>
    frame('anthropic', type, JSON.stringify({ type, ...fields }));
  const usage = { ...anthropicUsage(reply), output_tokens: 1 };
  const message = { ...anthropicMessage(reply, []), stop_reason: null, stop_details: null, usage };
  return {
    opening: [
      event('message_start', { message }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      event('ping', {}),
    ],
    deltas: reply.refused
      ? []
      : sixParts(reply.text).map((text) =>
          event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
        ),
    closing: [
      event('content_block_stop', { index: 0 }),
      event('message_delta', { delta: anthropicStop(reply), usage: { output_tokens: reply.output_tokens } }),
      event('message_stop', {}),
    ],
  };
}

function openaiFrames(reply: Reply): Frames {
  const chunk = (delta: object, finish: string | null): string =>
    frame(
      'openai',
      'chunk',
      JSON.stringify({
        ...openaiHead(reply),
        object: 'chat.completion.chunk',
        choices: [{ index: 0, delta, finish_reason: finish }],
      }),
    );
  const usage = {
    ...openaiHead(reply),
    object: 'chat.completion.chunk',
    choices: [],
    usage: openaiUsage(reply),
  };
  return {
    opening: [chunk({ role: 'assistant', content: '' }, null)],
    deltas: sixParts(reply.text).map((text) => chunk(openaiText(reply, text), null)),
    closing: [
      chunk({}, 'stop'),
      frame('openai', 'chunk', JSON.stringify(usage)),
      frame('openai', 'done', '[DONE]'),
    ],
  };
}

function anthropicMessage(reply: Reply, content: readonly object[]): object {
  return { id: 'msg_fake', type: 'message', role: 'assistant', model: reply.model, content };
}

function anthropicStop(reply: Reply): object {
  const details = { type: 'refusal', category: 'cyber', explanation: reply.text };
  return reply.refused
    ? { stop_reason: 'refusal', stop_sequence: null, stop_details: details }
    : { stop_reason: 'end_turn', stop_sequence: null, stop_details: null };
}

function anthropicUsage(reply: Reply): object {
  return {
    input_tokens: reply.input_tokens,
    output_tokens: reply.output_tokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
  };
}

function openaiHead(reply: Reply): object {
  return { id: 'chatcmpl-fake', created: 1, model: reply.model };
}

function openaiText(reply: Reply, text: string): object {
  return reply.refused ? { content: null, refusal: text } : { content: text, refusal: null };
}

function openaiUsage(reply: Reply): object {
  return {
    prompt_tokens: reply.input_tokens,
    completion_tokens: reply.output_tokens,
    total_tokens: reply.input_tokens + reply.output_tokens,
  };
}

/** Six pieces that together are the text; the last ones are left out when the text is too short. */
function sixParts(text: string): string[] {
  const size = Math.max(1, Math.ceil(text.length / 6));
  const parts: string[] = [];
  for (let start = 0; start < text.length; start += size) parts.push(text.slice(start, start + size));
  return parts;
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((block) => String(record(block)['text'] ?? '')).join('');
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
