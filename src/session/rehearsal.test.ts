import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentConfig } from '../core/agent-config.ts';
import type { JsonObject } from '../core/tools.ts';
import type { Store } from '../store/dialect.ts';
import { insertEvents } from '../store/events.ts';
import { openStore } from '../store/open.ts';
import { at, seedSession } from '../store/store.testsuite.ts';
import { openRehearsal } from './rehearsal.ts';
import type { Toolbox } from './toolbox.ts';

let store: Store;
beforeEach(async () => {
  store = await openStore({ kind: 'memory' });
});
afterEach(() => store.close());

const text = (said: string) => [{ type: 'text', text: said }];
const custom = (id: string, name: string, input: JsonObject) => ({
  ...{ id, type: 'agent.custom_tool_use', name, input },
});
const mcp = (id: string, server: string, name: string, input: JsonObject) => ({
  ...{ id, type: 'agent.mcp_tool_use', mcp_server_name: server, name, input },
});
const ofCustom = (id: string, said: string) => ({
  ...{ type: 'user.custom_tool_result', custom_tool_use_id: id, content: text(said) },
});
const ofMcp = (id: string, said: string, is_error = false) => ({
  ...{ type: 'agent.mcp_tool_result', mcp_tool_use_id: id, content: text(said), is_error },
});

async function keep(session_id: string, events: readonly { readonly type: string }[]): Promise<void> {
  const rows = events.map((event, i) => ({
    ...{ session_id, seq: i + 1, type: event.type, processed_at: at(i), data: JSON.stringify(event) },
  }));
  await store.write((tx) => insertEvents(tx, rows));
}

/** Whose vaults the servers were asked with. */
let asked: (readonly string[])[] = [];

/** The tools of a copy of `sesn_1`, when both have come so far; its model is offered `look`, `a/find` and `b/find`. */
async function rehearse(
  original: readonly { readonly type: string }[] | null,
  copied: readonly { readonly type: string }[] = [],
): Promise<(name: string, input: JsonObject) => unknown> {
  asked = [];
  if (original !== null) {
    await seedSession(store, 'sesn_1', { vault_ids: '["vlt_1"]' });
    await keep('sesn_1', original);
  }
  const session = await seedSession(store, 'sesn_copy', { copy_of: 'sesn_1' });
  await keep('sesn_copy', copied);
  const offered: Toolbox = {
    ...{ definitions: [], troubles: [], mcpName: (_server, tool) => tool },
    find(name) {
      if (name === 'look') return { kind: 'custom' };
      const [server = '', tool] = name.split('/');
      return tool === undefined ? null : { kind: 'mcp', server, name: tool, policy: 'always_ask' };
    },
    call: () => Promise.reject(new Error('A tool ran')),
  };
  const toolboxes = {
    async open(_config: unknown, vaultIds: readonly string[]) {
      asked.push(vaultIds);
      return offered;
    },
  };
  const { signal } = new AbortController();
  const toolbox = await openRehearsal({ store, toolboxes }, { session, config: {} as AgentConfig }, signal);
  return (name, input) => {
    const { content, is_error } = toolbox.find(name)?.rehearsed?.(input) ?? {};
    return is_error === true ? { error: content } : content;
  };
}

const notRun = (name: string) => ({
  error: text(
    `This is a rehearsal: ${name} was not run, and no answer to a call with this input is recorded.`,
  ),
});

describe('A call in a copy', () => {
  test('is answered as the same call was, whatever order its input is written in', async () => {
    const answer = await rehearse([
      ...[custom('1', 'look', { id: 1, at: [{ x: 1, y: 2 }] }), ofCustom('1', 'There.')],
      ...[mcp('2', 'a', 'find', {}), ofMcp('2', 'No such thing.', true)],
    ]);
    expect(answer('look', { at: [{ y: 2, x: 1 }], id: 1 })).toEqual(text('There.'));
    expect(answer('a/find', {})).toEqual({ error: text('No such thing.') });
    expect(asked).toEqual([['vlt_1']]);
  });

  test('is told that nothing ran where the tool, its server, or the input is another, or there was no answer', async () => {
    const answer = await rehearse([
      ...[mcp('1', 'a', 'find', { q: 1 }), ofMcp('1', 'One.'), custom('2', 'look', {})],
      ...[custom('3', 'find', {}), ofCustom('3', 'Found.')],
    ]);
    expect(answer('b/find', { q: 1 })).toEqual(notRun('find'));
    expect(answer('a/find', { q: '1' })).toEqual(notRun('find'));
    expect(answer('a/find', {})).toEqual(notRun('find'));
    expect(answer('look', {})).toEqual(notRun('look'));
  });

  test('that is made again has the next answer, across turns as well, and in the end the last', async () => {
    const made = (id: string) => custom(id, 'look', {});
    const answer = await rehearse(
      [
        made('1'),
        made('2'),
        ofCustom('2', 'Two.'),
        ofCustom('1', 'One.'),
        made('3'),
        ofCustom('3', 'Three.'),
      ],
      [made('4'), ofCustom('4', 'One.')],
    );
    expect([1, 2, 3].map(() => answer('look', {}))).toEqual([text('Two.'), text('Three.'), text('Three.')]);
  });

  test('of a session that was deleted runs no tool, and none is looked up in its name', async () => {
    const answer = await rehearse(null);
    expect(answer('look', {})).toEqual(notRun('look'));
    expect(answer('a/find', {})).toEqual(notRun('find'));
    expect(asked).toEqual([[]]);
  });

  test('is found in a long history', async () => {
    const calls = Array.from({ length: 250 }, (_, i) => custom(`${i}`, 'look', { i }));
    const answer = await rehearse([...calls, ofCustom('249', 'The last.')]);
    expect(answer('look', { i: 249 })).toEqual(text('The last.'));
  });
});
