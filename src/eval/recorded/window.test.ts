import { expect, test } from 'vitest';
import { insertEvents } from '../../store/events.ts';
import { openStore } from '../../store/open.ts';
import { updateSession } from '../../store/sessions.ts';
import { at } from '../../store/store.testsuite.ts';
import { rowsOf, seedShadow, seedTalk, turnOf } from '../shadow/shadow.testsuite.ts';
import { createTaking } from './taking.ts';
import { findRecorded } from './window.ts';

test('A session that is longer than any case may be is left out, and counted', async () => {
  const store = await openStore({ kind: 'memory' });
  const shadow = await seedShadow(store, 'shdw_1');
  await seedTalk(store, shadow, 'sesn_short', ['Hello']);
  await seedTalk(store, shadow, 'sesn_long', ['x'.repeat(1024 * 1024)]);
  const taking = createTaking();
  const { agent_id, alias } = shadow;
  const window = { agent_id, version: 1, alias, from: at(0), to: at(9), limit: 10 };
  const found: string[] = [];
  for await (const { id } of findRecorded(store, window, taking)) found.push(id);
  expect(found).toEqual(['sesn_short']);
  expect(taking.result().left_out).toEqual({ too_long: 1 });
  await store.close();
});

test('What cannot be put to an agent as a text alone is left out, and counted', async () => {
  const store = await openStore({ kind: 'memory' });
  const shadow = await seedShadow(store, 'shdw_1');
  const [said = {}, ...answered] = turnOf('Hello');
  const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } };
  const told = { type: 'system.message', content: [{ type: 'text', text: 'It is Monday.' }] };
  const call = { id: 'sevt_1', type: 'agent.mcp_tool_use', name: 'look', input: {} };
  const histories = {
    sesn_calls: [said, ...answered.slice(0, 1), call, ...answered],
    sesn_image: [{ type: 'user.message', content: [image] }, ...answered],
    sesn_told: [said, told, ...answered],
  };
  for (const [id, events] of Object.entries(histories)) {
    await seedTalk(store, shadow, id, []);
    const rows = rowsOf(id, events);
    await store.write(async (tx) => {
      await insertEvents(tx, rows);
      await updateSession(tx, id, { turns: 1, last_seq: rows.length });
    });
  }
  const taking = createTaking();
  const { agent_id, alias } = shadow;
  const window = { agent_id, version: 1, alias, from: at(0), to: at(9), limit: 10 };
  const found: object[] = [];
  for await (const { id, fields } of findRecorded(store, window, taking)) found.push({ id, fields });
  const fields = { session_id: 'sesn_calls', turn: 1, agent_version: 1, pawl_copy_of: 'sesn_calls' };
  expect(found).toEqual([{ id: 'sesn_calls', fields }]);
  expect(taking.result().left_out).toEqual({ attachment: 1, system_message: 1 });
  await store.close();
});
