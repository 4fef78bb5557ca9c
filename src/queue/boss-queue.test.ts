import { sql } from 'kysely';
import { PgBoss } from 'pg-boss';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { linkedBuses } from '../../test/linked-buses.ts';
import { quietLog } from '../../test/pawl.ts';
import { type FreshDatabase, freshDatabase } from '../../test/postgres.ts';
import { eventually } from '../../test/story.ts';
import type { Store } from '../store/dialect.ts';
import { listUnattended } from '../store/jobs.ts';
import { openStore } from '../store/open.ts';
import { insertSession } from '../store/sessions.ts';
import { sampleSession, seedSession } from '../store/store.testsuite.ts';
import { openBossQueue } from './boss-queue.ts';
import type { Job, NewJob, Queue, Taking } from './queue.ts';

let database: FreshDatabase;
let store: Store;
let one: Queue;
let two: Queue;
const [busOfOne, busOfTwo] = linkedBuses(2);

beforeAll(async () => {
  database = await freshDatabase();
  store = await openStore({ kind: 'postgres', url: database.url });
  one = await openBossQueue({ url: database.url, bus: busOfOne, log: quietLog, name: 'one' });
  two = await openBossQueue({ url: database.url, bus: busOfTwo, log: quietLog, name: 'two' });
});
afterEach(async () => {
  await sql`delete from pgboss.job`.execute(store.db);
});
afterAll(async () => {
  await one.close();
  await two.close();
  await store.close();
  await database.drop();
});

/** A turn of a session, whose group is the first letter of its name. */
const turn = (subject: string): NewJob => ({
  ...{ queue: 'turns', subject, attempt: 3, group: subject.charAt(0), resumes: true },
});
const add = (...subjects: string[]) => store.write((tx) => one.add(tx, subjects.map(turn)));
const all: Taking = { limit: 100, without: [], urgent: false };
const take = (queue: Queue, taking: Partial<Taking> = {}) => queue.take('turns', { ...all, ...taking });
const subjectsOf = (jobs: readonly Job[]): string[] => jobs.map(({ subject }) => subject);

/** All that waits, in the order in which it is given to those who take one at a time. */
async function inOrder(queue: Queue): Promise<string[]> {
  const order: string[] = [];
  for (;;) {
    const [job] = await take(queue, { limit: 1 });
    if (job === undefined) return order;
    order.push(job.subject);
  }
}

async function takeOne(queue: Queue): Promise<Job> {
  const [job, ...others] = await take(queue);
  if (job === undefined || others.length > 0)
    throw new Error(`There is not one job, but ${others.length + 1}`);
  return job;
}

