import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadyBlock } from '../../core/content.ts';
import type { JsonObject } from '../../core/tools.ts';
import type { Message, ModelReply, ModelRequest, ToolDefinition } from '../model.ts';
import { offlineProvider } from './offline.ts';

const text = (words: string) => ({ type: 'text', text: words }) as const;
const user = (words: string): Message => ({ role: 'user', content: [text(words)] });

/** A tool whose properties are all required, but for those whose name ends in `?`. */
function tool(name: string, properties: Record<string, JsonObject> = {}): ToolDefinition {
  const names = Object.keys(properties);
  const plain = Object.entries(properties).map(([key, value]) => [key.replace('?', ''), value]);
  const required = names.filter((key) => !key.endsWith('?'));
  const input_schema = { type: 'object', properties: Object.fromEntries(plain), required };
  return { name, description: `Does ${name}.`, input_schema };
}

const lookup = tool('lookup_order', { order_number: { type: 'integer' } });
const weather = tool('get_weather', { city: { type: 'string' } });
const clock = tool('clock');

type Asked = { readonly system?: string; readonly tools?: readonly ToolDefinition[] };

async function send({ system, tools = [lookup, weather, clock] }: Asked, ...messages: readonly Message[]) {
  const request: ModelRequest = {
    model: 'any',
    system: system ?? null,
    messages,
    tools,
    effort: 'high',
    max_tokens: 1000,
  };
  return offlineProvider().send(request, { signal: new AbortController().signal });
}

const wordsOf = ({ content }: ModelReply): string => content.map((block) => block.text).join('');
const namesOf = ({ tool_uses }: ModelReply): string[] => tool_uses.map(({ name }) => name);

/** What it calls when the user says this, under a prompt. */
const called = async (system: string, words: string) => namesOf(await send({ system }, user(words)));

describe('the offline model, told to call a tool', () => {
  it.each([
    ['Use the tool lookup_order with the order number.', 'Order 1042?', ['lookup_order']],
    ['Before you answer, call `lookup_order`. Be brief.', 'Order 1042?', ['lookup_order']],
    ['- Always use lookup_order first', 'Order 1042?', ['lookup_order']],
    ['Before anything else, use the tool lookup_order, only once.', 'Order 1042?', ['lookup_order']],
    ['Call clock only if it mentions an order.', 'Hello', []],
    ['You are kind.', 'Please call Lookup_Order for 1042.', ['lookup_order']],
    ['Call clock and get_weather.', 'Hello from Rome', ['clock', 'get_weather']],
    ['lookup_order finds orders.', 'Order 1042?', []],
    ['Never call lookup_order.', 'Call lookup_order for 1042', []],
    ['Answer without using lookup_order.', 'Order 1042?', []],
    ['Call lookup_orders and my-clock.', 'Order 1042?', []],
    ['If the customer mentions an order, use lookup_order.', 'My order 1042 is late', ['lookup_order']],
    ['If the customer mentions an order, use lookup_order.', 'My 2 lamps are late', []],
    ['Call clock unless the message mentions an order.', 'My order 1042 is late', []],
    ['Call clock unless the message mentions an order.', 'Hello', ['clock']],
    ['If it mentions an order, call lookup_order, otherwise call clock.', 'Hello', ['clock']],
    ['If it mentions an order, call lookup_order, otherwise call clock.', 'order 12', ['lookup_order']],
    ['If you do not know the time, ask clock.', 'I do not know the time', ['clock']],
  ])('reads %j and %j', async (system, words, names) => {
    expect(await called(system, words)).toEqual(names);
  });

  it('says nothing beside its calls', async () => {
    const pieces: string[] = [];
    const request = { model: 'm', system: null, tools: [clock], effort: 'high', max_tokens: 9 } as const;
    const messages = [user('Call clock')];
    const options = { signal: new AbortController().signal, onText: (piece: string) => pieces.push(piece) };
    const reply = await offlineProvider().send({ ...request, messages }, options);
    expect(reply).toMatchObject({ content: [], tool_uses: [{ name: 'clock', input: {} }], refusal: null });
    expect(pieces).toEqual([]);
  });

  it('calls a tool of a server by its own name', async () => {
    const offered = [tool('mcp__shop__find_order', { id: { type: 'string' } })];
    const reply = await send({ system: 'Use find_order with the id.', tools: offered }, user('It is A-77.'));
    expect(reply.tool_uses).toEqual([{ name: 'mcp__shop__find_order', input: { id: 'A-77' } }]);
  });

  it('follows a system message in the middle of the conversation', async () => {
    const system: Message = { role: 'system', content: [text('Call clock from now on.')] };
    expect(namesOf(await send({}, user('Hello'), system))).toEqual(['clock']);
  });

  it('does nothing of the kind when the tool is not on offer', async () => {
    const reply = await send({ system: 'Call clock.', tools: [] }, user('Hello'));
    expect(reply.tool_uses).toEqual([]);
    expect(wordsOf(reply)).toContain('offline model');
  });
});

