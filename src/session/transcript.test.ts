import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ConversationEvent, transcript } from './transcript.ts';

type Said = Extract<ConversationEvent, { type: 'user.message' | 'agent.message' }>;

const mcpName = (server: string, tool: string): string => `mcp__${server}__${tool}`;
const heard = (events: readonly ConversationEvent[]) => transcript(events, mcpName);
const said = (type: Said['type'], ...texts: string[]): Said => ({
  ...{ id: 'sevt_1', type },
  content: texts.map((text) => ({ type: 'text', text })),
});
const user = (...texts: string[]) => said('user.message', ...texts);
const agent = (...texts: string[]) => said('agent.message', ...texts);
const inWords = (block: { type: string }): string => ('text' in block ? String(block.text) : block.type);
const flat = (events: readonly ConversationEvent[]) =>
  heard(events).map(({ role, content }) => [role, ...content.map(inWords)]);

test('nothing was said', () => {
  expect(heard([])).toEqual([]);
  expect(heard([agent('Hello?')])).toEqual([]);
});

test('the sides alternate: neighbours of one side are joined, block after block', () => {
  expect(flat([user('a'), user('b', 'c'), agent('d'), agent('e'), user('f')])).toEqual([
    ['user', 'a', 'b', 'c'],
    ['assistant', 'd', 'e'],
    ['user', 'f'],
  ]);
});

test('an agent that speaks first is not heard, nor one that speaks last', () => {
  expect(flat([agent('x'), agent('y'), user('a'), agent('b')])).toEqual([['user', 'a']]);
});

test('blank text is not heard, and a message of nothing else does not come between two others', () => {
  expect(flat([user('a', ' \n'), agent(''), user('\u00a0'), user('b')])).toEqual([['user', 'a', 'b']]);
  expect(flat([user(' '), agent('x')])).toEqual([]);
});

test('whatever was said, users begin and end, the sides alternate and no word of a user is lost', () => {
  const texts = fc.array(fc.string({ maxLength: 2 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), texts)), (spec) => {
      const events = spec.map(([isUser, some]) => (isUser ? user(...some) : agent(...some)));
      const before = JSON.stringify(events);
      const messages = heard(events);
      for (const [i, message] of messages.entries()) {
        expect(message.role).toBe(i % 2 === 0 ? 'user' : 'assistant');
      }
      expect(messages.length === 0 || messages.length % 2 === 1).toBe(true);
      const spoken = events.filter(({ type }) => type === 'user.message').flatMap(({ content }) => content);
      const words = messages
        .filter(({ role }) => role === 'user')
        .flatMap(({ content }) => content.map(inWords));
      expect(words).toEqual(spoken.map(inWords).filter((word) => word.trim() !== ''));
      expect(JSON.stringify(events)).toBe(before);
    }),
  );
});

const use = (id: string): ConversationEvent => ({
  id,
  type: 'agent.custom_tool_use',
  name: 'look',
  input: { id },
});
const result = (id: string, text: string): ConversationEvent => ({
  ...{ id: `r${id}`, type: 'user.custom_tool_result', custom_tool_use_id: id },
  content: [{ type: 'text', text }],
});

test('answers stand right behind their calls, in the order in which they came, before anything else is said', () => {
  const events = [
    user('a'),
    agent('Let me see.'),
    use('1'),
    use('2'),
    result('2', 'two'),
    result('1', 'one'),
    user('b'),
  ];
  expect(heard(events)).toMatchObject([
    { role: 'user' },
    {
      role: 'assistant',
      content: [
        { text: 'Let me see.' },
        { type: 'tool_use', id: '1', input: { id: '1' } },
        { type: 'tool_use', id: '2' },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: '2', is_error: false, content: [{ text: 'two' }] },
        { type: 'tool_result', tool_use_id: '1', content: [{ text: 'one' }] },
        { type: 'text', text: 'b' },
      ],
    },
  ]);
});

test('a call without an answer gets an error, and an answer without its call is not heard', () => {
  expect(heard([user('a'), use('1'), user('b')])).toMatchObject([
    {},
    {},
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: '1', is_error: true }, { text: 'b' }] },
  ]);
  expect(flat([user('a'), result('9', 'late')])).toEqual([['user', 'a']]);
  expect(heard([user('a'), use('1')]).at(-1)).toMatchObject({ role: 'user', content: [{ is_error: true }] });
});

test('calls of MCP servers go by the names that the model knows', () => {
  const call = { name: 'find', mcp_server_name: 'shop', input: {}, evaluated_permission: 'allow' } as const;
  const called: ConversationEvent = {
    ...{ id: '1', type: 'agent.mcp_tool_use', ...call, evaluation: { type: 'always_allow' } },
  };
  const answered: ConversationEvent = { id: '2', type: 'agent.mcp_tool_result', mcp_tool_use_id: '1' };
  expect(heard([user('a'), called, answered]).slice(1)).toMatchObject([
    { content: [{ type: 'tool_use', name: 'mcp__shop__find' }] },
    { content: [{ type: 'tool_result', tool_use_id: '1', content: [] }] },
  ]);
});

test('what was compacted is heard as its summary, before the message that it leads up to', () => {
  const compacted: ConversationEvent = {
    ...{ id: '9', type: 'agent.thread_context_compacted', pawl: { summary: 'They want a refund.' } },
  };
  const [first, ...more] = heard([user('b'), compacted, agent('c'), user('d')]);
  expect(first?.content.map(inWords)).toEqual([expect.stringContaining('They want a refund.'), 'b']);
  expect(more).toHaveLength(2);
});

test('an instruction in the middle stands where it was given', () => {
  const instruction: ConversationEvent = {
    ...{ id: '5', type: 'system.message', content: [{ type: 'text', text: 'Be brief.' }] },
  };
  expect(flat([user('a'), agent('b'), user('c'), instruction])).toEqual([
    ['user', 'a'],
    ['assistant', 'b'],
    ['user', 'c'],
    ['system', 'Be brief.'],
  ]);
});

test('an instruction that was given between two answers stands behind the last', () => {
  const instruction: ConversationEvent = {
    ...{ id: '5', type: 'system.message', content: [{ type: 'text', text: 'Be brief.' }] },
  };
  const [, calls, answers, system] = heard([
    ...[user('a'), use('1'), use('2'), result('1', 'one')],
    ...[instruction, result('2', 'two')],
  ]);
  expect(calls?.content).toHaveLength(2);
  expect(answers?.content).toMatchObject([{ tool_use_id: '1' }, { tool_use_id: '2', is_error: false }]);
  expect(system).toMatchObject({ role: 'system', content: [{ text: 'Be brief.' }] });
});

test('what a model has called goes back to it under a name that a tool can have', () => {
  const made = (name: string): ConversationEvent => ({
    ...{ id: name, type: 'agent.tool_use', name, input: {}, evaluated_permission: 'deny' },
  });
  const names = ['launch', 'two words.', '', 'x'.repeat(65)];
  expect(heard([user('a'), ...names.map(made)])[1]?.content).toMatchObject([
    ...[{ name: 'launch' }, { name: 'two_words_' }, { name: '_' }, { name: 'x'.repeat(64) }],
  ]);
});

test('a message of very many blocks is joined to the one before it', () => {
  const content = Array.from({ length: 200_000 }, () => ({ type: 'text', text: 'a' }) as const);
  expect(heard([user('b'), { ...user(), content }])[0]?.content).toHaveLength(200_001);
});
