import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PawlError } from './errors.ts';
import {
  type Cursor,
  decodeCursor,
  encodeCursor,
  type ListShape,
  maxInteger,
  type Order,
  pageOf,
  readsDown,
} from './page.ts';

const order = fc.constantFrom<Order>('asc', 'desc');
const direction = fc.constantFrom<'next' | 'prev'>('next', 'prev');
const letters = fc.string({ maxLength: 30 }).filter((text) => !text.includes('\0'));
const part = fc.oneof(fc.nat(maxInteger), letters);

const shapeOf = (key: Cursor['key']): ListShape => ({
  name: 'rows',
  key: key.map((one) => typeof one as 'string' | 'number'),
  backwards: true,
});
const texts = shapeOf(['', '']);
const pack = (parts: unknown): string => `page_${Buffer.from(JSON.stringify(parts)).toString('base64url')}`;

function refusal(text: string, list: ListShape = texts): unknown {
  try {
    return decodeCursor(text, list, 'desc');
  } catch (error) {
    return error;
  }
}

describe('A cursor', () => {
  test('comes back as it was, as one word that a URL can carry', () => {
    fc.assert(
      fc.property(order, direction, fc.array(part, { maxLength: 3 }), (way, towards, key) => {
        const cursor = { list: 'rows', order: way, direction: towards, key };
        const text = encodeCursor(cursor);
        fc.pre(text.length <= 4096);
        expect(text).toMatch(/^page_[\w-]+$/);
        expect(decodeCursor(text, shapeOf(key), way)).toEqual(cursor);
      }),
    );
  });

  test('has room for the longest name that a list can be sorted by', () => {
    const key = ['\u{1f9d1}'.repeat(256), 'agent_1'];
    const cursor = { list: 'rows', order: 'desc', direction: 'next', key } as const;
    expect(decodeCursor(encodeCursor(cursor), texts, 'desc')).toEqual(cursor);
  });

  test('made for the other order is refused, and the message says so', () => {
    const text = encodeCursor({ list: 'rows', order: 'asc', direction: 'next', key: ['a', 'b'] });
    expect(refusal(text)).toEqual(
      new PawlError('invalid_page', 'page: this cursor was made for order=asc, not desc'),
    );
  });

  test.each([
    ['nothing', ''],
    ['no prefix', pack(['rows', 'desc', 'next', 'a', 'b']).slice(5)],
    ['no JSON', 'page_bm90IGpzb24'],
    ['no list', pack({ order: 'desc' })],
    ['null', pack(null)],
    ['no order', pack(['rows', 'up', 'next', 'a', 'b'])],
    ['no direction', pack(['rows', 'desc', 'up', 'a', 'b'])],
    ['the name of another list', pack(['columns', 'desc', 'next', 'a', 'b'])],
    ['too few parts', pack(['rows', 'desc', 'next', 'a'])],
    ['too many parts', pack(['rows', 'desc', 'next', 'a', 'b', 'c'])],
    ['a part of another type', pack(['rows', 'desc', 'next', 'a', 1])],
    ['a part that is null', pack(['rows', 'desc', 'next', 'a', null])],
    ['a NUL, which PostgreSQL cannot take', pack(['rows', 'desc', 'next', 'a', 'b\0'])],
    ['too long a text', pack(['rows', 'desc', 'next', 'a', 'b'.repeat(4096)])],
  ])('that holds %s is refused', (_what, text) => {
    expect(refusal(text)).toEqual(new PawlError('invalid_page', 'page: not a cursor of this list'));
  });

  test('that leads back is refused by a list that only leads on', () => {
    const text = pack(['rows', 'desc', 'prev', 'a', 'b']);
    expect(refusal(text)).not.toBeInstanceOf(Error);
    expect(refusal(text, { ...texts, backwards: false })).toBeInstanceOf(PawlError);
  });

  test.each([-1, 1.5, 1e300, 2 ** 31])('with the number %d is refused', (number) => {
    expect(refusal(pack(['rows', 'desc', 'next', number]), shapeOf([0]))).toBeInstanceOf(PawlError);
  });

  test('is never the reason for anything but a PawlError', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((text) => `page_${text}`),
      fc.uint8Array().map((bytes) => `page_${Buffer.from(bytes).toString('base64url')}`),
      fc.jsonValue().map(pack),
      fc.array(part).map((key) => pack(['rows', 'desc', 'next', ...key])),
    );
    fc.assert(
      fc.property(anything, (text) => {
        const outcome = refusal(text);
        if (outcome instanceof Error)
          expect(outcome).toMatchObject({ name: 'PawlError', code: 'invalid_page' });
      }),
    );
  });
});

test('readsDown follows the order on the way there and turns it on the way back', () => {
  const request = (way: Order, towards: 'next' | 'prev' | null) => ({
    list: texts,
    limit: 1,
    order: way,
    cursor: towards === null ? null : { list: 'rows', order: way, direction: towards, key: [] },
  });
  const ways = (['asc', 'desc'] as const).map((way) =>
    ([null, 'next', 'prev'] as const).map((towards) => readsDown(request(way, towards))),
  );
  expect(ways).toEqual([
    [false, false, true],
    [true, true, false],
  ]);
});

describe('pageOf', () => {
  const keyOf = (row: number) => [row];
  const cursor = (towards: 'next' | 'prev', row: number) =>
    encodeCursor({ list: 'rows', order: 'asc', direction: towards, key: [row] });
  const request = (towards: 'next' | 'prev' | null) => ({
    list: texts,
    limit: 2,
    order: 'asc' as const,
    cursor: towards === null ? null : { list: 'rows', order: 'asc' as const, direction: towards, key: [0] },
  });

  test.each([
    ['the only page', null, [1, 2], { data: [1, 2], next_page: null, prev_page: null }],
    ['an empty list', null, [], { data: [], next_page: null, prev_page: null }],
    ['the first page', null, [1, 2, 3], { data: [1, 2], next_page: cursor('next', 2), prev_page: null }],
    [
      'a middle page',
      'next',
      [3, 4, 5],
      { data: [3, 4], next_page: cursor('next', 4), prev_page: cursor('prev', 3) },
    ],
    ['the last page', 'next', [5], { data: [5], next_page: null, prev_page: cursor('prev', 5) }],
    ['what lies behind the end', 'next', [], { data: [], next_page: null, prev_page: null }],
    [
      'the way back',
      'prev',
      [4, 3, 2],
      { data: [3, 4], next_page: cursor('next', 4), prev_page: cursor('prev', 3) },
    ],
    [
      'the way back to the start',
      'prev',
      [2, 1],
      { data: [1, 2], next_page: cursor('next', 2), prev_page: null },
    ],
    ['what lies before the start', 'prev', [], { data: [], next_page: null, prev_page: null }],
  ] as const)('makes %s', (_what, towards, rows, page) => {
    expect(pageOf(rows, request(towards), keyOf)).toEqual(page);
  });
});
