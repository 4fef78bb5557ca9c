import { expect, test } from 'vitest';
import { openStore } from './open.ts';
import { findLatestScores, insertScore } from './scores.ts';
import { at, seedSession } from './store.testsuite.ts';

test('The scores that count are the last of each name, and no name of an object passes for one', async () => {
  const store = await openStore({ kind: 'memory' });
  await seedSession(store, 'sesn_1');
  const given: [string, number][] = [
    ['solved', 0],
    ['__proto__', 0.25],
    ['constructor', 0.5],
    ['solved', 1],
  ];
  await store.write(async (tx) => {
    for (const [i, [name, value]] of given.entries()) {
      await insertScore(tx, {
        ...{ id: `scor_${i}`, session_id: 'sesn_1', position: i + 1, name, value, comment: null },
        ...{ source: 'api', actor: '{}', created_at: at(i) },
      });
    }
  });
  const latest = (await findLatestScores(store.db, ['sesn_1', 'sesn_2'])).get('sesn_1');
  expect(Object.entries(latest ?? {}).toSorted()).toEqual([
    ['__proto__', 0.25],
    ['constructor', 0.5],
    ['solved', 1],
  ]);
  expect(latest?.['toString']).toBeUndefined();
  await store.close();
});
