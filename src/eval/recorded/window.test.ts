import { expect, test } from 'vitest';
import { openStore } from '../../store/open.ts';
import { at } from '../../store/store.testsuite.ts';
import { seedShadow, seedTalk } from '../shadow/shadow.testsuite.ts';
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
