import type { Client } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import { listTools } from './tool-list.ts';

const signal = new AbortController().signal;

/** A server that describes one tool so. */
function describing(description: string, inputSchema: object): Client {
  const answer = { tools: [{ name: 'pay', description, inputSchema }] };
  return { getServerCapabilities: () => ({ tools: {} }), request: async () => answer } as never;
}

test('A credential that a server repeats is left out, whatever characters it has', async () => {
  const token = 'a"b\\c-and-more';
  const schema = { type: 'object', properties: { [token]: { enum: [token] } } };
  const tools = await listTools(describing(`Send ${token}.`, schema), { signal, secret: `Bearer ${token}` });
  expect(tools).toEqual([
    {
      ...{ name: 'pay', description: 'Send [credential].' },
      input_schema: { type: 'object', properties: { '[credential]': { enum: ['[credential]'] } } },
    },
  ]);
});

test('A credential that looks like a part of JSON leaves the numbers and the rest alone', async () => {
  const schema = { type: 'object', properties: { n: { maximum: 100 } } };
  const [tool] = await listTools(describing('', schema), { signal, secret: 'Bearer 100' });
  expect(tool?.input_schema).toEqual(schema);
});