describe('the input of a call', () => {
  /** The input that a tool with these properties is called with. */
  async function inputFor(properties: Record<string, JsonObject>, words: string): Promise<JsonObject | null> {
    const reply = await send({ system: 'Call it_all.', tools: [tool('it_all', properties)] }, user(words));
    return reply.tool_uses[0]?.input ?? null;
  }
  const string = { type: 'string' };
  const integer = { type: 'integer' };
  const number = { type: 'number' };

  it.each<[string, Record<string, JsonObject>, string, JsonObject | null]>([
    ['a number', { order_number: integer }, 'It is 3 days late, order #1042.', { order_number: 1042 }],
    ['a fraction', { amount: number }, 'I paid $1,204.50 twice', { amount: 1204.5 }],
    ['no fraction for a whole number', { count: integer }, 'I paid 1.5 for 2', { count: 2 }],
    ['two numbers', { from: integer, to: integer }, 'Between 3 and 5', { from: 3, to: 5 }],
    [
      'numbers by their names',
      { width: integer, rows: integer },
      '3 rows, and then 40',
      { width: 40, rows: 3 },
    ],
    ['an id', { ticket_id: string }, 'Since May 2 ticket T-1042 is open', { ticket_id: 'T-1042' }],
    ['an id in camel case', { orderId: string }, 'Two lamps (order AB_12).', { orderId: 'AB_12' }],
    ['no id where there is none', { ticket_id: string }, 'Where is it?', null],
    ['a quoted string', { title: string }, 'Find "Red shoes" for me', { title: 'Red shoes' }],
    ['a string by its name', { city: string }, 'the city is Paris, France', { city: 'Paris' }],
    ['a name', { city: string }, 'What is the weather in New York today?', { city: 'New York' }],
    ['the whole text for a query', { query: string }, 'Where is Paris?', { query: 'Where is Paris?' }],
    ['the whole text for want of better', { thing: string }, 'my lamp', { thing: 'my lamp' }],
    ['a word of an enum', { unit: { enum: ['celsius', 'kelvin'] } }, 'in Kelvin, please', { unit: 'kelvin' }],
    [
      'spoken words of an enum',
      { kind: { enum: ['in_transit'] } },
      'Is it in transit?',
      { kind: 'in_transit' },
    ],
    ['the default of an enum', { unit: { enum: ['c', 'k'], default: 'c' } }, 'Hello', { unit: 'c' }],
    ['no word of an enum', { unit: { enum: ['celsius'] } }, 'Hello', null],
    ['an address', { email: string }, 'Write to ann.b@shop.test.', { email: 'ann.b@shop.test' }],
    ['a URL', { page_url: string }, 'See https://a.test/b?c=1.', { page_url: 'https://a.test/b?c=1' }],
    ['a date', { due_date: string }, 'By 2026-12-01, ok?', { due_date: '2026-12-01' }],
    [
      'a boolean',
      { express: { type: 'boolean' }, gift: { type: 'boolean' } },
      'express',
      { express: true, gift: false },
    ],
    ['a list', { ids: { type: 'array', items: string } }, 'order A1', { ids: ['A1'] }],
    [
      'an object',
      { at: { type: 'object', properties: { x: integer }, required: ['x'] } },
      '7',
      { at: { x: 7 } },
    ],
    ['a nullable type', { n: { type: ['null', 'integer'] } }, '7', { n: 7 }],
    ['a constant', { v: { const: 2 } }, 'Hello', { v: 2 }],
    [
      'only what is spoken of',
      { 'city?': string, 'days?': integer, 'unit?': { enum: ['k'] } },
      'for 3 days',
      { days: 3 },
    ],
  ])('has %s', async (_what, properties, words, input) => {
    expect(await inputFor(properties, words)).toEqual(input);
  });

  it('is what the message writes out as JSON', async () => {
    const reply = await send({}, user('Call lookup_order {"order_number": 5, "fast": true} for 1042'));
    expect(reply.tool_uses).toEqual([{ name: 'lookup_order', input: { order_number: 5, fast: true } }]);
  });

  it('that cannot be filled is asked for instead', async () => {
    const reply = await send({ system: 'Call lookup_order.' }, user('Where is it?'));
    expect(reply.tool_uses).toEqual([]);
    expect(wordsOf(reply)).toBe('lookup_order was not called, since nothing says what its order_number is.');
  });
});

