import { expect, test } from 'vitest';
import { noTelemetry } from '../../test/no-telemetry.ts';
import { createVersions } from '../agent/versions.ts';
import { openStore } from '../store/open.ts';
import { seedSession } from '../store/store.testsuite.ts';
import type { McpCall } from './calls.ts';
import { FencedError } from './journal.ts';
import type { Toolbox } from './toolbox.ts';
import { createTurns } from './turn.ts';

test('A turn that somebody else has taken over makes none of the calls that they have started', async () => {
  const store = await openStore({ kind: 'memory' });
  const call: McpCall = {
    ...{ id: 'sevt_1', kind: 'mcp', state: 'started', server: 'shop', name: 'pay', input: {} },
  };
  const { id } = await seedSession(store, 'sesn_1', {
    ...{ status: 'running', attempt: 2, open_calls: JSON.stringify([call]) },
  });
  const made: McpCall[] = [];
  const toolbox: Toolbox = {
    ...{ definitions: [], troubles: [], find: () => null, mcpName: (_server, tool) => tool },
    call: async (one) => {
      made.push(one);
      return { answer: { content: [], is_error: false }, trouble: null };
    },
  };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const fenced = async (): Promise<never> => {
    throw new FencedError();
  };
  const turns = createTurns({
    ...{
      store,
      log,
      telemetry: noTelemetry,
      max_tokens: 100,
      hasPrice: () => true,
      router: { route: () => null, provider: fenced, named: [] },
    },
    versions: { ...createVersions(store), require: async () => ({ config: { tools: [] } }) as never },
    ...{ toolboxes: { open: async () => toolbox }, attachments: { ready: async () => [] }, asking: fenced },
    record: new Proxy({} as never, { get: (_, name) => (name === 'tell' ? async () => {} : fenced) }),
  });
  const work = { sessionId: id, attempt: 1, opened: true, signal: new AbortController().signal };
  await expect(turns.run(work)).rejects.toThrow(FencedError);
  expect(made).toEqual([]);
  await store.close();
});

test('a turn with a budget asks no model whose price is gone', async () => {
  const store = await openStore({ kind: 'memory' });
  const budget = JSON.stringify({ type: 'limit', max_list_cost: { amount: '5', currency: 'USD' } });
  const { id } = await seedSession(store, 'sesn_1', {
    status: 'running',
    attempt: 1,
    open_span: 's',
    budget,
  });
  const ended: unknown[] = [];
  const unasked = (): Promise<never> => Promise.reject(new Error('A model was asked'));
  const turns = createTurns({
    ...{ store, log: { debug() {}, info() {}, warn() {}, error() {} }, max_tokens: 100 },
    telemetry: noTelemetry,
    ...{ hasPrice: () => false, router: { route: () => null, provider: unasked, named: [] } },
    versions: {
      ...createVersions(store),
      require: async () => ({ config: { model: { id: 'm-1' } } }) as never,
    },
    toolboxes: { open: async () => ({ troubles: [] }) as never },
    ...{ attachments: { ready: async () => [] }, asking: unasked },
    record: {
      tell: async () => {},
      end: async (_work: unknown, ending: unknown) => {
        ended.push(ending);
        return { kind: 'ended' };
      },
    } as never,
  });
  await turns.run({ sessionId: id, attempt: 1, opened: true, signal: new AbortController().signal });
  expect(ended).toMatchObject([{ kind: 'exhausted', error: { type: 'billing_error' } }]);
  await store.close();
});
