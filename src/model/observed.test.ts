import { beforeEach, describe, expect, test } from 'vitest';
import { noTelemetry } from '../../test/no-telemetry.ts';
import type { ModelRequestEnd } from '../core/telemetry.ts';
import { noRequestUsage } from '../core/usage.ts';
import { ModelError, type ModelReply, type ModelRequest, type SendOptions } from './model.ts';
import { observedRouter } from './observed.ts';
import { createRouter } from './router.ts';

let told: ModelRequestEnd[];
let time: number;
beforeEach(() => {
  told = [];
  time = 0;
});

const request: ModelRequest = {
  ...{ model: 'm-1', system: null, tools: [], effort: 'medium', max_tokens: 10 },
  messages: [{ role: 'user', content: [{ type: 'text', text: 'a secret' }] }],
} as ModelRequest;
const usage = { ...noRequestUsage, input_tokens: 3 };
const reply: ModelReply = { content: [], tool_uses: [], refusal: null, usage, served_model: 'm-1-2026' };

/** Sends a request to a provider that does this. */
async function send(answer: (options: SendOptions) => Promise<ModelReply>, signal: AbortSignal) {
  const offline = async () =>
    ({ name: 'offline', send: (_request: ModelRequest, options: SendOptions) => answer(options) }) as const;
  const router = createRouter({
    routes: [{ match: '*', provider: 'offline', model: null }],
    providers: { offline },
  });
  const modelAnswered = (end: ModelRequestEnd): void => void told.push(end);
  const metrics = { ...noTelemetry.metrics, modelAnswered };
  const observed = observedRouter(router, { ...noTelemetry, metrics, elapsed: () => time });
  const provider = await observed.provider('offline');
  return provider.send(request, { signal });
}

const { signal } = new AbortController();

describe('A request to a model is told of', () => {
  test('with its tokens, how long it took, and how long to the first text', async () => {
    const answered = send(async ({ onText }) => {
      time = 500;
      onText?.('a', 0);
      time = 700;
      onText?.('b', 0);
      time = 2000;
      return reply;
    }, signal);
    expect(await answered).toBe(reply);
    expect(told).toEqual([
      {
        ...{ provider: 'offline', model: 'm-1', outcome: 'ok', usage },
        ...{ seconds: 2, first_text_seconds: 0.5 },
      },
    ]);
  });

  test.each([
    [
      new ModelError({ type: 'model_overloaded_error', message: 'a secret', retryable: true }),
      'model_overloaded_error',
    ],
    [new TypeError('a secret'), 'unknown_error'],
  ])('by the type of its error: %s', async (error, outcome) => {
    await expect(send(() => Promise.reject(error), signal)).rejects.toBe(error);
    expect(told).toMatchObject([{ outcome, usage: null, first_text_seconds: null }]);
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  test('as aborted when it was broken off here', async () => {
    const controller = new AbortController();
    const sent = send(() => {
      controller.abort('interrupt');
      return Promise.reject(new Error('aborted'));
    }, controller.signal);
    await expect(sent).rejects.toThrow();
    expect(told).toMatchObject([{ outcome: 'aborted' }]);
  });
});