describe('the offline model after a call', () => {
  const system = 'Use lookup_order with the order number.';
  const use = (id: string, name = 'lookup_order'): Message => ({
    role: 'assistant',
    content: [{ type: 'tool_use', id, name, input: {} }],
  });
  const result = (id: string, words: string, is_error = false): Message => ({
    role: 'user',
    content: [{ type: 'tool_result', tool_use_id: id, is_error, content: words === '' ? [] : [text(words)] }],
  });

  it.each([
    ['Lost in Lyon.', false, 'lookup_order answered: Lost in Lyon.'],
    ['', false, 'lookup_order answered: it gave no output.'],
    ['No such order', true, 'lookup_order failed: No such order'],
  ])('tells the result %j', async (words, isError, said) => {
    const reply = await send({ system }, user('Order 1042?'), use('a'), result('a', words, isError));
    expect(reply.tool_uses).toEqual([]);
    expect(wordsOf(reply)).toBe(said);
  });

  it('answers in the form that the prompt asks for, by message and result', async () => {
    const form = `${system} Answer {"state": "<lost|delivered>", "summary": "<summary>"}. lost: missing, lost parcels.`;
    const history = [user('Order 1042?'), use('a'), result('a', 'The parcel is missing. Sorry.')];
    const reply = await send({ system: form }, ...history);
    expect(JSON.parse(wordsOf(reply))).toEqual({ state: 'lost', summary: 'The parcel is missing.' });
  });

  it('calls again in the next turn', async () => {
    const history = [user('Order 1042?'), use('a'), result('a', 'Lost.')];
    const answer: Message = { role: 'assistant', content: [text('Lost.')] };
    const reply = await send({ system }, ...history, answer, user('And order 1043?'));
    expect(reply.tool_uses).toEqual([{ name: 'lookup_order', input: { order_number: 1043 } }]);
  });

  it('calls what is to come next, with what the first result says', async () => {
    const plan = 'First call clock, then call lookup_order with its result.';
    const start = [user('Well?')];
    expect(namesOf(await send({ system: plan }, ...start))).toEqual(['clock']);
    const reply = await send({ system: plan }, ...start, use('a', 'clock'), result('a', 'order 77'));
    expect(reply.tool_uses).toEqual([{ name: 'lookup_order', input: { order_number: 77 } }]);
  });
});

describe('what the offline model cannot see', () => {
  const image: ReadyBlock = { type: 'image', source: { type: 'url', url: 'https://a.test/b.png' } };
  const source = { type: 'base64', media_type: 'application/pdf', data: 'JVBE' } as const;
  const pdf: ReadyBlock = { type: 'document', source };
  const blind = 'The embedded offline model reads text only: it cannot see an image or a document of yours.';

  it.each([null, 'Answer with one of: positive, negative.'])(
    'is named under the prompt %j',
    async (system) => {
      const message: Message = { role: 'user', content: [image, pdf, image] };
      expect(wordsOf(await send(system === null ? {} : { system }, message))).toBe(blind);
    },
  );

  it('is left out where there is text to answer', async () => {
    const message: Message = { role: 'user', content: [image, text('I love it')] };
    expect(wordsOf(await send({ system: 'Answer with one of: positive, negative.' }, message))).toBe(
      'positive',
    );
  });

  it('is not the text of a document', async () => {
    const plain = { type: 'text', media_type: 'text/plain', data: 'I love it' } as const;
    const message: Message = { role: 'user', content: [{ type: 'document', source: plain }] };
    expect(wordsOf(await send({ system: 'Answer with one of: positive, negative.' }, message))).toBe(
      'positive',
    );
  });

  it('is named in a result', async () => {
    const messages: Message[] = [
      user('Call clock'),
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'clock', input: {} }] },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'a', is_error: false, content: [image] }],
      },
    ];
    expect(wordsOf(await send({}, ...messages))).toBe('clock answered: (an image that I cannot see)');
  });
});

describe('any tool and any text', () => {
  const schema = fc.object({
    key: fc.constantFrom(
      'type',
      'properties',
      'required',
      'enum',
      'items',
      'default',
      'order_id',
      'city',
      '__proto__',
    ),
    values: [fc.constantFrom('string', 'integer', 'object', 'array', null, 1), fc.string()],
    maxDepth: 4,
  });

  it('give the same reply every time, and an input that is an object', async () => {
    const said = fc.array(
      fc.oneof(fc.constantFrom('call it ', 'order 12 ', '"x" ', 'in Rome ', '{"a":1}'), fc.string()),
    );
    await fc.assert(
      fc.asyncProperty(schema, said, async (input_schema, words) => {
        const tools = [{ name: 'it', description: '', input_schema: input_schema as JsonObject }];
        const ask = () => send({ system: 'Call it.', tools }, user(words.join('') || 'x'));
        const [first, second] = [await ask(), await ask()];
        expect(second).toEqual(first);
        expect(first.tool_uses.every(({ input }) => input !== null && !Array.isArray(input))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  // Nothing here may take work that grows with the square of the length. The test's own time limit is the assertion.
  it('are read to their end when they are ten thousand repeated characters', async () => {
    const properties = Object.fromEntries(
      ['order_id', 'city', 'email', 'page_url', 'due_date', 'n', 'thing'].map((name) => [
        name,
        { type: name === 'n' ? 'number' : 'string' },
      ]),
    );
    const tools = [tool('it', properties)];
    for (const unit of [
      'a',
      '1',
      'A ',
      '"',
      "'",
      'a@',
      'a.',
      '1,',
      '1-',
      '-',
      '_',
      'in A',
      'city ',
      '{',
      'it ',
      'call it. ',
      'http://',
    ]) {
      const long = unit.repeat(10_000 / unit.length);
      await send({ system: 'Call it.', tools }, user(long));
      await send({ system: `Call it ${long}`, tools }, user('x'));
    }
  });
});
