import { afterEach, describe, expect, test, vi } from 'vitest';
import { checkedApiKey, checkedBaseUrl, upstreamFetch } from './upstream-fetch.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('upstreamFetch', () => {
  test('sends its own headers and the needed ones of the SDK, and follows no redirect', async () => {
    const inner = vi.fn(() => Promise.resolve(new Response()));
    vi.stubGlobal('fetch', inner);
    const headers = {
      'content-type': 'application/json',
      authorization: 'Bearer other',
      'x-stainless-os': 'Linux',
    };
    await upstreamFetch({ 'x-api-key': 'k' })('http://upstream.test', { method: 'POST', headers });
    expect(inner).toHaveBeenCalledWith('http://upstream.test', {
      method: 'POST',
      headers: { 'x-api-key': 'k', 'content-type': 'application/json' },
      redirect: 'manual',
    });
  });
});

describe('checkedBaseUrl', () => {
  test('takes slashes off the end', () => {
    expect(checkedBaseUrl('http://localhost:11434/v1//')).toBe('http://localhost:11434/v1');
  });

  test.each(['localhost:11434', 'ftp://x', ''])('refuses %j', (text) => {
    expect(() => checkedBaseUrl(text)).toThrow(`must start with http:// or https://, not "${text}".`);
  });
});

describe('checkedApiKey', () => {
  test.each(['', 'two words', 'line\n', 'clé'])('refuses %j without showing it', (key) => {
    expect(() => checkedApiKey(key)).toThrow(
      new Error('The API key of a model provider is empty or has characters that no HTTP header can carry.'),
    );
  });
});
