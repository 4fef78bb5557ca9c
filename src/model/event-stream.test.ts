import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { eventObject, readEvents } from './event-stream.ts';

/** A response whose body arrives in these chunks; an Error breaks it there. `onCancel` sees an early end. */
function responseOf(chunks: readonly (Uint8Array | string | Error)[], onCancel = () => {}): Response {
  const waiting = [...chunks];
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const next = waiting.shift();
        if (next === undefined) controller.close();
        else if (next instanceof Error) controller.error(next);
        else controller.enqueue(typeof next === 'string' ? Buffer.from(next) : next);
      },
      cancel: onCancel,
    },
    { highWaterMark: 0 },
  );
  return new Response(body);
}

async function read(response: Response, stopAt?: string) {
  const seen: string[] = [];
  const touch = vi.fn();
  const complete = await readEvents({
    provider: 'openai',
    response,
    deadline: { signal: new AbortController().signal, touch },
    onData: (data) => {
      seen.push(data);
      return data === stopAt;
    },
  });
  return { seen, complete, touches: touch.mock.calls.length };
}

describe('readEvents', () => {
  test('gives the data of each event, whatever else the event has', async () => {
    const text =
      'event: a\r\nid: 1\r\ndata: one\r\n\r\n: note\n\ndata:two\ndata: lines\n\nevent: only\n\ndata:\n\n';
    expect((await read(responseOf([text]))).seen).toEqual(['one', 'two\nlines', '']);
  });

  test('does not mind how the bytes are cut', async () => {
    const bytes = Buffer.from('data: {"a":"é"}\r\n\r\ndata: 漢字 🦊\n\n: x\n\ndata: end\n\n');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
        const { seen } = await read(responseOf(chunks.filter((chunk) => chunk.length > 0)));
        expect(seen).toEqual(['{"a":"é"}', '漢字 🦊', 'end']);
      }),
    );
  });

  test('takes a last event without its blank line', async () => {
    expect(await read(responseOf(['data: a\n\ndata: b']), 'b')).toMatchObject({
      seen: ['a', 'b'],
      complete: true,
    });
  });

  test('counts every chunk for the idle clock, also comments', async () => {
    expect((await read(responseOf([': wait\n\n', ': wait\n\n', 'data: a\n\n']))).touches).toBe(4);
  });

  test('stops at the event that completes the reply, and reads the connection to its end', async () => {
    const cancel = vi.fn();
    const result = await read(responseOf(['data: a\n\ndata: stop\n\ndata: b\n\n', 'rest'], cancel), 'stop');
    expect(result).toMatchObject({ seen: ['a', 'stop'], complete: true });
    expect(cancel).not.toHaveBeenCalled();
  });

  test('says when the stream ended before the reply was complete', async () => {
    expect((await read(responseOf(['data: a\n\n']), 'stop')).complete).toBe(false);
  });

  test('throws a retryable error for no body, an empty one and a broken connection', async () => {
    const empty = { retryable: true, message: 'The openai provider answered without a reply.' };
    await expect(read(new Response(null))).rejects.toMatchObject(empty);
    await expect(read(responseOf([]))).rejects.toMatchObject(empty);
    const broken = responseOf(['data: a\n\n', Object.assign(new Error('gone'), { code: 'ECONNRESET' })]);
    await expect(read(broken)).rejects.toMatchObject({
      retryable: true,
      message: 'The connection to the openai provider failed (ECONNRESET).',
    });
  });

  // Work that grew with the square of the length would take minutes. The test's own time limit is the assertion.
  test('reads a long line that comes in many pieces', async () => {
    const piece = 'x'.repeat(500);
    const { seen } = await read(
      responseOf(['data: ', ...Array.from({ length: 20_000 }, () => piece), '\n\n']),
    );
    expect(seen.map((data) => data.length)).toEqual([10_000_000]);
  });

  test.each([
    ['line', 'x'],
    ['event', '\ndata: '],
  ])('refuses a %s of more than 16 MiB and closes the connection', async (_, start) => {
    const cancel = vi.fn();
    const piece = start + 'x'.repeat(2 ** 20);
    const reading = read(
      responseOf(
        Array.from({ length: 20 }, () => piece),
        cancel,
      ),
    );
    await expect(reading).rejects.toMatchObject({
      retryable: true,
      message: 'The openai provider sent a reply that is not valid JSON.',
    });
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  test('refuses a reply that does not come to an end, and closes the connection', async () => {
    const cancelled = vi.fn();
    const piece = `data: ${'x'.repeat(1024 * 1024)}\n\n`;
    const endless = Array.from({ length: 200 }, () => piece);
    await expect(read(responseOf(endless, cancelled))).rejects.toMatchObject({
      message: expect.stringMatching(/128 MiB/),
    });
    expect(cancelled).toHaveBeenCalled();
  });

  test('closes the connection when an event is refused', async () => {
    const cancel = vi.fn();
    const refused = readEvents({
      provider: 'openai',
      response: responseOf(['data: a\n\n', 'data: b\n\n'], cancel),
      deadline: { signal: new AbortController().signal, touch: () => {} },
      onData: () => {
        throw new Error('Refused.');
      },
    });
    await expect(refused).rejects.toThrow('Refused.');
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  test('lets go of a connection that stays open after a complete reply', async () => {
    vi.useFakeTimers();
    try {
      const cancel = vi.fn();
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(Buffer.from('data: stop\n\n')),
        cancel,
      });
      expect((await read(new Response(body), 'stop')).complete).toBe(true);
      expect(cancel).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1000);
      expect(cancel).toHaveBeenCalledTimes(1);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('eventObject', () => {
  test.each(['{"a', '7', 'null', ''])('refuses %j', (data) => {
    expect(() => eventObject('openai', data)).toThrow(
      'The openai provider sent a reply that is not valid JSON.',
    );
  });
});
