import type Anthropic from '@anthropic-ai/sdk';
import type { BetaManagedAgentsUserMessageEventParams } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Protocol } from '../model-requests.ts';
import type { ModelServer } from '../model-server.ts';
import { lastContent, watchRequests } from '../request-shape.ts';
import { answersIn, converse, errorOf, eventually, history, openSession, say, untilIdle } from '../story.ts';
import { answerTo, untilAsked } from '../tool-story.ts';
import { startTwoProviders, type TwoProviders } from '../two-providers.ts';

/*
 * Pictures and documents, in what a user says and in what tools answer: the history has them as they were sent, and the
 * model is given them in the words of its own protocol, files with their bytes.
 */

let served: TwoProviders;
let model: ModelServer;
let client: Anthropic;
let events: TwoProviders['events'];

beforeAll(async () => {
  served = await startTwoProviders(() => 'Seen.');
  ({ model, client, events } = served);
});

afterAll(() => served.close());

const problems = watchRequests();
afterEach(() => expect(problems(model)).toEqual([]));

type Block = Extract<
  BetaManagedAgentsUserMessageEventParams['content'][number],
  { type: 'text' | 'image' | 'document' }
>;

const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const text = (words: string) => ({ type: 'text' as const, text: words });
const ofFile = (type: 'image' | 'document', file_id: string, more: object = {}): Block => ({
  ...{ type, source: { type: 'file', file_id } },
  ...more,
});
const upload = async (content: string | Buffer, name: string, type: string): Promise<string> =>
  (await client.beta.files.upload({ file: new File([content], name, { type }) })).id;

