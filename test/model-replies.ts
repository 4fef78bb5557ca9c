/** What the fake model server says: its triage verdict, and whatever is said in the words of both protocols. */
import type { ChatRequest, Protocol } from './model-requests.ts';

/** A call that the fake model asks for. `raw` is what it writes as the input, which may be no JSON. */
export type SaidCall = { readonly name: string } & ({ readonly input: object } | { readonly raw: string });

/** What the fake model says to one request. */
export type Said = {
  readonly text?: string;
  readonly calls?: readonly SaidCall[];
  /** True when the output limit ends the reply: the last call's `input` is cut in half, then. */
  readonly cut?: boolean;
  /** Counts in place of those that follow from lengths. */
  readonly usage?: Partial<ReplyUsage>;
};

export type ReplyUsage = {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
};

/** One reply before it is put into a protocol. */
export type Reply = {
  readonly model: string;
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly json: string }[];
  readonly cut: boolean;
  /** True when the model declines; `text` is then its explanation. */
  readonly refused: boolean;
  readonly usage: ReplyUsage;
};

/** A streamed reply in parts, so that faults can stop between them. */
export type Frames = {
  readonly opening: readonly string[];
  readonly deltas: readonly string[];
  readonly closing: readonly string[];
  /** How many of the deltas are sent by a reply that breaks off: some text, or up to the middle of the last call. */
  readonly midway: number;
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
export function replyTo(request: ChatRequest, said: string | Said, refused = false): Reply {
  const { text = '', calls = [], cut = false, usage } = typeof said === 'string' ? { text: said } : said;
  const inputs = calls.map((call) => ('raw' in call ? call.raw : JSON.stringify(call.input)));
  const ends = inputs.map((json, index) => {
    const half = cut && index === inputs.length - 1 && 'input' in (calls[index] ?? {});
    return half ? json.slice(0, json.length / 2) : json;
  });
  return {
    model: request.model,
    text,
    calls: calls.map(({ name }, index) => ({ name, json: ends[index] ?? '' })),
    cut,
    refused,
    usage: {
      input_tokens: request.input_tokens,
      output_tokens: Math.ceil([text, ...ends].join('').length / 4),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      ...usage,
    },
  };
}

/** The reply as one JSON body, for requests that do not stream. */
export function wholeBody(protocol: Protocol, reply: Reply): string {
  if (protocol === 'openai') {
    const calls = reply.calls.map(openaiCall);
    const message = {
      role: 'assistant',
      ...openaiText(reply, reply.text),
      ...(calls.length > 0 && { tool_calls: calls }),
    };
    const choice = { index: 0, message, finish_reason: openaiFinish(reply) };
    return JSON.stringify({
      ...openaiHead(reply),
      object: 'chat.completion',
      choices: [choice],
      usage: openaiUsage(reply),
    });
  }
  const text = reply.text === '' && reply.calls.length > 0 ? [] : [{ type: 'text', text: reply.text }];
  const calls = reply.calls.map((call, index) => ({
    ...anthropicCall(call, index),
    input: parsed(call.json),
  }));
  return JSON.stringify({
    ...anthropicMessage(reply, reply.refused ? [] : [...text, ...calls]),
    ...anthropicStop(reply),
    usage: reply.usage,
  });
}

/** The reply as server-sent events, its text split in six, and the input of each call in two. */
export function streamFrames(protocol: Protocol, reply: Reply): Frames {
  return protocol === 'openai' ? openaiFrames(reply) : anthropicFrames(reply);
}

/** The body, or the event, with which each protocol reports an error. */
export function errorBody(
  protocol: Protocol,
  error: { readonly type: string; readonly message: string; readonly code?: string },
): string {
  const { code = null, ...said } = error;
  return JSON.stringify(
    protocol === 'openai' ? { error: { ...said, code, param: null } } : { type: 'error', error: said },
  );
}

/** One server-sent event; the Anthropic protocol names its events, the other does not. */
export function frame(protocol: Protocol, type: string, data: string): string {
  return protocol === 'anthropic' ? `event: ${type}\ndata: ${data}\n\n` : `data: ${data}\n\n`;
}

function anthropicFrames(reply: Reply): Frames {
  const event = (type: string, fields: object): string =>
    frame('anthropic', type, JSON.stringify({ type, ...fields }));
  const start = (index: number, content_block: object) =>
    event('content_block_start', { index, content_block });
  const delta = (index: number, fields: object) => event('content_block_delta', { index, delta: fields });
  const stop = (index: number) => event('content_block_stop', { index });
  const message = {
    ...anthropicMessage(reply, []),
    stop_reason: null,
    stop_details: null,
    usage: { ...reply.usage, output_tokens: 1 },
  };
  const texts = reply.refused ? [] : parts(reply.text, 6);
  const hasText = reply.text !== '' || reply.calls.length === 0;
  const first = hasText ? 1 : 0;
  const calls = reply.calls.map((call, index) => [
    start(first + index, { ...anthropicCall(call, index), input: {} }),
    ...parts(call.json, 2).map((partial_json) =>
      delta(first + index, { type: 'input_json_delta', partial_json }),
    ),
    stop(first + index),
  ]);
  const last = calls.at(-1) ?? [];
  const deltas = [
    ...texts.map((text) => delta(0, { type: 'text_delta', text })),
    ...(hasText ? [stop(0)] : []),
    ...calls.flat(),
  ];
  return {
    opening: [
      event('message_start', { message }),
      ...(hasText ? [start(0, { type: 'text', text: '' })] : []),
      event('ping', {}),
    ],
    deltas,
    closing: [
      event('message_delta', {
        delta: anthropicStop(reply),
        usage: { output_tokens: reply.usage.output_tokens },
      }),
      event('message_stop', {}),
    ],
    midway: calls.length === 0 ? 2 : deltas.length - last.length + 2,
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
  const texts = parts(reply.text, 6).map((text) => chunk(openaiText(reply, text), null));
  const calls = reply.calls.map((call, index) => {
    const { function: named, ...opened } = openaiCall(call, index);
    const start = { index, ...opened, function: { ...named, arguments: '' } };
    return [
      chunk({ tool_calls: [start] }, null),
      ...parts(call.json, 2).map((piece) =>
        chunk({ tool_calls: [{ index, function: { arguments: piece } }] }, null),
      ),
    ];
  });
  const last = calls.at(-1) ?? [];
  const deltas = [...texts, ...calls.flat()];
  return {
    opening: [chunk({ role: 'assistant', content: '' }, null)],
    deltas,
    closing: [
      chunk({}, openaiFinish(reply)),
      frame('openai', 'chunk', JSON.stringify(usage)),
      frame('openai', 'done', '[DONE]'),
    ],
    midway: calls.length === 0 ? 2 : deltas.length - last.length + 2,
  };
}

function anthropicMessage(reply: Reply, content: readonly object[]): object {
  return { id: 'msg_fake', type: 'message', role: 'assistant', model: reply.model, content };
}

function anthropicCall({ name }: { readonly name: string }, index: number): object {
  return { type: 'tool_use', id: `toolu_fake_${index}`, name };
}

function anthropicStop(reply: Reply): object {
  const details = { type: 'refusal', category: 'cyber', explanation: reply.text };
  if (reply.refused) return { stop_reason: 'refusal', stop_sequence: null, stop_details: details };
  const reason = reply.cut ? 'max_tokens' : reply.calls.length > 0 ? 'tool_use' : 'end_turn';
  return { stop_reason: reason, stop_sequence: null, stop_details: null };
}

function openaiHead(reply: Reply): object {
  return { id: 'chatcmpl-fake', created: 1, model: reply.model };
}

function openaiCall(call: { readonly name: string; readonly json: string }, index: number) {
  return {
    id: `call_fake_${index}`,
    type: 'function',
    function: { name: call.name, arguments: call.json },
  };
}

function openaiFinish(reply: Reply): string {
  return reply.cut ? 'length' : reply.calls.length > 0 ? 'tool_calls' : 'stop';
}

function openaiText(reply: Reply, text: string): object {
  return reply.refused ? { content: null, refusal: text } : { content: text, refusal: null };
}

/** This protocol counts what came from a cache, or went into one, as input. */
function openaiUsage({ usage }: Reply): object {
  const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = usage;
  const prompt = input_tokens + cache_read_input_tokens + cache_creation_input_tokens;
  return {
    prompt_tokens: prompt,
    completion_tokens: output_tokens,
    total_tokens: prompt + output_tokens,
    prompt_tokens_details: {
      cached_tokens: cache_read_input_tokens,
      cache_write_tokens: cache_creation_input_tokens,
    },
  };
}

/** So many pieces that together are the text; the last ones are left out when the text is too short. */
function parts(text: string, count: number): string[] {
  const size = Math.max(1, Math.ceil(text.length / count));
  const pieces: string[] = [];
  for (let start = 0; start < text.length; start += size) pieces.push(text.slice(start, start + size));
  return pieces;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