describe('Work that waits in PostgreSQL', () => {
  test('is there when what asked for it is committed, and not before', async () => {
    await store.write(async (tx) => {
      await one.add(tx, [turn('a')]);
      expect(await take(two)).toEqual([]);
    });
    expect(await takeOne(two)).toMatchObject({ ...turn('a'), retries: 0 });
  });

  test('is not there when what asked for it was rolled back', async () => {
    const failing = store.write(async (tx) => {
      await one.add(tx, [turn('a')]);
      throw new Error('The disk is full');
    });
    await expect(failing).rejects.toThrow('The disk is full');
    expect(await take(one)).toEqual([]);
  });

  test('is handed out once, however many ask for it, and no more than was asked for', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `a${i}`);
    await add(...names);
    const taken = await Promise.all([one, two, one, two, one, two].map((queue) => take(queue, { limit: 2 })));
    expect(taken.every((jobs) => jobs.length <= 2)).toBe(true);
    const rest = await take(one);
    expect([...taken.flat(), ...rest].map(({ subject }) => subject).toSorted()).toEqual(names.toSorted());
  });

  test('stays where its group is left out', async () => {
    await add('a1', 'b1', 'a2');
    expect(subjectsOf(await take(one, { without: ['a'] }))).toEqual(['b1']);
    expect(subjectsOf(await take(one)).toSorted()).toEqual(['a1', 'a2']);
  });

  test('comes before everything else once it was hurried', async () => {
    await add('a', 'b', 'c');
    expect(await take(one, { urgent: true })).toEqual([]);
    await two.hurry('turns', 'b');
    expect(subjectsOf(await take(one, { urgent: true }))).toEqual(['b']);
    await two.hurry('turns', 'c');
    expect(await inOrder(one)).toEqual(['c', 'a']);
  });

  test('is over when it is done, and comes again when it was given back', async () => {
    await add('a');
    const first = await takeOne(one);
    await one.giveBack(first);
    const second = await takeOne(two);
    expect(second).toEqual({ ...first, retries: 1 });
    await two.done(second);
    expect(await take(one)).toEqual([]);
  });

  test('is told of to all processes, and counted', async () => {
    const looks = { one: 0, two: 0 };
    one.onWork('turns', () => looks.one++ < 0);
    two.onWork('turns', () => looks.two++ < 0);
    await add('a', 'b');
    one.announce([turn('a'), turn('b')]);
    expect(looks.one).toBeGreaterThan(0);
    expect(looks.two).toBeGreaterThan(0);
    expect(busOfOne.said.at(-1)).toEqual({ type: 'work', queue: 'turns' });
    await eventually('that somebody has counted', () => two.waiting('turns') === 2);
  });

  test('of those who have the least under way comes first', async () => {
    const busy = { status: 'running', attempt: 1 } as const;
    const row = await seedSession(store, 'sesn_m1', { ...busy, agent_id: 'm', environment_id: 'env_m' });
    await store.write(async (tx) => {
      for (const id of ['sesn_m2', 'sesn_m3'])
        await insertSession(
          tx,
          sampleSession(id, { ...busy, agent_id: 'm', environment_id: row.environment_id }),
        );
    });
    for (const name of ['m1', 'n1', 'm2', 'n2']) await add(name);
    expect(await inOrder(one)).toEqual(['n1', 'n2', 'm1', 'm2']);
  });

  test('is one of each kind where that is what it is', async () => {
    const duty: NewJob = { ...turn('webhooks'), queue: 'duties' };
    const ask = (queue: Queue) => store.write((tx) => queue.add(tx, [duty, { ...duty, subject: 'release' }]));
    await ask(one);
    await ask(two);
    const jobs = await one.take('duties', all);
    expect(subjectsOf(jobs).toSorted()).toEqual(['release', 'webhooks']);
    await ask(two);
    expect(await two.take('duties', all)).toEqual([]);
    for (const job of jobs) await one.giveBack(job);
    expect(await two.take('duties', all)).toHaveLength(2);
  });
});

describe('The queue of a command', () => {
  const openCommand = async (name: string): Promise<Queue> => {
    const [bus] = linkedBuses(2);
    const given = { url: database.url, bus, log: quietLog, name, for_one_command: true };
    const queue = await openBossQueue(given);
    onTestFinished(() => queue.close());
    return queue;
  };
  const addBy = (queue: Queue, subject: string) => store.write((tx) => queue.add(tx, [turn(subject)]));

  test('beside a server gives only what the command has asked for, and a server what it gives back', async () => {
    await store.write((tx) => one.add(tx, [{ ...turn('webhooks'), queue: 'duties' }]));
    expect(await one.take('duties', all)).toHaveLength(1);
    const [command, other] = [await openCommand('command'), await openCommand('other command')];
    await addBy(one, 'strange');
    await addBy(command, 'own');
    await command.hurry('turns', 'own');
    expect(await take(other)).toEqual([]);
    expect(await take(command, { urgent: true })).toEqual([]);
    expect(subjectsOf(await take(command))).toEqual(['own']);
    expect(await take(command)).toEqual([]);

    await addBy(other, 'given back');
    expect(subjectsOf(await take(one))).toEqual(['strange']);
    await other.giveBack(await takeOne(other));
    expect(subjectsOf(await take(two))).toEqual(['given back']);
  });

  test('leaves what the command does not take to others, after a while', async () => {
    const command = await openCommand('command');
    await addBy(command, 'left');
    expect(await take(two)).toEqual([]);
    await sql`update pgboss.job set start_after = start_after - interval '1 minute'`.execute(store.db);
    expect(subjectsOf(await take(two))).toEqual(['left']);
  });

  test('gives everything where there is no server to do it', async () => {
    const command = await openCommand('command');
    await addBy(one, 'strange');
    await addBy(command, 'own');
    const found = subjectsOf(await take(command));
    expect(found.toSorted()).toEqual(['own', 'strange']);
  });
});

