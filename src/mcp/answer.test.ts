import type { ContentBlock } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import { readAnswer } from './answer.ts';

const text = (content: string) => ({ type: 'text' as const, text: content });
const png = 'iVBORw0KGgo=';
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } };

function contentOf(content: ContentBlock[], secret: string | null = null) {
  return readAnswer({ content }, secret).content;
}

test.each<[what: string, given: ContentBlock, shown: object]>([
  ['Text', text('Hello'), text('Hello')],
  ['An image', { type: 'image', data: png, mimeType: 'image/PNG' }, image],
  [
    ...(['An image of a type that models do not take'] as const),
    { type: 'image', data: png, mimeType: 'image/tiff' },
    text('[Image of type image/tiff with about 9 bytes was left out]'),
  ],
  [
    ...(['An image that is no base64'] as const),
    { type: 'image', data: 'https://example.com', mimeType: 'image/png' },
    text('[Image of type image/png with about 14 bytes was left out]'),
  ],
  [
    ...(['An image that is too large'] as const),
    { type: 'image', data: 'A'.repeat(5_000_001), mimeType: 'image/png' },
    text('[Image of type image/png with about 3750000 bytes was left out]'),
  ],
  [
    ...(['Audio'] as const),
    { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
    text('[Audio of type audio/wav with about 3 bytes was left out]'),
  ],
  ['A text resource', { type: 'resource', resource: { uri: 'a://b', text: 'Terms' } }, text('Terms')],
  [
    ...(['A resource that is an image'] as const),
    { type: 'resource', resource: { uri: 'a://b', blob: png, mimeType: 'image/png' } },
    image,
  ],
  [
    ...(['A resource of bytes'] as const),
    { type: 'resource', resource: { uri: 'a://b', blob: 'AAAA' } },
    text('[Resource a://b of type unknown with about 3 bytes was left out]'),
  ],
  [
    ...(['A link'] as const),
    { type: 'resource_link', uri: 'a://b', name: 'Terms', description: 'Of sale' },
    text('Resource Terms: a://b\nOf sale'),
  ],
])('%s is shown as what a model can read', (_what, given, shown) => {
  expect(contentOf([given])).toEqual([shown]);
});

test('What is structured is shown as JSON where there is nothing else', () => {
  const structuredContent = { total: 3 };
  expect(readAnswer({ content: [], structuredContent }, null).content).toEqual([text('{"total":3}')]);
  expect(readAnswer({ content: [text('three')], structuredContent }, null).content).toEqual([text('three')]);
  expect(readAnswer({ content: [] }, null)).toEqual({ content: [], is_error: false });
});

test('What the tool says of its failure is kept', () => {
  expect(readAnswer({ content: [text('no')], isError: true }, null)).toEqual({
    ...{ content: [text('no')], is_error: true },
  });
});

test('Text beyond 100,000 characters is left out with a note, and no character is cut in half', () => {
  const note = text('[The result had more than 100000 characters or 20 images; the rest was left out]');
  const whole = [text('a'.repeat(60_000)), text('b'.repeat(40_000))];
  expect(contentOf(whole)).toEqual(whole);
  expect(contentOf([...whole, text('c')])).toEqual([...whole, note]);
  const beaver = contentOf([text(`${'a'.repeat(99_999)}🦫`)]);
  expect(beaver).toEqual([text(`${'a'.repeat(99_999)}\ufffd`), note]);
});

test('Images beyond the twentieth are left out with a note', () => {
  const many = Array<ContentBlock>(21).fill({ type: 'image', data: png, mimeType: 'image/png' });
  expect(contentOf(many)).toHaveLength(21);
  expect(contentOf(many).at(-1)).toMatchObject({ type: 'text' });
  expect(contentOf(many.slice(1))).toEqual(Array(20).fill(image));
});

test('Text that is empty is no block, and halves of characters are made whole', () => {
  expect(contentOf([text(''), text('half \ud83e')])).toEqual([text('half \ufffd')]);
});

test('A credential is left out, with the word before it and without', () => {
  const given = [text('I got Bearer s3cret-token and s3cret-token.')];
  expect(contentOf(given, 'Bearer s3cret-token')).toEqual([text('I got [credential] and [credential].')]);
  expect(contentOf(given, null)).toEqual(given);
});

test('A credential is left out of structured content too, where JSON spells it in another way', () => {
  const given = { content: [], structuredContent: { sent: ['s3cret"token'] } };
  expect(readAnswer(given, 'Bearer s3cret"token').content).toEqual([text('{"sent":["[credential]"]}')]);
});

test('A token of fewer than eight characters is left in, because ordinary words have it in them', () => {
  const given = [text('Bearer the-end and then the ending')];
  expect(contentOf(given, 'Bearer the')).toEqual(given);
  expect(contentOf(given, 'Bearer the-end')).toEqual(given);
  expect(contentOf([text('the-ends')], 'Bearer the-ends')).toEqual([text('[credential]')]);
});
