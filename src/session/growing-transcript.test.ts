import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bodyWriter as anthropicBodies } from '../model/anthropic-request.ts';
import type { Message, ModelRequest, ToolDefinition } from '../model/model.ts';
import { bodyWriter as openaiBodies } from '../model/openai-request.ts';
import { type ConversationEvent, growingTranscript, transcript } from './transcript.ts';

const kinds = [
  ...(['user.message', 'user.message', 'agent.message', 'agent.message', 'system.message'] as const),
  ...(['agent.custom_tool_use', 'agent.mcp_tool_use', 'agent.tool_use', 'answer', 'answer'] as const),
  'agent.thread_context_compacted' as const,
];
type Step = {
  readonly kind: (typeof kinds)[number];
  readonly text: string;
  /** How many calls further back the one is that is answered. */
  readonly back: number;
  /** Whether the model is asked behind this event. */
  readonly asks: boolean;
  readonly armed: boolean;
  readonly renamed: boolean;
};

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom(...kinds),
    text: fc.oneof(fc.string({ maxLength: 4, unit: 'binary' }), fc.constantFrom('hello', '"messages":[]')),
    back: fc.nat(2),
    asks: fc.boolean(),
    armed: fc.boolean(),
    renamed: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
  }),
  { minLength: 1, maxLength: 60 },
);

/** The event of a step; null for an answer to which there is no call. */
function eventOf({ kind, text, back }: Step, place: number, before: readonly ConversationEvent[]) {
  const id = `sevt_${place}`;
  const content = [{ type: 'text' as const, text }];
  switch (kind) {
    case 'user.message':
    case 'agent.message':
    case 'system.message':
      return { id, type: kind, content } as ConversationEvent;
    case 'agent.custom_tool_use':
    case 'agent.tool_use':
      return { id, type: kind, name: 'look up', input: { text } } as ConversationEvent;
    case 'agent.mcp_tool_use':
      return { id, type: kind, mcp_server_name: 'desk', name: text, input: {} } as ConversationEvent;
    case 'agent.thread_context_compacted':
      return { id, type: kind, pawl: { summary: text } } as ConversationEvent;
    case 'answer': {
      const called = before.filter(({ type }) => type.endsWith('tool_use')).at(-1 - back);
      const refers = {
        custom_tool_use_id: called?.id,
        mcp_tool_use_id: called?.id,
        tool_use_id: called?.id,
      };
      const type = called?.type.replace('agent.custom', 'user.custom').replace('_use', '_result');
      return called === undefined ? null : ({ id, type, content, ...refers } as ConversationEvent);
    }
  }
}

const tool: ToolDefinition = { name: 'seek', description: 'Seeks.', input_schema: { type: 'object' } };

/** Each request of a conversation: what is kept from those before, and made anew. */
function* requestsOf(spec: readonly Step[]): Generator<{ readonly kept: ModelRequest; plain: ModelRequest }> {
  const told = growingTranscript();
  let events: readonly ConversationEvent[] = [];
  for (const [place, step] of spec.entries()) {
    const event = eventOf(step, place, events);
    if (event !== null) events = [...events, event];
    if (!step.asks) continue;
    const mcpName = (server: string, name: string): string =>
      `${step.renamed ? 'other' : server}__${name.length}`;
    const plain = transcript(structuredClone(events), mcpName);
    if (plain.length === 0) continue;
    const tools = step.armed ? [tool] : [];
    const about = { model: 'some', system: step.text, tools, effort: 'high', max_tokens: 9 } as const;
    yield {
      kept: { ...about, messages: told(events, mcpName), lasting: true },
      plain: { ...about, messages: plain },
    };
  }
}

test('what a model is told of a conversation that grows is what it would be told of it at once', () => {
  fc.assert(
    fc.property(steps, (spec) => {
      for (const { kept, plain } of requestsOf(spec)) expect(kept.messages).toEqual(plain.messages);
    }),
  );
});

test.each([
  ['the Messages API', anthropicBodies],
  ['Chat Completions', () => openaiBodies({ official: false })],
])('a request to %s is the same, byte for byte, whether its beginning is kept or not', (_name, bodies) => {
  fc.assert(
    fc.property(steps, (spec) => {
      const write = bodies();
      for (const { kept, plain } of requestsOf(spec)) {
        const anew = bodies()(plain);
        expect(write(kept)).toBe(anew);
        // As when it is made again.
        expect(write(kept)).toBe(anew);
        expect(() => JSON.parse(anew)).not.toThrow();
      }
    }),
  );
});

test('messages that are not the last are the same objects the next time', () => {
  const told = growingTranscript();
  const events: ConversationEvent[] = [];
  let before: readonly Message[] = [];
  for (let turn = 0; turn < 5; turn++) {
    const content = [{ type: 'text' as const, text: `said ${turn}` }];
    events.push({ id: `sevt_${turn}`, type: 'user.message', content });
    const messages = told([...events], (_server, name) => name);
    expect(messages).toHaveLength(2 * turn + 1);
    for (const [i, message] of before.slice(0, -1).entries()) expect(messages[i]).toBe(message);
    before = messages;
    events.push({ id: `sevt_${turn}_answer`, type: 'agent.message', content });
  }
});

test('only what is new is written for the next request', () => {
  const write = anthropicBodies();
  const read = new Set<string>();
  const said = (role: 'user' | 'assistant', text: string): Message => ({
    role,
    get content() {
      read.add(text);
      return [{ type: 'text' as const, text }];
    },
  });
  const messages: Message[] = [];
  for (let turn = 0; turn < 6; turn++) {
    messages.push(said('user', `asked ${turn}`));
    read.clear();
    write({
      ...{ model: 'some', system: null, tools: [], effort: 'high', max_tokens: 9 },
      ...{ messages: [...messages], lasting: true },
    });
    messages.push(said('assistant', `replied ${turn}`));
  }
  expect([...read].toSorted()).toEqual(['asked 3', 'asked 4', 'asked 5', 'replied 3', 'replied 4']);
});
