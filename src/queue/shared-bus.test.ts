import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quietLog } from '../../test/pawl.ts';
import { type FreshDatabase, freshDatabase } from '../../test/postgres.ts';
import { eventually } from '../../test/story.ts';
import type { Bus, Signal } from '../core/bus.ts';
import { openSharedBus, together } from './shared-bus.ts';

const bytesOf = (text: string): number => Buffer.byteLength(text);

describe('What is said together', () => {
  test('is one payload that says who says it, as long as it fits', () => {
    expect(together('one', ['{"a":1}', '{"b":2}'])).toEqual(['["one",{"a":1},{"b":2}]']);
    expect(together('one', [])).toEqual([]);
  });

  test('is all there and in order, in as many payloads as PostgreSQL takes', () => {
    const text = fc.string({ maxLength: 5000, unit: 'grapheme' });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 12 }), fc.string({ maxLength: 60 }), (texts, name) => {
        const bodies = texts.map((one) => JSON.stringify({ text: one }));
        const payloads = together(name, bodies);
        for (const payload of payloads) expect(bytesOf(payload)).toBeLessThanOrEqual(7900);
        const read = payloads.map((payload) => JSON.parse(payload) as [string, ...{ text: string }[]]);
        expect(read.every(([from, ...rest]) => from === name && rest.length > 0)).toBe(true);
        const fitting = texts.filter(
          (_, i) => bytesOf(bodies[i] ?? '') < 7900 - bytesOf(JSON.stringify(name)) - 2,
        );
        expect(read.flatMap(([, ...rest]) => rest.map((one) => one.text))).toEqual(fitting);
      }),
      { numRuns: 200 },
    );
  });

  test('leaves out what is too long for any payload', () => {
    const long = JSON.stringify('x'.repeat(8000));
    expect(together('one', ['1', long, '2'])).toEqual(['["one",1,2]']);
  });
});

describe('A bus over PostgreSQL', () => {
  let database: FreshDatabase;
  let [one, two]: Bus[] = [];
  const heard = { one: [] as Signal[], two: [] as Signal[] };
  const gaps = { one: 0, two: 0 };

  beforeAll(async () => {
    database = await freshDatabase();
    for (const name of ['one', 'two'] as const) {
      const bus = await openSharedBus({ url: database.url, name, log: quietLog });
      if (name === 'one') one = bus;
      else two = bus;
      for (const type of ['events', 'wake', 'preview'] as const)
        bus.on(type, (signal: Signal) => heard[name].push(signal));
      bus.onGap(() => gaps[name]++);
    }
  });
  afterAll(async () => {
    await one?.close();
    await two?.close();
    await database.drop();
  });

  const events = (seq: number): Signal => ({ type: 'events', session_id: 'sesn_1', seq });

  async function sql(query: string): Promise<void> {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query(query);
    } finally {
      await client.end();
    }
  }

  test('is heard by others, in order, and not by who says it', async () => {
    for (let seq = 1; seq <= 500; seq++) one?.send(events(seq));
    await one?.sendNow({ type: 'wake', duty: 'webhooks' });
    await two?.sendNow({ type: 'wake', duty: 'shadows' });
    await eventually('all of it', () => heard.two.length === 501 && heard.one.length === 1);
    expect(heard.two).toEqual([
      ...Array.from({ length: 500 }, (_, i) => events(i + 1)),
      { type: 'wake', duty: 'webhooks' },
    ]);
    expect(heard.one).toEqual([{ type: 'wake', duty: 'shadows' }]);
  });

  test('carries whatever a model writes', async () => {
    const text = 'é🦫\\"\n\u0000\u2028 '.repeat(100);
    const preview: Signal = {
      ...{ type: 'preview', session_id: 'sesn_1', span_id: 'sevt_1', event_id: 'sevt_2' },
      piece: { text, index: 0, place: 0 },
    };
    await one?.sendNow(preview);
    await eventually('the piece', () => heard.two.at(-1)?.type === 'preview');
    expect(heard.two.at(-1)).toEqual(preview);
  });

  test('does not mind what others say on its channel', async () => {
    heard.two.length = 0;
    for (const word of ['hello', '{}', '[]', '["x", null]', '["x", 7, {"type":"unheard of"}]', ''])
      await sql(`notify pawl, '${word}'`);
    await one?.sendNow(events(1));
    await eventually('what it understands', () => heard.two.length > 0);
    expect(heard.two).toEqual([events(1)]);
  });

  test('is mended when its connection breaks, and tells that something may have been lost', async () => {
    heard.two.length = 0;
    await sql(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await eventually('both again', () => gaps.one === 1 && gaps.two === 1);
    await one?.sendNow(events(7));
    await eventually('what was said since', () => heard.two.length > 0);
    expect(heard.two).toEqual([events(7)]);
  });

  test('says nothing any more once it is closed, but all that was said before', async () => {
    heard.two.length = 0;
    const three = await openSharedBus({ url: database.url, name: 'three', log: quietLog });
    three.send(events(1));
    const closed = three.close();
    three.send(events(2));
    await closed;
    await one?.sendNow(events(3));
    await eventually('what the other one says', () => heard.two.length === 2);
    expect(heard.two).toEqual([events(1), events(3)]);
  });

  test('cannot be opened where there is no database', async () => {
    const url = 'postgres://127.0.0.1:1/nowhere';
    await expect(openSharedBus({ url, name: 'one', log: quietLog })).rejects.toThrow();
  });
});