test('Queues that another version has made get the settings of this one', async () => {
  const settings = () =>
    sql`select name, policy, heartbeat_seconds, retry_limit, deletion_seconds from pgboss.queue
      order by name`.execute(store.db);
  const before = await settings();
  await sql`update pgboss.queue set heartbeat_seconds = 60, retry_limit = 2
    where name = 'turns'`.execute(store.db);
  const update = vi.spyOn(PgBoss.prototype, 'updateQueue');
  onTestFinished(() => update.mockRestore());
  const next = await openBossQueue({ url: database.url, bus: busOfOne, log: quietLog, name: 'next' });
  await next.close();
  expect((await settings()).rows).toEqual(before.rows);
  expect(update).toHaveBeenCalledOnce();
});

test('One that cannot be made leaves nothing behind that keeps its process alive', async () => {
  const create = vi.spyOn(PgBoss.prototype, 'createQueue').mockRejectedValue(new Error('permission denied'));
  onTestFinished(() => create.mockRestore());
  const stop = vi.spyOn(PgBoss.prototype, 'stop');
  onTestFinished(() => stop.mockRestore());
  const opening = openBossQueue({ url: database.url, bus: busOfOne, log: quietLog, name: 'three' });
  await expect(opening).rejects.toThrow('permission denied');
  expect(stop).toHaveBeenCalledOnce();
});

test('It is noticed also where somebody has put the clock back', async () => {
  const back = vi
    .spyOn(Date, 'now')
    .mockImplementation(() => performance.timeOrigin + performance.now() - 3_600_000);
  onTestFinished(() => back.mockRestore());
  await add('lost');
  await takeOne(one);
  // The last look that was set before is over by then.
  for (let looks = 0; looks < 2; looks++) {
    await sql`update pgboss.job set heartbeat_on = heartbeat_on - interval '1 minute'`.execute(store.db);
    await eventually('that somebody else has it', async () => (await take(two)).length > 0);
  }
});

test('A process that is not heard of loses what it has, and cannot end it any more', async () => {
  await add('lost', 'kept');
  const jobs = await take(one);
  const ofSubject = (name: string) => jobs.filter(({ subject }) => subject === name);
  expect(await one.touch('turns', jobs)).toEqual([]);
  // Nobody has heard of it for a minute.
  await sql`update pgboss.job set heartbeat_on = heartbeat_on - interval '1 minute'
    where singleton_key = 'lost'`.execute(store.db);
  const [again] = await eventually('that it is noticed', async () => {
    const taken = await take(two);
    return taken.length > 0 && taken;
  });
  expect(again).toMatchObject({ subject: 'lost', retries: 1 });
  expect(await one.touch('turns', jobs)).toEqual(ofSubject('lost').map(({ id }) => id));
  for (const job of ofSubject('lost')) {
    await one.done(job);
    await one.giveBack(job);
  }
  if (again === undefined) throw new Error('Nobody has it');
  expect(await two.touch('turns', [again])).toEqual([]);
  expect(await take(one)).toEqual([]);
});

test('What is under way although nobody is asked to work on it is found', async () => {
  const unattended = () => listUnattended(store.db, 'sessions', 10);
  await store.write(async (tx) => void (await tx.deleteFrom('sessions').execute()));
  await seedSession(store, 'sesn_idle', { status: 'idle' });
  await seedSession(store, 'sesn_1', { status: 'running', created_at: '1' });
  await seedSession(store, 'sesn_2', { status: 'rescheduling', created_at: '2' });
  expect(await unattended()).toEqual(['sesn_1', 'sesn_2']);
  expect(await listUnattended(store.db, 'sessions', 1)).toEqual(['sesn_1']);
  expect(await listUnattended(store.db, 'eval_runs', 10)).toEqual([]);
  expect(await listUnattended(store.db, 'comparisons', 10)).toEqual([]);
  await add('sesn_1');
  expect(await unattended()).toEqual(['sesn_2']);
  const job = await takeOne(one);
  expect(await unattended()).toEqual(['sesn_2']);
  await one.giveBack(job);
  expect(await unattended()).toEqual(['sesn_2']);
  await two.done(await takeOne(two));
  expect(await unattended()).toEqual(['sesn_1', 'sesn_2']);
});