describe.each<Protocol>(['anthropic', 'openai'])('With %s', (provider) => {
  const open = async () => (await openSession(client, served.settings[provider])).id;

  /** The last message of the newest request, as it went over the wire. */
  const told = (): unknown => {
    expect(model.requests.at(-1)?.read.protocol).toBe(provider);
    return lastContent(model);
  };

  /** What the model is given for a message of these blocks. */
  async function given(...content: Block[]): Promise<unknown> {
    const id = await open();
    const message = { type: 'user.message' as const, content };
    const { data } = await events.send(id, { events: [message] });
    expect(data).toMatchObject([message]);
    const all = await untilIdle(client, id);
    expect(all[0]).toEqual(data?.[0]);
    expect(answersIn(all)).toEqual(['Seen.']);
    return told();
  }

  const asImage = (url: string) =>
    provider === 'anthropic'
      ? { type: 'image', source: { type: 'url', url } }
      : { type: 'image_url', image_url: { url } };
  const asPixel =
    provider === 'anthropic'
      ? { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } }
      : { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } };

  test('a picture is seen, in the message or by its address', async () => {
    const source = { type: 'base64' as const, media_type: 'image/png' as const, data: pixel };
    expect(await given(text('What is this?'), { type: 'image', source })).toMatchObject([
      { type: 'text', text: 'What is this?' },
      asPixel,
    ]);
    const url = 'https://example.com/cat.jpg';
    expect(await given({ type: 'image', source: { type: 'url', url } })).toMatchObject([asImage(url)]);
  });

  test('a document of text is read, with its title and its context', async () => {
    const source = { type: 'text' as const, media_type: 'text/plain' as const, data: 'As noted.' };
    const document: Block = { type: 'document', source, title: 'Notes', context: 'From Monday.' };
    const read = await given(text('Read this.'), document);
    if (provider === 'anthropic') expect(read).toMatchObject([text('Read this.'), document]);
    else
      for (const part of ['As noted.', 'Notes', 'From Monday.']) expect(JSON.stringify(read)).toContain(part);
  });

  test('an uploaded file is seen or read, whatever it is named as', async () => {
    const picture = await upload(Buffer.from(pixel, 'base64'), 'pixel.png', 'image/png');
    const notes = await upload('As noted.', 'notes.txt', 'text/plain');
    const read = await given(ofFile('image', picture), ofFile('document', notes, { title: 'Notes' }));
    expect(read).toMatchObject([asPixel, {}]);
    expect(JSON.stringify(read)).toContain('As noted.');
    expect(JSON.stringify(read)).not.toContain('file_');
  });

  test('a file stays in the conversation, and one that is deleted is said to be gone', async () => {
    const notes = await upload('As noted.', 'notes.txt', 'text/plain');
    const id = await open();
    await events.send(id, { events: [{ type: 'user.message', content: [ofFile('document', notes)] }] });
    await untilIdle(client, id);
    await converse(client, id, 'Still there?');
    expect(JSON.stringify(model.requests.at(-1)?.body)).toContain('As noted.');
    await client.files.delete(notes);
    expect(answersIn(await converse(client, id, 'And now?'))).toHaveLength(3);
    const body = JSON.stringify(model.requests.at(-1)?.body);
    expect(body).not.toContain('As noted.');
    expect(body).toContain(`${notes} is no longer there`);
  });

  test('a tool may answer with a file', async () => {
    const picture = await upload(Buffer.from(pixel, 'base64'), 'pixel.png', 'image/png');
    const notes = await upload('{"noted":true}', 'notes.json', 'application/json');
    const id = await open();
    model.script([{ calls: [{ name: 'look_up', input: {} }] }]);
    await events.send(id, { events: [say('Look.')] });
    const [call = ''] = await untilAsked(client, id, 1);
    await events.send(id, {
      events: [answerTo(call, [ofFile('image', picture), ofFile('document', notes)])],
    });
    await eventually('the answer', async () => answersIn(await history(client, id)).length === 1);
    const body = JSON.stringify(model.requests.at(-1)?.body);
    expect(body).toContain(pixel);
    expect(body).toContain('noted');
  });

  test.each<[string, object, string]>([
    ['an unknown block', { type: 'video' }, 'content.0'],
    ['a redacted block', { type: 'redacted' }, 'content.0'],
    [
      'a search result',
      { type: 'search_result', source: 'a', title: 'b', content: [text('c')] },
      'content.0',
    ],
    ['a picture without a source', { type: 'image' }, 'content.0.source'],
    [
      'a picture of text',
      { type: 'image', source: { type: 'text', media_type: 'text/plain', data: 'x' } },
      'source',
    ],
    [
      'a picture of an odd type',
      { type: 'image', source: { type: 'base64', media_type: 'image/tiff', data: pixel } },
      'content.0.source.media_type',
    ],
    [
      'a picture that is no base64',
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'not base64!' } },
      'content.0.source.data',
    ],
    [
      'a picture that no model takes',
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(5_000_004) } },
      'content.0.source.data',
    ],
    [
      'an address of a file',
      { type: 'image', source: { type: 'url', url: 'file:///etc/passwd' } },
      'source.url',
    ],
    ['an id that is no file', { type: 'image', source: { type: 'file', file_id: '../x' } }, 'source.file_id'],
    [
      'a file that is not there',
      { type: 'document', source: { type: 'file', file_id: `file_${'1'.repeat(24)}` } },
      'file_id',
    ],
    [
      'a word as its title',
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' }, title: 7 },
      'content.0.title',
    ],
  ])('%s is refused, and nothing is kept', async (_name, block, field) => {
    const id = await open();
    const sent = { type: 'user.message', content: [block] };
    const error = await errorOf(events.send(id, { events: [say('Good.'), sent as never] }));
    expect(error).toMatchObject({ status: 400 });
    expect(error.message).toContain(field);
    expect(await history(client, id)).toEqual([]);
  });
});

describe('A PDF', () => {
  const pdf = Buffer.from('%PDF-1.4 tiny').toString('base64');
  const inline: Block = {
    type: 'document',
    source: { type: 'base64', media_type: 'application/pdf', data: pdf },
  };
  const remote: Block = { type: 'document', source: { type: 'url', url: 'https://example.com/paper.pdf' } };
  const open = async (provider: Protocol) => (await openSession(client, served.settings[provider])).id;

  test('goes to the Messages API as it is', async () => {
    const uploaded = await upload(Buffer.from(pdf, 'base64'), 'paper.pdf', 'application/pdf');
    const id = await open('anthropic');
    const content = [inline, remote, ofFile('document', uploaded)];
    await events.send(id, { events: [{ type: 'user.message', content }] });
    expect(answersIn(await untilIdle(client, id))).toEqual(['Seen.']);
    const body = model.requests.at(-1)?.body;
    expect(body).toMatchObject({ messages: [{ content: [inline, remote, inline] }] });
  });

  test.each([
    ['in the message', inline],
    ['by its address', remote],
  ])(
    '%s is more than a compatible server can be told, and the session is usable afterwards',
    async (_how, block) => {
      const id = await open('openai');
      await events.send(id, { events: [{ type: 'user.message', content: [text('Read this.'), block] }] });
      await untilIdle(client, id);
      const all = await converse(client, id, 'Then without it.');
      expect(answersIn(all).at(-1)).toBe('Seen.');
      expect(all.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    },
  );
});
