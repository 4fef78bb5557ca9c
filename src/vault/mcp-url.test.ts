import { expect, test } from 'vitest';
import { mcpUrlKey } from './mcp-url.ts';

test.each([
  ['https://mcp.example.com', 'https://mcp.example.com'],
  ['https://mcp.example.com/', 'https://mcp.example.com'],
  ['HTTPS://MCP.Example.COM:443/sse/', 'https://mcp.example.com/sse'],
  ['http://mcp.example.com:80/a', 'http://mcp.example.com/a'],
  ['https://mcp.example.com:8443/a', 'https://mcp.example.com:8443/a'],
  ['https://mcp.example.com/A?team=x#top', 'https://mcp.example.com/A?team=x'],
  ['https://mcp.example.com/a/?team=x', 'https://mcp.example.com/a?team=x'],
])('%s is compared as %s', (url, key) => {
  expect(mcpUrlKey(url)).toBe(key);
});

test('What means different things is compared as different', () => {
  const urls = [
    'https://a.b/x',
    'http://a.b/x',
    'https://a.b/X',
    'https://a.b/x?y',
    'https://a.b:1/x',
    'https://b.b/x',
  ];
  expect(new Set(urls.map(mcpUrlKey)).size).toBe(urls.length);
  expect(mcpUrlKey('no URL')).toBeNull();
});
