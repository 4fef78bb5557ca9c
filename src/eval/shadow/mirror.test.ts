import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClock } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import type { Store } from '../../store/dialect.ts';
import { openStore } from '../../store/open.ts';
import {
  beginShadowPair,
  findShadow,
  insertShadowPairs,
  type ShadowPairRow,
  updateShadow,
  updateShadowPair,
} from '../../store/shadows.ts';
import { at } from '../../store/store.testsuite.ts';
import type { Copier } from './copier.ts';
import { createMirror } from './mirror.ts';
import { seedShadow, seedTalk } from './shadow.testsuite.ts';

const patience = { timeout: 10_000, interval: 5 };

let store: Store;
let mirror: ReturnType<typeof createMirror>;
const stopAll: (() => void)[] = [];
beforeEach(async () => {
  store = await openStore({ kind: 'memory' });
});
afterEach(async () => {
  for (const stop of stopAll.splice(0)) stop();
  await mirror.stop();
  await store.close();
});

type Setup = {
  readonly copy: Copier['copy'];
  readonly archive?: (id: string) => Promise<never>;
  /** The database that the mirror sees. */
  readonly seen?: Store;
  readonly isMine?: () => boolean;
};

function start({
  copy,
  archive = () => Promise.reject(new Error('Nothing is to be archived')),
  seen,
  isMine = () => true,
}: Setup) {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const clock = createClock(() => 1_800_000_000_000);
  const rest = { clock, log, duty: { isMine }, copier: { copy }, sessions: { archive } };
  mirror = createMirror({ store: seen ?? store, ...rest, pause_ms: 1 });
  mirror.wake();
  return log;
}

/** Remembers that a pair is copied as far as its session goes. */
const done = (pair: ShadowPairRow): Promise<void> =>
  store.write((tx) => updateShadowPair(tx, pair, { seen_turns: 1, turns: 1 }));

test('A mirror that was woken while others had its duty goes on once that is its own', async () => {
  const shadow = await seedShadow(store, 'shdw_1');
  await seedTalk(store, shadow, 'sesn_1', ['One']);
  const copied: string[] = [];
  let isMine = false;
  start({
    isMine: () => isMine,
    async copy(_, pair) {
      copied.push(pair.session_id);
      await done(pair);
    },
  });
  mirror.wake();
  isMine = true;
  mirror.wake();
  await vi.waitFor(() => expect(copied).toEqual(['sesn_1']), patience);
});

test('A shadow that fails again and again leaves the others alone', async () => {
  const bad = await seedShadow(store, 'shdw_1');
  const good = await seedShadow(store, 'shdw_2');
  await seedTalk(store, bad, 'sesn_bad', ['One']);
  await seedTalk(store, good, 'sesn_good', ['One']);
  const copied: string[] = [];
  const log = start({
    async copy(shadow, pair) {
      if (shadow.id === bad.id) throw new Error('No');
      copied.push(pair.session_id);
      await done(pair);
    },
  });
  await vi.waitFor(() => expect(log.error.mock.calls.length).toBeGreaterThan(1), patience);
  await vi.waitFor(() => expect(copied).toEqual(['sesn_good']), patience);
});

test('Copies of two shadows are made side by side, so that a candidate that hangs holds up no other', async () => {
  const hung = await seedShadow(store, 'shdw_1');
  const quick = await seedShadow(store, 'shdw_2');
  for (const n of [1, 2, 3]) {
    await seedTalk(store, hung, `sesn_hung_${n}`, ['One']);
    await seedTalk(store, quick, `sesn_quick_${n}`, ['One']);
  }
  const stopped = new Promise<void>((resolve) => stopAll.push(resolve));
  const copied: string[] = [];
  let underway = 0;
  let most = 0;
  start({
    async copy(shadow, pair) {
      underway++;
      most = Math.max(most, underway);
      if (shadow.id === hung.id) await stopped;
      await done(pair);
      copied.push(pair.session_id);
      underway--;
    },
  });
  await vi.waitFor(() => expect(copied).toHaveLength(3), patience);
  expect(copied.toSorted()).toEqual(['sesn_quick_1', 'sesn_quick_2', 'sesn_quick_3']);
  expect(most).toBe(2);
});

test('A shadow that is alone has two copies made at a time', async () => {
  const shadow = await seedShadow(store, 'shdw_1');
  for (const n of [1, 2, 3]) await seedTalk(store, shadow, `sesn_${n}`, ['One']);
  const stopped = new Promise<void>((resolve) => stopAll.push(resolve));
  const begun: string[] = [];
  start({
    async copy(_shadow, pair) {
      begun.push(pair.session_id);
      await stopped;
      await done(pair);
    },
  });
  await vi.waitFor(() => expect(begun).toHaveLength(2), patience);
  for (const stop of stopAll.splice(0)) stop();
  await vi.waitFor(() => expect(begun).toEqual(['sesn_1', 'sesn_2', 'sesn_3']), patience);
});

test('A shadow with nothing to do writes nothing, also right after the last session that it took', async () => {
  const shadow = await seedShadow(store, 'shdw_1');
  await seedTalk(store, shadow, 'sesn_1', ['One']);
  await store.write((tx) =>
    insertShadowPairs(tx, [
      {
        ...{ shadow_id: shadow.id, session_id: 'sesn_1', shadow_session_id: 'sesn_copy', status: 'open' },
        ...{ seen_turns: 1, turns: 1, tally: null, reason: null, created_at: at(2) },
      },
    ]),
  );
  let writes = 0;
  let looks = 0;
  const seen: Store = {
    ...store,
    get db() {
      looks++;
      return store.db;
    },
    write(work) {
      writes++;
      return store.write(work);
    },
  };
  const log = start({ copy: () => Promise.reject(new Error('Nothing is to be copied')), seen });
  await vi.waitFor(() => expect(looks).toBeGreaterThan(30), patience);
  expect(writes).toBe(0);
  expect(log.error).not.toHaveBeenCalled();
});

test('The copies of a shadow that is over are archived, those that are busy when they are done', async () => {
  const shadow = await seedShadow(store, 'shdw_1');
  await store.write(async (tx) => {
    for (const n of [1, 2, 3, 4]) {
      const pair: ShadowPairRow = {
        ...{ shadow_id: shadow.id, session_id: `sesn_${n}`, shadow_session_id: null, status: 'open' },
        ...{ seen_turns: 0, turns: 0, tally: null, reason: null, created_at: at(2) },
      };
      await insertShadowPairs(tx, [pair]);
      if (n < 4) await beginShadowPair(tx, pair, `copy_${n}`);
    }
    const over = { status: 'stopped', ended_reason: 'enough', ended_at: at(3) } as const;
    await updateShadow(tx, shadow.id, over);
  });
  const asked: string[] = [];
  const copy = vi.fn();
  const log = start({
    copy,
    archive(id): Promise<never> {
      asked.push(id);
      if (id === 'copy_1') return Promise.reject(new PawlError('session_not_found', 'deleted'));
      const isBusy = id === 'copy_2' && asked.length <= 3;
      if (isBusy) return Promise.reject(new PawlError('session_running', 'busy'));
      return Promise.resolve(undefined as never);
    },
  });
  await vi.waitFor(
    async () => expect((await findShadow(store.db, shadow.id))?.copies_archived).toBe(1),
    patience,
  );
  expect(asked).toEqual(['copy_1', 'copy_2', 'copy_3', 'copy_1', 'copy_2', 'copy_3']);
  expect(copy).not.toHaveBeenCalled();
  expect(log.error).not.toHaveBeenCalled();
});
