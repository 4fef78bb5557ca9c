import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PawlError } from '../core/errors.ts';
import { readForm } from './form.ts';

/*
 * The goal: whatever comes as a form, the reading of it ends, with a form or with an error for the client, and no
 * earlier than the one who takes the bytes has ended. The method: good bodies, cut and changed at random, in pieces of
 * random sizes.
 */

const headers = { 'content-type': 'multipart/form-data; boundary=b' };
const part = (disposition: string, content: string): string =>
  `--b\r\ncontent-disposition: form-data; ${disposition}\r\ncontent-type: text/plain\r\n\r\n${content}\r\n`;
const fileOf = (content: string): string => part('name="file"; filename="a.txt"', content);
const good = `${part('name="one"', '1')}${fileOf('Hello')}${part('name="two"', '2')}--b--\r\n`;

async function* inPieces(body: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (let i = 0; from < body.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield body.subarray(from, from + size);
    from += size;
  }
}

/** Reads a form, and says what was received of its file and whether that had come to an end. */
async function read(body: Buffer, sizes: readonly number[] = [7], max_file_bytes = 1000) {
  let received = '';
  let state: 'none' | 'under way' | 'over' = 'none';
  const bytes = inPieces(body, sizes);
  const reading = readForm({ headers, bytes, max_file_bytes }, async (content) => {
    state = 'under way';
    try {
      for await (const chunk of content) received += Buffer.from(chunk).toString('latin1');
    } finally {
      state = 'over';
    }
  });
  const result = await reading.catch((error: unknown) => error);
  return { result, received, state };
}

describe('A form', () => {
  test.each([[[1]], [[3]], [[1000]], [[50, 1]]])('is read in pieces of %j bytes', async (sizes) => {
    const { result, received } = await read(Buffer.from(good), sizes);
    expect(received).toBe('Hello');
    expect(result).toEqual({
      file: { filename: 'a.txt', mime_type: 'text/plain' },
      fields: { one: '1', two: '2' },
    });
  });

  test.each([
    ['a %22b%22.txt', 'a "b".txt'],
    ['a%0D%0Ab', 'a\r\nb'],
    ['100%25 %2F %0a %', '100%25 %2F %0a %'],
    ['%2522', '%2522'],
  ])('names its file %j, which stands for %j', async (spelled, filename) => {
    const { result } = await read(
      Buffer.from(`${part(`name="file"; filename="${spelled}"`, 'Hello')}--b--\r\n`),
    );
    expect(result).toMatchObject({ file: { filename } });
  });

  test('that is good or not comes to an end, and never before its file', async () => {
    const change = fc.record({ at: fc.nat(good.length), cut: fc.nat(20), put: fc.string({ maxLength: 12 }) });
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 4 }), sizes, fc.nat(8), async (changes, pieces, max) => {
        let text = good;
        for (const { at, cut, put } of changes) text = text.slice(0, at) + put + text.slice(at + cut);
        const { result, received, state } = await read(Buffer.from(text, 'latin1'), pieces, max);
        expect(state).not.toBe('under way');
        expect(received.length).toBeLessThanOrEqual(max);
        if (result instanceof Error) expect(result).toBeInstanceOf(PawlError);
        else expect(state).toBe('over');
      }),
      { numRuns: 500 },
    );
  });

  test.each([1, 2, 5, 50, 1000])('with a byte too many is refused in pieces of %i bytes', async (size) => {
    for (const body of [good, good.slice(0, good.indexOf('Hello') + 5)]) {
      const { result, state } = await read(Buffer.from(body), [size], 4);
      expect(result).toMatchObject({ code: 'request_too_large' });
      expect(state).toBe('over');
    }
    expect((await read(Buffer.from(good), [size], 5)).received).toBe('Hello');
  });

  test('ends with what whoever takes its file throws, however much of it is still to come', async () => {
    const bytes = inPieces(Buffer.from(`${fileOf('x'.repeat(100_000))}--b--\r\n`), [1000]);
    const failed = readForm({ headers, bytes, max_file_bytes: 1e6 }, async (content) => {
      for await (const _ of content) throw new Error('no room');
    });
    await expect(failed).rejects.toThrow('no room');
  });

  test('ends with what its body throws', async () => {
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(good.slice(0, -20));
      throw new PawlError('request_timeout', 'hung up');
    }
    let isOver = false;
    const failed = readForm({ headers, bytes: breaking(), max_file_bytes: 1000 }, async (content) => {
      try {
        for await (const _ of content);
      } finally {
        isOver = true;
      }
    });
    await expect(failed).rejects.toMatchObject({ code: 'request_timeout' });
    expect(isOver).toBe(true);
  });

  test.each([
    ['text/plain', 'no form'],
    ['multipart/form-data', 'no boundary'],
    ['multipart/form-data; boundary=', 'an empty boundary'],
  ])('of the type %j has %s', async (type) => {
    const bytes = inPieces(Buffer.from(good), [10]);
    const failed = readForm({ headers: { 'content-type': type }, bytes, max_file_bytes: 1 }, async () => {});
    await expect(failed).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
