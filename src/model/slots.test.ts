import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { ModelReply, ModelRequest, Provider } from './model.ts';
import { limitProvider } from './slots.ts';

const request = {} as ModelRequest;
const reply = {} as ModelReply;

/** A provider whose requests end when the test says so. */
function heldProvider() {
  const asked: { readonly who: string; readonly end: (error?: Error) => void }[] = [];
  const provider: Provider = {
    name: 'offline',
    send: (_request, { agent_id }) => {
      const { promise, resolve, reject } = Promise.withResolvers<ModelReply>();
      asked.push({
        who: agent_id ?? '',
        end: (error) => (error === undefined ? resolve(reply) : reject(error)),
      });
      return promise;
    },
  };
  return { asked, provider };
}

let held: ReturnType<typeof heldProvider>;
let limited: Provider;

beforeEach(() => {
  held = heldProvider();
  limited = limitProvider(held.provider, { max: 2, timeout_ms: 60_000 });
});

function send(agent_id: string, signal: AbortSignal = new AbortController().signal): Promise<ModelReply> {
  const sent = limited.send(request, { signal, agent_id });
  sent.catch(() => {});
  return sent;
}

/** Lets everything that is due run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));
const who = () => held.asked.map((one) => one.who);

test('only so many requests are sent side by side, and the rest as those end', async () => {
  const all = ['a', 'b', 'c', 'd'].map((agent) => send(agent));
  await settle();
  expect(who()).toEqual(['a', 'b']);
  held.asked[1]?.end();
  await settle();
  expect(who()).toEqual(['a', 'b', 'c']);
  held.asked[0]?.end();
  held.asked[2]?.end();
  await settle();
  held.asked[3]?.end();
  expect(await Promise.all(all)).toEqual([reply, reply, reply, reply]);
  // Every place was given back.
  const more = ['e', 'f', 'g'].map((agent) => send(agent));
  await settle();
  expect(who().slice(4)).toEqual(['e', 'f']);
  expect(more).toHaveLength(3);
});

test('a request that fails gives its place back', async () => {
  const [first] = [send('a'), send('b'), send('c')];
  await settle();
  held.asked[0]?.end(new Error('no'));
  await expect(first).rejects.toThrow('no');
  await settle();
  expect(who()).toEqual(['a', 'b', 'c']);
});

test('agents are served in turn, and each in order of arrival', async () => {
  for (const agent of ['flood', 'flood', 'flood', 'flood', 'flood', 'x', 'y', 'x'])
    void send(agent).catch(() => {});
  for (let done = 0; done < 8; done++) {
    await settle();
    held.asked[done]?.end();
  }
  expect(who()).toEqual(['flood', 'flood', 'flood', 'x', 'y', 'flood', 'x', 'flood']);
});

describe('A request that waits', () => {
  test('stops waiting when it is told to, and leaves its place to the next', async () => {
    const stop = new AbortController();
    void send('a');
    void send('b');
    const waiting = send('c', stop.signal);
    void send('d');
    stop.abort('interrupt');
    await expect(waiting).rejects.toBe('interrupt');
    held.asked[0]?.end();
    held.asked[1]?.end();
    await settle();
    expect(who()).toEqual(['a', 'b', 'd']);
  });

  test('is not sent when it was stopped before', async () => {
    await expect(send('a', AbortSignal.abort('shutdown'))).rejects.toBe('shutdown');
    expect(who()).toEqual([]);
  });

  test('fails after a while, in a way that is tried again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      void send('a');
      void send('b');
      const late = send('c');
      await vi.advanceTimersByTimeAsync(60_000);
      await expect(late).rejects.toMatchObject({ type: 'model_overloaded_error', retryable: true });
      held.asked[0]?.end();
      await settle();
      expect(vi.getTimerCount()).toBe(0);
      expect(who()).toEqual(['a', 'b']);
    } finally {
      vi.useRealTimers();
    }
  });
});
