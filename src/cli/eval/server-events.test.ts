import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ServerEvent, serverEvents } from './server-events.ts';

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const size of sizes) {
    yield bytes.subarray(from, from + size);
    from += size;
  }
  yield bytes.subarray(from);
}

async function read(text: string, sizes: readonly number[] = []): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(pieces(new TextEncoder().encode(text), sizes))) events.push(event);
  return events;
}

test('Events have a name and data, however the stream is cut', async () => {
  const text =
    'event: eval_run\ndata: {"a":"ü\u2028€"}\n\nevent: ping\r\ndata: {}\r\n\r\ndata: one\ndata: two\n\n';
  const whole = [
    { event: 'eval_run', data: '{"a":"ü\u2028€"}' },
    { event: 'ping', data: '{}' },
    { event: 'message', data: 'one\ntwo' },
  ];
  expect(await read(text)).toEqual(whole);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(9), { maxLength: 40 }), async (sizes) => {
      expect(await read(text, sizes)).toEqual(whole);
    }),
  );
});

test('An event that was cut off, a comment and a field without meaning are left out', async () => {
  expect(await read(': hello\nid: 7\ndata: a\n\nevent: eval_run\ndata: {"half')).toEqual([
    { event: 'message', data: 'a' },
  ]);
});
