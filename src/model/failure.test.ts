import { describe, expect, test } from 'vitest';
import { connectionFailure, eventFailure, requestFailure } from './failure.ts';
import { retryAfterMs } from './retry-after.ts';

const key = 'planted-key-0123456789';
const context = { provider: 'anthropic', api_key: key, now_ms: Date.parse('2026-11-22T10:00:00Z') } as const;

/** An exception shaped like those of the SDKs. */
function answered(status: number, body?: unknown, headers: Record<string, string> = {}, message = ''): Error {
  return Object.assign(new Error(message), { status, error: body, headers: new Headers(headers) });
}

const upstream = (message: string, type = 'api_error') => ({ type: 'error', error: { type, message } });

describe('requestFailure', () => {
  test.each([
    [413, '', ''],
    [400, 'request_too_large', 'No.'],
    [400, 'context_length_exceeded', 'No.'],
    [400, 'exceed_context_size_error', 'No.'],
    [400, 'invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'],
    [
      400,
      'invalid_request_error',
      'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000',
    ],
    [
      400,
      'BadRequestError',
      "This model's maximum context length is 4096 tokens. However, you requested 5000.",
    ],
    [422, 'api_error', 'Input is too long for requested model'],
    [400, 'INVALID_ARGUMENT', 'The input token count (9) exceeds the maximum number of tokens allowed (8).'],
  ])('knows that a request was too long from %i %s %s', (status, type, words) => {
    expect(requestFailure(answered(status, upstream(words, type)), context)).toMatchObject({
      type: 'model_request_failed_error',
      retryable: false,
      too_long: true,
    });
  });

  test.each([
    [400, 'invalid_request_error', 'max_tokens: must be less than 64000'],
    [500, 'api_error', 'The context window service is away'],
    [429, 'rate_limit_error', 'prompt is too long for your rate limit'],
    [402, 'billing_error', 'prompt is too long for your credit'],
  ])('does not take %i %s %s for a request that was too long', (status, type, words) => {
    expect(requestFailure(answered(status, upstream(words, type)), context).too_long).toBe(false);
  });

  test.each([
    [429, 'model_rate_limited_error', true],
    [529, 'model_overloaded_error', true],
    [402, 'billing_error', false],
    [408, 'model_request_failed_error', true],
    [409, 'model_request_failed_error', true],
    [500, 'model_request_failed_error', true],
    [503, 'model_request_failed_error', true],
    [307, 'model_request_failed_error', false],
    [400, 'model_request_failed_error', false],
    [401, 'model_request_failed_error', false],
    [403, 'model_request_failed_error', false],
    [404, 'model_request_failed_error', false],
    [413, 'model_request_failed_error', false],
    [422, 'model_request_failed_error', false],
  ])('reads status %i as %s', (status, type, retryable) => {
    expect(requestFailure(answered(status), context)).toMatchObject({
      type,
      retryable,
      message: `The anthropic provider answered with status ${status}.`,
      retry_after_ms: null,
    });
  });

  test.each([
    [400, 'billing_error', 'billing_error'],
    [500, 'overloaded_error', 'model_overloaded_error'],
    [503, 'rate_limit_error', 'model_rate_limited_error'],
  ])('lets the error type decide over status %i when it is %s', (status, word, type) => {
    expect(requestFailure(answered(status, upstream('No.', word)), context).type).toBe(type);
  });

  test('reads a 429 for an empty account as a billing error that no waiting cures', () => {
    const error = answered(429, { message: 'Out of credit.', code: 'insufficient_quota' });
    expect(requestFailure(error, context)).toMatchObject({ type: 'billing_error', retryable: false });
  });

  test.each([
    ['an error object', upstream('Bad model'), ''],
    ['the inside of an error object', { message: 'Bad model' }, ''],
    ['bare text under error', { error: 'Bad model' }, ''],
    ['bare text under detail', { detail: 'Bad model' }, ''],
    ['a text body', undefined, '404 Bad model'],
  ])('passes on the upstream words from %s', (_name, body, message) => {
    expect(requestFailure(answered(404, body, {}, message), context).message).toBe(
      'The anthropic provider answered with status 404: Bad model.',
    );
  });

  test('keeps HTML pages out of the message', () => {
    const error = answered(502, undefined, {}, '502 <html><body>Bad Gateway</body></html>');
    expect(requestFailure(error, context).message).toBe('The anthropic provider answered with status 502.');
  });

  test('needs no more of an exception than its status', () => {
    expect(requestFailure({ status: 500 }, context)).toMatchObject({
      message: 'The anthropic provider answered with status 500.',
      retry_after_ms: null,
    });
  });

  test('shortens the upstream words to 500 characters on one line', () => {
    const { message } = requestFailure(answered(400, upstream(`a\n  b ${'x'.repeat(900)}`)), context);
    expect(message).toBe(`The anthropic provider answered with status 400: a b ${'x'.repeat(496)}…`);
  });

  test('blanks the key, bearer tokens and masked keys that the upstream echoes', () => {
    const words = `Key ${key} (${'x'.repeat(470)} ${key}) in "Bearer abc.def", sk-proj-a1***z9 rejected`;
    const { message } = requestFailure(answered(401, upstream(words)), context);
    expect(message).not.toContain('planted-key');
    const short = requestFailure(answered(401, upstream('Got "Bearer abc.def", sk-proj-a1***z9!')), context);
    expect(short.message).toBe(
      'The anthropic provider answered with status 401: Got "Bearer [redacted]", [redacted]!',
    );
  });

  test('reads how long to wait from the headers', () => {
    const error = answered(429, undefined, { 'retry-after': '3' });
    expect(requestFailure(error, context).retry_after_ms).toBe(3000);
  });

  test('reads an exception without a status as a lost connection and keeps it as the cause', () => {
    const refused = Object.assign(new Error('connect 10.0.0.7:443'), { code: 'ECONNREFUSED' });
    const error = new Error('Connection error.', {
      cause: new TypeError('fetch failed', { cause: refused }),
    });
    const failure = requestFailure(error, context);
    expect(failure).toMatchObject({
      type: 'model_request_failed_error',
      retryable: true,
      message: 'The connection to the anthropic provider failed (ECONNREFUSED).',
    });
    expect(failure.cause).toBe(error);
    expect(connectionFailure('openai', 'odd').message).toBe('The connection to the openai provider failed.');
  });
});

