import { setImmediate as nextRound } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { type SpanStart, type Tracer, traced } from '../core/telemetry.ts';
import { createTracer, type EndedSpan } from './tracer.ts';

let ended: EndedSpan[];
let tracer: Tracer;
let time: number;
let random: number;

beforeEach(() => {
  ended = [];
  time = 1000;
  random = 0;
  tracer = createTracer({
    onEnd: (span) => ended.push(span),
    now: () => 1_800_000_000_000,
    elapsed: () => time,
    randomBytes: (size) => new Uint8Array(size).fill(++random),
  });
});

const start = (name: string, more: Partial<SpanStart> = {}): SpanStart => ({
  ...{ name, kind: 'internal', attributes: {} },
  ...more,
});
const find = (name: string): EndedSpan => {
  const span = ended.find((one) => one.name === name);
  if (span === undefined) throw new Error(`No span ${name} has ended`);
  return span;
};

describe('A span', () => {
  test('has ids of its own, what it was given, and the time that it took', () => {
    const span = tracer.begin(start('work', { kind: 'client', attributes: { a: 1, b: 'x' } }));
    time += 2.5;
    span.set({ b: 'y' });
    span.rename('better');
    span.end();
    span.end();
    const context = { trace_id: '01'.repeat(16), span_id: '02'.repeat(8), sampled: true };
    expect(ended).toEqual([
      {
        ...{ context, parent_id: null, name: 'better', kind: 'client', failed: false },
        ...{ began: 1_800_000_000_000, ended: 1_800_000_000_002.5, attributes: { a: 1, b: 'y' } },
      },
    ]);
  });

  test('is below the one in which it began, also behind what that awaits', async () => {
    await Promise.all(
      ['left', 'right'].map((side) =>
        traced(tracer, start(side), async () => {
          await nextRound();
          await traced(tracer, start(`${side} child`), nextRound);
        }),
      ),
    );
    for (const side of ['left', 'right']) {
      const { context } = find(side);
      expect(find(`${side} child`)).toMatchObject({
        parent_id: context.span_id,
        context: { trace_id: context.trace_id },
      });
    }
    expect(find('left').context.trace_id).not.toBe(find('right').context.trace_id);
  });

  test('fails with the work, by a word and without its message', async () => {
    const work = traced(tracer, start('work'), () => Promise.reject(new TypeError('a secret')));
    await expect(work).rejects.toThrow('a secret');
    expect(ended).toMatchObject([{ failed: true, attributes: { 'error.type': 'TypeError' } }]);
    expect(JSON.stringify(ended)).not.toContain('secret');
  });

  test('joins the trace of whoever asks, and is not shown where they do not want to see it', () => {
    const traceparent = (flags: string) => `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-${flags}`;
    tracer.begin(start('seen', { traceparent: traceparent('01') })).end();
    const unseen = tracer.begin(start('unseen', { traceparent: traceparent('00') }));
    unseen.within(() => tracer.begin(start('below')).end());
    unseen.end();
    expect(ended).toMatchObject([
      { name: 'seen', parent_id: 'cd'.repeat(8), context: { trace_id: 'ab'.repeat(16) } },
    ]);
  });
});

describe('Work that waits in a queue', () => {
  test('stands below the request that has asked for it, once', () => {
    const request = tracer.begin(start('request', { kind: 'server', traceparent: undefined }));
    request.within(() => tracer.handOver('sesn_1'));
    request.end();
    tracer.begin(start('turn', { follows: 'sesn_1' })).end();
    tracer.begin(start('again', { follows: 'sesn_1' })).end();
    expect(find('turn')).toMatchObject({ parent_id: find('request').context.span_id });
    expect(find('again')).toMatchObject({ parent_id: null });
  });

  test('begins a trace where other work has led to it, or nothing has', () => {
    const other = tracer.begin(start('turn'));
    other.within(() => {
      tracer.handOver('sesn_1');
      tracer.begin(start('next turn', { follows: 'sesn_1' })).end();
      tracer.begin(start('stranger', { follows: 'sesn_2' })).end();
    });
    expect([find('next turn').parent_id, find('stranger').parent_id]).toEqual([null, null]);
  });

  test('is forgotten when there is too much of it that nobody takes', () => {
    const request = tracer.begin(start('request', { kind: 'server', traceparent: undefined }));
    request.within(() => {
      for (let i = 0; i <= 10_000; i++) tracer.handOver(`sesn_${i}`);
    });
    tracer.begin(start('first', { follows: 'sesn_0' })).end();
    tracer.begin(start('last', { follows: 'sesn_10000' })).end();
    expect(find('first').parent_id).toBeNull();
    expect(find('last').parent_id).not.toBeNull();
  });
});
