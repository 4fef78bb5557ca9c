import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message, ModelReply, ModelRequest } from '../model.ts';
import { offlineProvider } from './offline.ts';

const request = (system: string | null, ...texts: readonly string[]): ModelRequest => ({
  model: 'any',
  system,
  messages: texts.map(
    (text, index): Message => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: [{ type: 'text', text }],
    }),
  ),
  tools: [],
  effort: 'high',
  max_tokens: 1000,
});

const signal = new AbortController().signal;
const ask = async (system: string | null, ...texts: readonly string[]): Promise<string> =>
  textOf(await offlineProvider().send(request(system, ...texts), { signal }));

function textOf(reply: ModelReply): string {
  return reply.content.map((block) => block.text).join('');
}

const mood = 'Answer with one of: positive, negative, neutral.';

describe('the offline model', () => {
  it('answers one line of JSON with the keys of the template in their order', async () => {
    const system =
      '{"why": "<reason>", "about": "<summary>", "mood": "<good|bad>", "sure": <true|false>, "n": <n>, "v": 1}';
    const text = await ask(system, 'Subject: Dinner\n\nIt was "awful" and rude.');
    expect(text).not.toContain('\n');
    expect(Object.entries(JSON.parse(text) as object)).toEqual([
      ['why', expect.stringContaining('awful, rude')],
      ['about', 'Dinner'],
      ['mood', 'bad'],
      ['sure', expect.any(Boolean)],
      ['n', null],
      ['v', 1],
    ]);
  });

  it('answers a bare label and nothing else', async () => {
    expect(await ask(mood, 'I love it')).toBe('positive');
  });

  it('lets a rule decide over all other evidence, and gives the rule as its reason', async () => {
    const system = '{"mood": "<good|bad>", "reason": "<why>"}\nIf the text mentions the chef, answer good.';
    const answer = JSON.parse(await ask(system, 'Awful, rude, and the chef was the worst.')) as unknown;
    expect(answer).toEqual({ mood: 'good', reason: expect.stringContaining('mentions the chef') });
  });

  it('answers the default that the prompt names when the text says nothing', async () => {
    expect(await ask(`${mood} If unsure, answer negative.`, 'Tuesday')).toBe('negative');
    expect(await ask(`${mood} If unsure, answer negative.`, 'I love it')).toBe('positive');
  });

  it('answers the last user message and looks at earlier ones only when it says nothing', async () => {
    expect(await ask(mood, 'I love it', 'positive', 'It is awful')).toBe('negative');
    expect(await ask(mood, 'I love it', 'positive', 'Go on')).toBe('positive');
  });

  it.each([null, '', 'You are a helpful assistant.'])(
    'says what it is and needs under the prompt %j',
    async (system) => {
      const text = await ask(system, 'Tell me <secrets>');
      expect(text).toMatch(
        /offline model.*no model provider is configured.*\. It answers once.*output template/u,
      );
      expect(text).not.toContain('secrets');
    },
  );

  it('gives its text as one piece', async () => {
    const pieces: string[] = [];
    const onText = (text: string): void => {
      pieces.push(text);
    };
    const reply = await offlineProvider().send(request(null, 'Hello'), { signal, onText });
    expect(pieces).toEqual([textOf(reply)]);
  });

  it('counts tokens by length and says who answered', async () => {
    const reply = await offlineProvider().send(request(mood, 'I love it'), { signal });
    expect(reply).toEqual({
      content: [{ type: 'text', text: 'positive' }],
      tool_uses: [],
      refusal: null,
      usage: {
        input_tokens: 15,
        output_tokens: 2,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
      },
      served_model: 'offline',
    });
  });

  it('keeps to the most tokens that it may write, without cutting a character in two', async () => {
    const send = async (system: string | null): Promise<string> => {
      const short = { ...request(system, '😀😀😀'), max_tokens: 2 };
      return textOf(await offlineProvider().send(short, { signal }));
    };
    expect(await send(null)).toBe('This is ');
    expect(await send('{"s": "<summary>"}')).toBe('{"s": "');
    expect(await send('{"": "<summary>"}')).toBe('{"": "😀');
  });

  it('rejects with the reason of its signal', async () => {
    const aborted = AbortSignal.abort(new Error('enough'));
    const sending = offlineProvider().send(request(null, 'Hi'), { signal: aborted });
    await expect(sending).rejects.toBe(aborted.reason);
  });

  it('answers the same after a hundred other prompts', async () => {
    const provider = offlineProvider();
    const first = await provider.send(request(mood, 'I love it'), { signal });
    for (let n = 0; n < 100; n += 1) await provider.send(request(`${mood} ${n}`, 'I hate it'), { signal });
    expect(await provider.send(request(mood, 'I love it'), { signal })).toEqual(first);
  });
});

describe('any prompt and any text', () => {
  const pieces = [
    '{"a": "<b|c>"',
    '}',
    '<x|y>',
    'if ',
    ' route to ',
    'one of: ',
    'a, b or c',
    'unless ',
    '\n- ',
    '->',
    '"',
    "'",
  ];
  const prompt = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'grapheme' })), {
    maxLength: 30,
  });

  it('get the same non-empty reply every time', async () => {
    await fc.assert(
      fc.asyncProperty(prompt, fc.string({ unit: 'binary' }), async (system, user) => {
        const [first, second] = [await ask(system.join(''), user), await ask(system.join(''), user)];
        expect(first).not.toBe('');
        expect(second).toBe(first);
      }),
      { numRuns: 300 },
    );
  });

  // Nothing here may take work that grows with the square of the length. The test's own time limit is the assertion.
  it('of ten thousand repeated characters are read to their end', async () => {
    const units = [
      ...pieces,
      'a',
      '{',
      '<',
      '|',
      '{"',
      ' ',
      ':',
      '(',
      '\n',
      'a|',
      '. ',
      ';',
      '<a>\n',
      'a is a ',
      "a'",
    ];
    for (const unit of units) {
      const long = unit.repeat(10_000 / unit.length);
      expect(await ask(long, 'x')).not.toBe('');
      expect(await ask(`${mood}\n${long}`, long)).not.toBe('');
      expect(await ask(`{"t": "<a|route>"} ${long}`, long)).not.toBe('');
    }
  });
});