describe('eventFailure', () => {
  test.each([
    [upstream('Busy', 'overloaded_error'), 'model_overloaded_error', true],
    [upstream('Slow down', 'rate_limit_error'), 'model_rate_limited_error', true],
    [upstream('Broken', 'api_error'), 'model_request_failed_error', true],
    [upstream('Too long', 'invalid_request_error'), 'model_request_failed_error', false],
    [{ error: { message: 'Pay', code: 402 } }, 'billing_error', false],
    [{ error: { message: 'Down', code: 502 } }, 'model_request_failed_error', true],
    [{ error: { message: 'Bad', code: 400 } }, 'model_request_failed_error', false],
    [{ error: 'Bare words' }, 'model_request_failed_error', true],
  ])('reads %j as %s', (event, type, retryable) => {
    expect(eventFailure(event, context)).toMatchObject({ type, retryable });
  });

  test('tells the upstream words without the key', () => {
    expect(eventFailure(upstream(`Key ${key} is used up!`), context).message).toBe(
      'The anthropic provider broke off its reply: Key [redacted] is used up!',
    );
  });
});

describe('retryAfterMs', () => {
  test.each([
    [{ 'retry-after-ms': '1500.2' }, 1501],
    [{ 'retry-after-ms': '20', 'retry-after': '9' }, 20],
    [{ 'retry-after-ms': 'soon', 'retry-after': '9' }, 9000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': '-4' }, 0],
    [{ 'retry-after': 'Sun, 22 Nov 2026 10:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 09:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, null],
    [{}, null],
  ])('reads %j as %s', (headers, expected) => {
    expect(retryAfterMs(new Headers(headers as Record<string, string>), context.now_ms)).toBe(expected);
  });
});
