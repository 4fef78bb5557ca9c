import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertAgent, insertVersion } from '../store/agents.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { sampleAgent, sampleVersion } from '../store/store.testsuite.ts';
import { createVersions } from './versions.ts';

let store: Store;

beforeAll(async () => {
  store = await openStore({ kind: 'memory' });
  await store.write(async (tx) => {
    await insertAgent(tx, sampleAgent('agent_1'));
    for (let number = 2; number <= 250; number++) {
      await insertVersion(tx, sampleVersion('agent_1', number, JSON.stringify({ name: `v${number}` })));
    }
  });
});
afterAll(() => store.close());

test('a version is read with its config parsed', async () => {
  const version = await createVersions(store).find('agent_1', 7);
  expect(version).toEqual({ ...sampleVersion('agent_1', 7), config: { name: 'v7' } });
});

test('a version that is not there is looked for again each time', async () => {
  const versions = createVersions(store);
  expect(await versions.find('agent_2', 1)).toBeNull();
  await store.write((tx) => insertAgent(tx, sampleAgent('agent_2')));
  expect((await versions.find('agent_2', 1))?.version).toBe(1);
});

test('the ones used last are kept, and no more than 200 of them', async () => {
  const versions = createVersions(store);
  const read = (number: number) => versions.find('agent_1', number);
  const one = await read(1);
  for (let number = 2; number <= 200; number++) await read(number);
  // Used again, so that number 2 is now the one that was used longest ago.
  expect(await read(1)).toBe(one);
  const [two, three] = [await read(2), await read(3)];
  const kept = new Map([
    [1, one],
    [2, two],
    [3, three],
  ]);
  for (let number = 201; number <= 203; number++) await read(number);
  for (const [number, version] of kept) expect(await read(number)).toBe(version);
  const fifty = await read(50);
  for (let number = 51; number <= 250; number++) await read(number);
  expect(await read(50)).not.toBe(fifty);
  expect(await read(50)).toEqual(fifty);
});

test('a kept version costs no query', async () => {
  const own = await openStore({ kind: 'memory' });
  await own.write((tx) => insertAgent(tx, sampleAgent('agent_1')));
  const versions = createVersions(own);
  const version = await versions.find('agent_1', 1);
  await own.write((tx) => sql`alter table agent_versions rename to elsewhere`.execute(tx));
  expect(await versions.find('agent_1', 1)).toBe(version);
  await expect(versions.find('agent_1', 2)).rejects.toThrow();
  await own.close();
});
