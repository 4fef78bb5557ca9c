import { describe, expect, it } from 'vitest';
import { hasPhrase, readInput } from './input.ts';
import { contentStems, stemOf, stemsOf, wordsOf } from './words.ts';

describe('words', () => {
  it('are lower case, split at hyphens and written out', () => {
    expect(wordsOf("Rate-Limited: doesn't, CAN'T, won’t, the customer's API_KEY")).toEqual(
      'rate limited does not cannot will not the customer api key'.split(' '),
    );
  });

  it.each([
    ['quota quotas', 1],
    ['charge charges charged charging', 1],
    ['cancel cancelled canceled cancelling', 1],
    ['query queries queried querying', 1],
    ['refund refunds refunding', 1],
    ['status address bus', 3],
    ['bill billing billed bills', 1],
    ['sso api p1', 3],
  ])('of "%s" have %i stems', (words, count) => {
    expect(new Set(words.split(' ').map(stemOf)).size).toBe(count);
  });

  it('of grammar carry no meaning', () => {
    expect(contentStems('Is this about the refunds that we asked for, or about a refund?')).toEqual(
      stemsOf('refund ask'),
    );
  });
});

describe('a phrase', () => {
  const has = (text: string, phrase: string): boolean => hasPhrase(readInput(text), stemsOf(phrase));

  it('is found in other inflections and with up to two words between', () => {
    expect(has('We were rate-limited again', 'rate limits')).toBe(true);
    expect(has('The RATE LIMITING is odd', 'rate limits')).toBe(true);
    expect(has('The volume of each request', 'request volume')).toBe(false);
    expect(has('requests of low volume', 'request volume')).toBe(true);
    expect(has('requests of a very low volume', 'request volume')).toBe(false);
  });

  it('does not reach across the end of a sentence', () => {
    expect(has('We called the API. Usage was low.', 'api usage')).toBe(false);
    expect(has('We called the v1.2 API\nusage was low.', 'api usage')).toBe(true);
    expect(has('Subject: API\n\nUsage was low.', 'api usage')).toBe(false);
  });
});
