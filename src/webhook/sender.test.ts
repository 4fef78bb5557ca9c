import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { noTelemetry } from '../../test/no-telemetry.ts';
import { ownDuty } from '../../test/own-duty.ts';
import { createAudit } from '../access/audit.ts';
import { localActor } from '../access/keys.ts';
import { type Clock, createClock, formatTime } from '../core/clock.ts';
import { createIds, type Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import type { PostResult } from './post.ts';
import { createWebhooks, type Webhooks } from './webhooks.ts';

/*
 * The goal: what is due later is sent without anybody asking, also when the database was away in between. The method:
 * timers that the test moves, a post that only counts, and a store that can be told to fail. How it behaves over HTTP
 * and on both databases is in `test/webhooks.test.ts`.
 */

let store: Store;
let clock: Clock;
let ids: Ids;
let time: number;
let results: PostResult[];
let posted: number;
let broken: { read: boolean; write: boolean };
let logged: string[];
let fieldsLogged: string;
let webhooks: Webhooks;

const mostTurns = 10_000;
const answered = (status: number): PostResult => ({ kind: 'answered', status, retry_after: null });

beforeEach(async () => {
  time = 1_800_000_000_000;
  clock = createClock(() => time);
  ids = createIds(clock, randomBytes);
  store = await openStore({ kind: 'memory' });
  results = [];
  posted = 0;
  broken = { read: false, write: false };
  logged = [];
  fieldsLogged = '';
  webhooks = createWebhooks({
    ...{ store: breakable(), clock, ids, log: note(), audit: createAudit({ store, clock, ids }) },
    ...{ telemetry: noTelemetry, duty: ownDuty() },
    ...{ randomBytes, random: () => 0, allow_private: false, pawl_version: '0.0.0' },
    deadline: () => new AbortController().signal,
    post: async () => {
      posted++;
      return results.shift() ?? answered(200);
    },
  });
  const fields = { url: 'https://hooks.example.com/', enabled_events: ['*'], description: null } as const;
  await webhooks.settings.create(fields, localActor);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(async () => {
  vi.useRealTimers();
  await webhooks.stop(0);
  await store.close();
});

/** The store, as long as it is not broken. */
function breakable(): Store {
  return {
    ...store,
    get db() {
      if (broken.read) throw new Error('The database is away');
      return store.db;
    },
    write: async (work) => {
      if (broken.write) throw new Error('The disk is full');
      return store.write(work);
    },
  };
}

function note(): Log {
  const write = (fields: object, message: string): void => {
    logged.push(message);
    fieldsLogged += JSON.stringify(fields);
  };
  return { debug: () => {}, info: write, warn: write, error: write };
}

async function tell(): Promise<void> {
  const event = { type: 'promotion.created', data: { id: 'promo_1' }, at: formatTime(clock.now()) } as const;
  await store.write((tx) => webhooks.enqueue(tx, event));
}

/** Lets everything happen that needs no time to pass, until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns === mostTurns) throw new Error(`After ${turns} turns it is not so: ${isSo}`);
    await turn();
  }
}

const asleep = (): boolean => vi.getTimerCount() === 1;

function pass(ms: number): void {
  time += ms;
  vi.advanceTimersByTime(ms);
}

test('What is due later is sent when its time has come, and not before', async () => {
  results = [answered(500)];
  await tell();
  webhooks.start();
  await until(asleep);
  expect(posted).toBe(1);
  pass(4000);
  await turn();
  expect(posted).toBe(1);
  pass(1500);
  await until(() => posted === 2);
});

test('With nothing to send, nothing wakes up', async () => {
  webhooks.start();
  await tell();
  webhooks.wake();
  await until(() => posted === 1);
  for (let turns = 0; turns < 50; turns++) await turn();
  expect(vi.getTimerCount()).toBe(0);
});

test('An outcome that cannot be written down is no reason to send at once again, but after a while', async () => {
  await tell();
  await webhooks.tick();
  expect(posted).toBe(1);
  await tell();
  broken.write = true;
  webhooks.start();
  await until(asleep);
  expect(posted).toBe(2);
  expect(logged).toEqual(['A delivery could not be recorded; trying again']);
  broken.write = false;
  pass(30_000);
  await until(() => posted === 3);
});

test('A database that is away is looked at again after a while', async () => {
  await tell();
  broken.read = true;
  webhooks.start();
  await until(asleep);
  expect(posted).toBe(0);
  expect(logged).toEqual(['The outbox could not be read; trying again']);
  broken.read = false;
  pass(30_000);
  await until(() => posted === 1);
});

test('A webhook that is disabled by the server is reported, without its URL and its secret', async () => {
  results = [answered(410)];
  await tell();
  await webhooks.tick();
  expect(logged).toEqual(['A webhook was disabled']);
  expect(fieldsLogged).toMatch(/^\{"webhook_id":"wbhk_\w+","reason":"gone"\}$/);
});
