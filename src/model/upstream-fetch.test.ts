import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../test/model-server.ts';
import { checkedApiKey, checkedBaseUrl, upstreamFetch } from './upstream-fetch.ts';

describe('upstreamFetch', () => {
  let server: ModelServer;
  beforeEach(async () => {
    server = await startModelServer();
  });
  afterEach(() => server.close());

  test('sends its own headers and the needed ones of the SDK, and no others', async () => {
    const headers = {
      'content-type': 'application/json',
      authorization: 'Bearer other',
      'x-stainless-os': 'Linux',
    };
    const body = '{"model":"m","max_tokens":1,"messages":[]}';
    const url = `${server.url}/v1/messages`;
    const answer = await upstreamFetch({ 'x-api-key': 'k' })(url, { method: 'POST', headers, body });
    await answer.text();
    const sent = Object.keys(server.requests[0]?.headers ?? {}).toSorted();
    expect(sent).toEqual(['connection', 'content-length', 'content-type', 'host', 'x-api-key']);
  });

  test('takes a redirect for an answer', async () => {
    server.script([{ status: 307 }]);
    const url = `${server.url}/v1/messages`;
    expect((await upstreamFetch({})(url, { method: 'POST', body: '{}' })).status).toBe(307);
    expect(server.requests).toHaveLength(1);
  });

  test('refuses what it could not send unchanged', async () => {
    const call = async () =>
      upstreamFetch({})('http://127.0.0.1:1', { method: 'POST', body: new FormData() });
    await expect(call()).rejects.toThrow('as text');
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
