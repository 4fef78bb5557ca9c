import { describe, expect, it } from 'vitest';
import { createEndpoints, parseEndpoints } from './endpoints.ts';

describe('the endpoints that evals may run against', () => {
  it('are named, each with its URL and its key', () => {
    const found = parseEndpoints(
      'hosted=https://api.example.com/, near=http://127.0.0.1:9',
      'near=k2,hosted=k=1',
    );
    expect([...found]).toEqual([
      ['hosted', { base_url: 'https://api.example.com', api_key: 'k=1' }],
      ['near', { base_url: 'http://127.0.0.1:9', api_key: 'k2' }],
    ]);
    expect(parseEndpoints(null, null).size).toBe(0);
  });

  it.each([
    ['hosted', 'a=b', 'Part 1'],
    ['a b=https://x', 'a=b', 'Part 1'],
    ['x=ftp://x', 'x=k', '"x" must have a URL'],
    ['x=https://x', null, '"x" has no key'],
    ['x=https://x', 'secret-without-a-name', 'Part 1'],
  ])('are refused when they cannot be read: %s with %s', (urls, keys, complaint) => {
    let said = '';
    try {
      parseEndpoints(urls, keys);
    } catch (error) {
      said = String(error);
    }
    expect(said).toContain(complaint);
    expect(said).not.toContain('secret');
  });

  it('are this server where none is named, and no other than those', () => {
    const own = { base_url: 'http://127.0.0.1:1', api_key: 'own' };
    const near = { base_url: 'http://127.0.0.1:2', api_key: 'near' };
    const endpoints = createEndpoints(new Map([['near', near]]), () => own);
    expect(endpoints.address(null)).toBe(own);
    expect(endpoints.address('near')).toBe(near);
    expect(() => endpoints.address('far')).toThrow('endpoint: there is no endpoint far; known are near');
    expect(() => createEndpoints(new Map(), () => own).address('far')).toThrow('none is configured');
  });
});
